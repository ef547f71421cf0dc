/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/wake - conditions that a thread waits on for so long and no longer.
 *
 * They go by the monotonic clock, so that nobody sleeps longer because somebody
 * set the clock of the machine. Threads: any.
 */
#pragma once

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* The caller destroys it. */
void wake_init(pthread_cond_t *cond);

/* For pthread_cond_timedwait: that many milliseconds from now, 0 or more. */
struct timespec wake_in(int64_t wait_ms);
