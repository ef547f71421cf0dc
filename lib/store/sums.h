/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/sums - numbers by key, summed up in memory and written to Redis now and
 * then, so that no session waits.
 *
 * A sum is some octets of its owner's shape. What is added while memory holds
 * as many sums as it may, and is of none of them, is dropped and counted. At a
 * flush all sums go to store/writer, several to a script, and memory is empty.
 * A script may run twice (store/writer): its numbers can count double then.
 * Threads: add and count from any; open, flush and close from one.
 */
#pragma once

#include "base/slice.h"

#include <stdint.h>

struct clock;
struct conf;
struct sums;
struct sums_call;
struct writer;

/* At most so many arguments in one script. */
enum { SUMS_ARGS_MAX = 240 };

/*
 * What is summed up, and how it is written. The script gets the keys of all
 * its sums, then what common adds, then what values adds for each of them.
 */
struct sums_plan {
	const char *script;
	size_t max; /* sums in memory */
	size_t size; /* octets of a sum; a new one is zero */
	size_t key_max; /* octets of a key; a longer one is dropped */
	size_t batch; /* sums to a script: (keys + values) * batch is to stay
			 below SUMS_ARGS_MAX */
	size_t text_max; /* octets of one script's arguments */
	size_t keys; /* that each sum has in Redis */
	void (*add)(void *sum, const void *what);
	/* sums_key, as often as "keys" says. NULL: its key, behind the prefix.
	 */
	void (*name)(struct sums_call *c, struct slice key, const void *sum);
	void (*common)(/* or NULL */
		struct sums_call *c, const struct conf *conf, int64_t now_ms);
	void (*values)(struct sums_call *c, struct slice key, const void *sum);
};

/* plan and writer are borrowed; conf is held. time NULL: now_ms is always 0.
 * RES_NOMEM. */
enum result sums_open(struct sums **out, const struct sums_plan *plan,
	struct conf *conf, struct writer *writer,
	const struct clock *time) MUST_USE;
/* Flushes. NULL is fine. */
void sums_close(struct sums *s);

/* Adds what to the sum of key, any octets. Never waits. */
void sums_add(struct sums *s, struct slice key, const void *what);
/* Queues all sums. While much waits in the queue already, memory holds them. */
void sums_flush(struct sums *s, const struct conf *conf);

struct sums_counts {
	size_t waiting; /* sums to be written at the next flush */
	uint64_t dropped; /* no room in memory, or in the queue */
};
void sums_count(struct sums *s, struct sums_counts *out);

/* ---- for a plan's functions ---- */

void sums_key(struct sums_call *c, struct slice rest); /* behind the prefix */
void sums_text(struct sums_call *c, struct slice text);
void sums_number(struct sums_call *c, int64_t number);
void sums_decimal(struct sums_call *c, double number); /* three places */

/* The day of a time (UTC), "20260131". */
enum { SUMS_DAY_MAX = 9 };
const char *sums_day(int64_t wall_ms, char out[SUMS_DAY_MAX]);
