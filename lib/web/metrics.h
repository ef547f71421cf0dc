/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/metrics - counters, gauges and histograms in Prometheus text format
 * (exposition format 0.0.4).
 *
 * A registry is made at start from constant tables, before a second thread
 * uses it; values are atomics, so counting never waits. Gauges that live
 * elsewhere are read by a function at each scrape.
 * Threads: add, observe and format from any.
 */
#pragma once

#include "base/buf.h"

struct metrics;

/* What an answer with metrics_format() in it says it is. */
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* NULL: no memory. */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *m); /* NULL is fine */

/*
 * A counter with up to one label; values of the label are a fixed list
 * (NULL-terminated), so that no sender can make series. label NULL: none.
 * A name that does not end in "_total" is printed with it. All names and help
 * texts are borrowed for ever. Returns its number, or -1 when there is no
 * memory. A number that is no counter's, -1 too, or an index past the list
 * counts nothing.
 */
int metrics_counter(struct metrics *m, const char *name, const char *help,
	const char *label, const char *const *values);
void metrics_add(struct metrics *m, int id, size_t value_index, uint64_t n);

/* Upper bounds in seconds, ascending, count of them; borrowed for ever. */
int metrics_histogram(struct metrics *m, const char *name, const char *help,
	const double *bounds, size_t count);
/* Less than 0 counts as 0; not a number counts nothing. */
void metrics_observe(struct metrics *m, int id, double seconds);

/* type "gauge" or "counter", read at scrape time by any thread. */
int metrics_read(struct metrics *m, const char *name, const char *help,
	const char *type, double (*read)(void *ctx), void *ctx);

/* Adds all of it, in the order of registering. */
void metrics_format(struct metrics *m, struct buf *out);
