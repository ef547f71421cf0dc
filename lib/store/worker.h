/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/worker - start a thread that no signal ever reaches.
 *
 * Signals belong to the main thread and to libmilter, which waits for them;
 * one that lands in a worker would end the process. Threads: any.
 */
#pragma once

#include "base/result.h"

#include <pthread.h>

/* name: at most 15 characters, for top(1). RES_NOMEM: no thread. */
enum result worker_start(pthread_t *out, const char *name,
	void *(*run)(void *arg), void *arg) MUST_USE;
