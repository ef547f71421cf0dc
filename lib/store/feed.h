/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/feed - Redis tells which of our list keys were touched.
 *
 * Two connections to one server: on the first CLIENT TRACKING ... BCAST
 * redirected to itself and then SUBSCRIBE (so when it dies the tracking dies
 * with it, and no half of it lives on), on the second one asks. RESP2.
 * Threads: one owner.
 */
#pragma once

#include "store/redis.h"

struct conf;

struct feed {
	struct redis *push;
	struct redis *ask;
	struct endpoint server;
	char name[ENDPOINT_TEXT_MAX]; /* of the server, for people */
	int64_t ping_ms; /* when the unanswered PING was sent, 0: none */
};

/*
 * Connects both and starts the tracking; from then on nothing is missed.
 * conf is borrowed until feed_close. why gets the reason of an error.
 * RES_DENIED (NOPERM: the account may not), RES_DOWN, RES_TIMEOUT.
 */
enum result feed_open(struct feed *f, const struct conf *conf, int cancel,
	struct buf *why) MUST_USE;
void feed_close(struct feed *f); /* a zeroed one is fine */

/* What came in. */
struct feed_sink {
	/* A key was touched; the slice lives during the call. */
	void (*touched)(void *ctx, struct slice key);
	/* All of them may have been (FLUSHALL, a replica's full resync). */
	void (*flushed)(void *ctx);
	void *ctx;
};

/*
 * Takes what has come in, without waiting, at most about "most" reads of the
 * socket. *more: there may be more. RES_DOWN: the connection is lost.
 */
enum result feed_drain(struct feed *f, const struct feed_sink *sink,
	unsigned most, bool *more) MUST_USE;

/* Sends a PING when the last one was answered. */
enum result feed_ping(struct feed *f, int64_t now_ms) MUST_USE;
