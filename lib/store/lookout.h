/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/lookout - looks at something in Redis every so often, by a thread and a
 * connection of its own, so that nobody else ever waits for it.
 *
 * Threads: open, start and close from main; lookout_now from any.
 */
#pragma once

#include "store/link.h"

struct lookout;

struct lookout_job {
	const char *name; /* of the thread, at most 15 characters; static */
	enum link_purpose purpose;
	/* One at a time, with a connection that is open. */
	enum result (*look)(void *ctx, struct redis *r);
	/* What came of a look, or of connecting, is not what came of the one
	 * before; the first is always told. One at a time. */
	void (*changed)(void *ctx, enum result res);
	/* From the thread: milliseconds until the next look. */
	int64_t (*wait_ms)(void *ctx);
	void *ctx;
};

/* conf is borrowed until close. RES_NOMEM. */
enum result lookout_open(struct lookout **out, const struct conf *conf,
	const struct lookout_job *job) MUST_USE;
/* Starts the thread, after any fork or change of user. RES_NOMEM. */
enum result lookout_start(struct lookout *l) MUST_USE;
/* Ends a wait for Redis. NULL is fine. */
void lookout_close(struct lookout *l);

/* Looks now, in the caller's thread; RES_READONLY: the connection is not used
 * again, for it may be to no primary any more. */
enum result lookout_now(struct lookout *l) MUST_USE;
