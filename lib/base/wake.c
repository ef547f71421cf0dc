/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/wake.h"

enum { MS_IN_S = 1000, NS_IN_MS = 1000000, NS_IN_S = 1000000000 };

void wake_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(cond, &attr);
	(void)pthread_condattr_destroy(&attr);
}

struct timespec wake_in(int64_t wait_ms)
{
	struct timespec at = { 0 };
	int64_t ns;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	ns = at.tv_nsec + wait_ms % MS_IN_S * NS_IN_MS;
	at.tv_sec += (time_t)(wait_ms / MS_IN_S + ns / NS_IN_S);
	at.tv_nsec = (long)(ns % NS_IN_S);
	return at;
}
