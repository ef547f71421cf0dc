/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/context - the one long-lived object: the conf in use, the texts, the
 * way to Redis, and what judging needs.
 *
 * A visit holds one snapshot of conf and texts from its begin to its end, so
 * that a reload never changes a page half way. When Redis cannot be asked, the
 * next redis.breaker_probe_ms answer RES_DOWN at once: a page never waits for
 * what is known to be away.
 * Threads: open, start, reload and close from main; the rest any.
 */
#pragma once

#include "base/slice.h"

struct blocklist;
struct buf;
struct clock;
struct conf;
struct context;
struct context_loan;
struct meters;
struct mirror;
struct redis;
struct secret;
struct services;
struct texts;

/* conf is held, clock borrowed. Loads the texts and the secret (why: what is
 * wrong with the files of portal.site). RES_NOMEM, RES_SYNTAX, RES_MISSING. */
enum result context_open(struct context **out, struct conf *conf,
	const struct clock *clock, struct buf *why) MUST_USE;
/* Starts the mirror (it only observes) and DNS, after any change of user. What
 * does not start is told in the log, and pages that need it say so. */
enum result context_start(struct context *c) MUST_USE;
void context_close(struct context *c); /* NULL is fine */

/* From now on visits see this conf, which is held, and its texts. On an error
 * all stays as it was, and why says what is wrong. */
enum result context_reload(
	struct context *c, struct conf *conf, struct buf *why) MUST_USE;

/* What a visit or a job sees; give it back with context_leave. */
struct context_view {
	struct context *context;
	struct conf *conf;
	const struct texts *texts;
	const struct secret *secret;
	const struct clock *clock;
	void *hold;
};
void context_enter(struct context *c, struct context_view *out);
void context_leave(struct context_view *v);

/*
 * A connection to the primary, for one visit or job: at most CONTEXT_LOANS at a
 * time. RES_DOWN, RES_TIMEOUT, RES_DENIED, RES_READONLY: could not be had; the
 * log says why once. One that broke, is of an older conf, or is a minute old
 * (so that a failover is followed) is opened again by the next who asks.
 */
enum { CONTEXT_LOANS = 32 };
enum result context_take(struct context *c, struct context_loan **out) MUST_USE;
struct redis *context_redis(const struct context_loan *loan);
void context_give(struct context *c, struct context_loan *loan); /* or NULL */
/* It is not to be used again once it is back: it has shown that it is not to
 * the primary any more. */
void context_spoil(struct context_loan *loan);

/* Does Redis answer? RES_OK, or why not. */
enum result context_ping(struct context *c) MUST_USE;

/* The lists, as a milter has them; NULL before context_start. */
struct mirror *context_mirror(struct context *c);
struct blocklist *context_blocklist(struct context *c);
/* DNS and the checks; its resolver is NULL when DNS did not start. */
const struct services *context_services(struct context *c);

/* Counters of pages, forms and letters: portal/meters. */
struct meters *context_meters(struct context *c);
