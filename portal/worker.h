/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/worker - does the jobs of store/mailq: asks DNS what a request needs,
 * writes the letter, hands it to the MTA; looks at the names behind exceptions.
 *
 * One thread. While the MTA or Redis is away jobs wait and are tried again with
 * back-off; a job that this process dies in is done by the next one.
 * Threads: one of its own; open, start, close from main.
 */
#pragma once

#include "base/slice.h"

struct context;
struct worker_thread;

enum result worker_thread_open(
	struct worker_thread **out, struct context *c) MUST_USE;
enum result worker_thread_start(struct worker_thread *w) MUST_USE;
/* Ends after the job at hand. NULL is fine. */
void worker_thread_close(struct worker_thread *w);
