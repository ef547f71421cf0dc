/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milter/callbacks - the libmilter door: arguments to facts, one call of the
 * session, its answer to libmilter's.
 *
 * libmilter hands us no user data, so the context stands in one pointer here.
 * Its build in Debian is a pool of workers: a session's events come one at a
 * time but from any thread; all state hangs on libmilter's private pointer.
 * SIGHUP, SIGTERM and SIGINT belong to libmilter and stop it (SIGHUP too).
 * Threads: all of these from main only.
 */
#pragma once

#include "base/slice.h"

struct context;

/* Tells libmilter who we are; before callbacks_listen. RES_NOMEM. */
enum result callbacks_register(void) MUST_USE;

/* What the callbacks ask; before callbacks_serve. Borrowed for ever: sessions
 * may still run when callbacks_serve is back. */
void callbacks_use(struct context *ctx);

/*
 * Opens the listening socket; where is as smfi_setconn reads it. RES_SYNTAX:
 * it does not read it; RES_DOWN: cannot listen.
 */
enum result callbacks_listen(
	const char *where, unsigned backlog, unsigned timeout_s) MUST_USE;

/* Serves until a signal or callbacks_stop. RES_DOWN: libmilter gave up. */
enum result callbacks_serve(void) MUST_USE;
