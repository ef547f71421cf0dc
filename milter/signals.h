/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milter/signals - one thread that waits for SIGUSR1 (reload) and lets the
 * context beat once a second.
 *
 * SIGHUP, SIGINT and SIGTERM are libmilter's: it waits for them in a thread
 * of its own and stops. signals_block must run before any thread is made.
 */
#pragma once

#include "base/result.h"

struct context;
struct signals;

/* Blocks them in this thread and all later ones; ignores SIGPIPE. */
void signals_block(void);

/* ctx is borrowed. RES_NOMEM. */
enum result signals_start(struct signals **out, struct context *ctx) MUST_USE;
/* Ends the thread. NULL is fine. */
void signals_stop(struct signals *s);
