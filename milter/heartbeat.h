/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milter/heartbeat - rp:node:<id>, by which others see that this milter lives
 * and which version of the lists it has applied (reprieve-redis(7)).
 *
 * A HASH that lives HEARTBEAT_LIFE_S: version entries state usable synced
 * lag_ms sessions build started at; times in seconds since 1970. Written every
 * HEARTBEAT_EVERY_MS, and at the next call when the state or the version
 * changes. Threads: one.
 */
#pragma once

#include <stdint.h>

struct clock;
struct conf;
struct mirror_status;
struct writer;

enum {
	HEARTBEAT_LIFE_S = 60,
	HEARTBEAT_EVERY_MS = 10000,
	HEARTBEAT_ID_MAX = 256
};

struct heartbeat {
	const struct conf *conf; /* borrowed */
	struct writer *writer; /* borrowed */
	const struct clock *clock;
	char id[HEARTBEAT_ID_MAX];
	int64_t due_ms; /* monotonic */
	int64_t start_ms; /* wall */
	int state; /* the last that was written, and its version */
	uint64_t version;
};

/* The id is milter.id, else host. */
void heartbeat_init(struct heartbeat *h, const struct conf *conf,
	struct writer *writer, const struct clock *clock);

/* Queues a write when one is due. */
void heartbeat_run(
	struct heartbeat *h, const struct mirror_status *status, long sessions);
