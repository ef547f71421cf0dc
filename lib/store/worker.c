/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/worker.h"

#include <signal.h>

enum result worker_start(
	pthread_t *out, const char *name, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;
	int rc;

	/* Blocked before it is born: there is no moment without. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(out, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		return RES_NOMEM;
	(void)pthread_setname_np(*out, name);
	return RES_OK;
}
