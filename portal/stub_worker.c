/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/worker.h"

enum result worker_thread_open(struct worker_thread **out, struct context *c)
{
	(void)c;
	*out = NULL;
	return RES_OK;
}

enum result worker_thread_start(struct worker_thread *w)
{
	(void)w;
	return RES_OK;
}

void worker_thread_close(struct worker_thread *w)
{
	(void)w;
}
