/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/context - the one long-lived object: the conf in use, and a
 * connection to Redis that is opened when a page needs it.
 *
 * When Redis cannot be asked, the next redis.breaker_probe_ms answer
 * RES_DOWN at once: a page never waits for what is known to be away.
 * Threads: reload from one, the rest from the one that answers requests.
 */
#pragma once

#include "base/slice.h"

struct clock;
struct conf;
struct context;

/* conf is held, clock borrowed. RES_NOMEM. */
enum result context_open(struct context **out, struct conf *conf,
	const struct clock *clock) MUST_USE;
void context_close(struct context *c); /* NULL is fine */

/* From now on requests see this conf, which is held. */
void context_reload(struct context *c, struct conf *conf);

/* The conf in use; the caller releases it. */
struct conf *context_conf(struct context *c);

/*
 * store/case's case_read over our connection: each(ctx, field, value) per
 * field. RES_MISSING: no such case; RES_SYNTAX: not a reference; anything
 * else but RES_OK: could not ask, and the log says why once.
 */
enum result context_read_case(struct context *c, struct slice ref,
	void (*each)(void *ctx, struct slice field, struct slice value),
	void *ctx) MUST_USE;

/* Does Redis answer? RES_OK, or why not. */
enum result context_ping(struct context *c) MUST_USE;
