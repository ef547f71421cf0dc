/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/limit - how often in a time: sliding windows in Redis, shared by all
 * portals.
 *
 *   Prate:NAME:WHO:SLOT  counter of one slot of the window, EXPIRE
 * A window is the present slot and the share of the one before that still
 * counts, so that it slides with two counters. Several limits are taken
 * together: all of them or none. Threads: as store/redis.
 */
#pragma once

#include "base/slice.h"

struct redis;

enum { LIMIT_MAX = 8 };

struct limit {
	const char *name; /* "delist-client"; static, letters and "-" */
	struct slice who; /* a network, a keyed hash, "" for all */
	unsigned most;
	unsigned window_s;
};

/*
 * Takes one from each of count limits, or from none: *full is then the index
 * of the first without room and *wait_s when there will be; otherwise *full is
 * count. RES_TIMEOUT, RES_DOWN ...: could not ask, nothing is taken.
 */
enum result limit_take(struct redis *r, struct slice prefix, int64_t now_ms,
	const struct limit *limits, size_t count, size_t *full,
	int64_t *wait_s) MUST_USE;

/* What is used of one, 0 to many, rounded up; takes nothing. */
enum result limit_read(struct redis *r, struct slice prefix, int64_t now_ms,
	const struct limit *limit, unsigned *used) MUST_USE;
