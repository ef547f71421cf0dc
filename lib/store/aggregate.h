/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/aggregate - results of DMARC by domain and day, until they are reported
 * (RFC 9990).
 *
 *   Pdmarc:YYYYMMDD:domains  SET of policy domains with rows (UTC days)
 *   Pdmarc:YYYYMMDD:of:NAME  HASH: a row (canonical text) -> messages; "policy"
 *                            -> the record, "more" -> messages left out
 *   Pdmarc:YYYYMMDD:sent     SET of NAME that a report has gone to
 * EXPIRE dmarc.keep_s. Summed up in memory and written by store/writer, as
 * store/repute is. Threads: add from any; open, flush, close from one.
 */
#pragma once

#include "base/slice.h"
#include "net/ipaddr.h"

struct aggregate;
struct arena;
struct clock;
struct conf;
struct redis;
struct writer;

enum { AGGREGATE_ROW_MAX = 2048 };

/* writer, clock borrowed; conf held. */
enum result aggregate_open(struct aggregate **out, struct conf *conf,
	struct writer *writer, const struct clock *clock) MUST_USE;
void aggregate_close(struct aggregate *a); /* NULL is fine */
/* One message. domain: where the record was found, folded; row: text that is
 * the same for what is to be one row; at most AGGREGATE_ROW_MAX. */
void aggregate_add(struct aggregate *a, const struct conf *conf,
	const char *domain, struct slice record, struct slice row);
void aggregate_flush(struct aggregate *a, const struct conf *conf);
