/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milter/gauges - what is read at each scrape of the metrics, from where it
 * lives. Threads: register from main; read from any.
 */
#pragma once

#include "base/buf.h"

struct aggregate;
struct blocklist;
struct clock;
struct geoip;
struct ledger;
struct metrics;
struct mirror;
struct modelcopy;
struct repute;
struct resolver;
struct factlog;
struct telemetry;
struct tracekeys;
struct traffic;
struct writer;
struct zonewatch;

/* Borrowed as long as the metrics live. */
struct gauges {
	struct telemetry *telemetry;
	struct mirror *mirror;
	struct blocklist *blocklist;
	struct writer *writer;
	struct geoip *geo; /* NULL: there is none */
	struct modelcopy *model; /* of the classifier; the same */
	struct ledger *ledger; /* NULL: nothing is remembered */
	struct repute *repute; /* the same */
	struct traffic *traffic; /* the same */
	struct aggregate *aggregate; /* NULL: no rows are kept */
	struct resolver *resolver; /* NULL: there is none */
	struct factlog *facts; /* NULL: none are kept */
	struct tracekeys *tracekeys; /* NULL: there are none */
	const struct clock *clock;
	double start_s; /* wall time of the start */
};

/* RES_NOMEM. */
enum result gauges_register(struct gauges *g, struct metrics *m) MUST_USE;

/* All metrics in Prometheus text format, with build_info. */
void gauges_format(struct metrics *m, struct buf *out);

/* Appends those of the DNS lists, a series for each zone. */
void gauges_format_zones(struct zonewatch *w, struct buf *out);
