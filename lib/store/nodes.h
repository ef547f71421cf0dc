/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/nodes - how many milters live, and how many have applied a change.
 *
 * From their heartbeats (Pnode:ID, store/node). Clocks of machines differ, so
 * times are by the clock of Redis: a heartbeat has the writer's own time in
 * it, and its age follows from what is left of its life.
 * Threads: as store/redis.
 */
#pragma once

#include "base/slice.h"

struct redis;

enum { NODES_READ_MAX = 1000 };

struct nodes_count {
	size_t alive; /* with a heartbeat of the last 30 s */
	size_t active; /* of these, in step with Redis since the change */
};

/* since_ms: of the change, by the clock of Redis. */
enum result nodes_count_active(struct redis *r, struct slice prefix,
	int64_t since_ms, struct nodes_count *out) MUST_USE;
/* That clock, wall milliseconds. */
enum result nodes_time(struct redis *r, int64_t *now_ms) MUST_USE;
