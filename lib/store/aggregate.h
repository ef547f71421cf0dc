/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/aggregate - results of DMARC by domain and day, until they are reported
 * (RFC 9990).
 *
 *   Pdmarc:YYYYMMDD:domains     SET of policy domains with rows (UTC days)
 *   Pdmarc:YYYYMMDD:of:NAME     HASH: a row (canonical text) -> messages;
 *                               "policy" -> the record, "more" -> messages left
 *                               out
 *   Pdmarc:YYYYMMDD:more        STRING, messages of domains left out
 *   Pdmarc:YYYYMMDD:octets      STRING, octets of all rows of the day; past
 *                               dmarc.rows_octets what is new is in "more"
 *   Pdmarc:YYYYMMDD:sent        SET of NAME that are done with
 *   Pdmarc:YYYYMMDD:to:NAME     SET of letters that have gone out, while others
 *                               of that report have not
 *   Pdmarc:YYYYMMDD:claim:NAME  STRING, who reports it now
 *   Pdmarc:run                  STRING, who runs now
 * EXPIRE dmarc.keep_s, of the last two the lease. Summed up in memory and
 * written by store/writer (store/sums). Threads: add from any; open, flush,
 * close from one; the rest as store/redis.
 */
#pragma once

#include "base/slice.h"
#include "net/hostname.h"
#include "net/ipaddr.h"
#include "store/sums.h"

struct aggregate;
struct clock;
struct conf;
struct redis;
struct writer;

enum {
	AGGREGATE_ROW_MAX = 2048,
	AGGREGATE_RECORD_MAX = 2048,
	AGGREGATE_SUMS_MAX = 16384 /* rows in memory between two flushes */
};

/* ---- for the milter ---- */

/* writer, clock borrowed; conf held. */
enum result aggregate_open(struct aggregate **out, struct conf *conf,
	struct writer *writer, const struct clock *clock) MUST_USE;
void aggregate_close(struct aggregate *a); /* NULL is fine */
/* One message. domain: where the record was found, folded; row: text that is
 * the same for what is to be one row; at most AGGREGATE_ROW_MAX. */
void aggregate_add(struct aggregate *a, const struct conf *conf,
	const char *domain, struct slice record, struct slice row);
void aggregate_flush(struct aggregate *a, const struct conf *conf);
/* Rows that wait; messages dropped for want of room. */
void aggregate_count(struct aggregate *a, struct sums_counts *out);

/* ---- for who reports ---- */

/* Names, in order. */
struct aggregate_names {
	char (*name)[HOSTNAME_MAX];
	size_t count;
};

/* The domains of that day ("20260131") that are not done with. On error *out is
 * empty. */
enum result aggregate_domains(struct redis *r, const struct conf *conf,
	const char *day, struct aggregate_names *out) MUST_USE;
void aggregate_names_clear(struct aggregate_names *n);

struct aggregate_row {
	struct slice text;
	uint64_t count;
};

/* Of one domain and day, rows in order of their text, each once. */
struct aggregate_rows {
	struct aggregate_row *row;
	size_t count;
	struct slice record; /* "" when there is none */
	uint64_t more; /* messages that are in no row */
	char *room; /* where all texts stand */
};

/* One domain of one day, and who takes care of it. All borrowed. */
struct aggregate_job {
	const char *day;
	const char *domain;
	const char *who; /* no other process has the same */
};

/* RES_MISSING: nothing is there. On error *out is empty. */
enum result aggregate_read(struct redis *r, const struct conf *conf,
	const struct aggregate_job *job, struct aggregate_rows *out) MUST_USE;
void aggregate_rows_clear(struct aggregate_rows *rows);

enum aggregate_claim {
	AGGREGATE_UNKNOWN = 0,
	AGGREGATE_MINE, /* for lease_s from now on */
	AGGREGATE_TAKEN, /* somebody else is at it */
	AGGREGATE_DONE
};

enum result aggregate_claim(struct redis *r, const struct conf *conf,
	const struct aggregate_job *job, unsigned lease_s,
	enum aggregate_claim *out) MUST_USE;
/* A letter of it, by a name of the caller's: has it gone; it has. */
enum result aggregate_has_gone(struct redis *r, const struct conf *conf,
	const struct aggregate_job *job, struct slice letter,
	bool *out) MUST_USE;
enum result aggregate_gone(struct redis *r, const struct conf *conf,
	const struct aggregate_job *job, struct slice letter) MUST_USE;
/* Gives the claim back, if it is still ours. is_done: nobody takes it up again,
 * and its rows are forgotten. */
enum result aggregate_settle(struct redis *r, const struct conf *conf,
	const struct aggregate_job *job, bool is_done) MUST_USE;

/* One at a time runs, for lease_s; again: for as long from now on. *got false:
 * somebody else does. */
enum result aggregate_lock(struct redis *r, const struct conf *conf,
	const char *who, unsigned lease_s, bool *got) MUST_USE;
enum result aggregate_unlock(
	struct redis *r, const struct conf *conf, const char *who) MUST_USE;
