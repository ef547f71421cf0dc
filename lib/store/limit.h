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
struct script_call;

enum { LIMIT_MAX = 8 };

struct limit {
	const char *name; /* "delist-client"; static, letters and "-" */
	struct slice who; /* a network, a keyed hash, "" for all */
	unsigned most;
	unsigned window_s; /* 0: no limit, nothing is counted */
};

/*
 * Takes one from each of count limits, or from none: *full is then the index
 * of the first without room and *wait_s when there will be; otherwise *full is
 * count. RES_TIMEOUT, RES_DOWN ...: could not ask, nothing is taken that was
 * told of. RES_TOOBIG: more than LIMIT_MAX.
 */
enum result limit_take(struct redis *r, struct slice prefix, int64_t now_ms,
	const struct limit *limits, size_t count, size_t *full,
	int64_t *wait_s) MUST_USE;

/* What is used of one, 0 to many, rounded up; takes nothing. */
enum result limit_read(struct redis *r, struct slice prefix, int64_t now_ms,
	const struct limit *limit, unsigned *used) MUST_USE;

/* ---- for scripts that count among other things ---- */

/* The two keys of a limit, the present slot first. */
void limit_keys(struct script_call *c, struct slice prefix, int64_t now_ms,
	const struct limit *limit);
/* Its three arguments: most, and in milliseconds the window and what has gone
 * by of the present slot. */
void limit_args(
	struct script_call *c, int64_t now_ms, const struct limit *limit);

/*
 * limit_at(k, a): the limit whose keys begin at KEYS[k] and arguments at
 * ARGV[a]. limit_wait(l): milliseconds until there is room, 0 for now.
 * limit_used(l): what is used, a fraction. limit_add(l): takes one.
 * All in whole numbers below 2^53, but limit_used.
 */
#define LIMIT_LUA                                                                 \
	"local function limit_at(k, a)\n"                                         \
	"  local l = {key = KEYS[k], most = tonumber(ARGV[a]),\n"                 \
	"    window = tonumber(ARGV[a + 1]), gone = tonumber(ARGV[a + 2])}\n"     \
	"  l.now = tonumber(redis.call('GET', KEYS[k]) or '0')\n"                 \
	"  l.before = tonumber(redis.call('GET', KEYS[k + 1]) or '0')\n"          \
	"  return l\n"                                                            \
	"end\n"                                                                   \
	"local function limit_used(l)\n"                                          \
	"  if l.window == 0 then return 0 end\n"                                  \
	"  return l.now + l.before * (l.window - l.gone) / l.window\n"            \
	"end\n"                                                                   \
	"local function limit_wait(l)\n"                                          \
	"  if l.window == 0 then return 0 end\n"                                  \
	"  local room = l.most - 1 - l.now\n"                                     \
	"  if l.before * (l.window - l.gone) <= room * l.window then\n"           \
	"    return 0\n"                                                          \
	"  end\n"                                                                 \
	"  if room >= 0 then\n"                                                   \
	"    return l.window - math.floor(room * l.window / l.before)\n"          \
	"      - l.gone\n"                                                        \
	"  end\n"                                                                 \
	"  return 2 * l.window - l.gone\n"                                        \
	"    - math.min(l.window, math.floor((l.most - 1) * l.window / l.now))\n" \
	"end\n"                                                                   \
	"local function limit_add(l)\n"                                           \
	"  if l.window == 0 then return end\n"                                    \
	"  redis.call('INCR', l.key)\n"                                           \
	"  redis.call('PEXPIRE', l.key, 2 * l.window)\n"                          \
	"end\n"
