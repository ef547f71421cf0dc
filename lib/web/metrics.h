/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/metrics - counters, gauges and histograms in Prometheus text format
 * (exposition format 0.0.4).
 *
 * A registry is made at start from constant tables; values are atomics, so
 * counting never waits. Gauges that live elsewhere are read by a function at
 * each scrape. Threads: any.
 */
#pragma once

#include "base/buf.h"

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/*
 * A counter with up to one label; values of the label are a fixed list
 * (NULL-terminated), so that no sender can make series. label NULL: none.
 * All names and help texts are borrowed for ever. Returns its number, or -1
 * when there is no memory.
 */
int metrics_counter(struct metrics *m, const char *name, const char *help,
	const char *label, const char *const *values);
void metrics_add(struct metrics *m, int id, size_t value_index, uint64_t n);

/* Upper bounds in seconds, ascending, count of them. */
int metrics_histogram(struct metrics *m, const char *name, const char *help,
	const double *bounds, size_t count);
void metrics_observe(struct metrics *m, int id, double seconds);

/* A gauge or counter read at scrape time. */
int metrics_read(struct metrics *m, const char *name, const char *help,
	const char *type, double (*read)(void *ctx), void *ctx);

void metrics_format(struct metrics *m, struct buf *out);
