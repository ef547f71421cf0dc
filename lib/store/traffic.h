/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/traffic - what a sender sent and what became of it, by day.
 *
 *   Ptraffic:YYYYMMDD:net:CIDR     HASH of counters (UTC days), EXPIRE
 *   Ptraffic:YYYYMMDD:domain:NAME  traffic.keep_days
 * CIDR: the client's address (IPv4, IPv6 /64) and its network (/24, /48); NAME:
 * the domain of a DKIM signature that passes and is aligned with the author.
 * Summed up in memory and written by store/writer about once a second, as
 * store/repute is; what has no room is dropped and counted. Complaints are
 * added by who takes a report. Threads: add from any; open, flush, close from
 * one.
 */
#pragma once

#include "net/cidr.h"
#include "store/redis.h"

struct clock;
struct conf;
struct traffic;
struct writer;

enum traffic_counter {
	TRAFFIC_MESSAGES = 0, /* that came to their end */
	TRAFFIC_ACCEPTED,
	TRAFFIC_MARKED,
	TRAFFIC_HELD,
	TRAFFIC_DEFERRED, /* put off, at RCPT or at the end */
	TRAFFIC_REFUSED,
	TRAFFIC_SPF_PASS,
	TRAFFIC_SPF_FAIL,
	TRAFFIC_DKIM_PASS,
	TRAFFIC_DKIM_FAIL,
	TRAFFIC_DMARC_PASS,
	TRAFFIC_DMARC_FAIL,
	TRAFFIC_COMPLAINTS, /* junk or phish, counted */
	TRAFFIC_NOT_JUNK,
	TRAFFIC_COUNTERS
};

/* "messages" "accepted" ...: as in Redis and in the CSV. Static. */
const char *traffic_counter_name(enum traffic_counter c);

struct traffic_day {
	uint64_t count[TRAFFIC_COUNTERS];
};

/* ---- for the milter ---- */

enum result traffic_open(struct traffic **out, struct conf *conf,
	struct writer *writer, const struct clock *clock) MUST_USE;
void traffic_close(struct traffic *t); /* NULL is fine */
/* One more of each counter that is above zero in what. Never waits. */
void traffic_add(struct traffic *t, const struct ipaddr *ip, const char *domain,
	const struct traffic_day *what);
void traffic_flush(struct traffic *t, const struct conf *conf);

struct traffic_counts {
	size_t waiting;
	uint64_t dropped;
};
void traffic_count(struct traffic *t, struct traffic_counts *out);

/* ---- for others ---- */

/* Adds one complaint, or one "not junk", at once. */
enum result traffic_complain(struct redis *r, const struct conf *conf,
	const struct ipaddr *ip, const char *domain, bool is_junk,
	int64_t now_ms) MUST_USE;

/* The last days, day[0] is that of now_ms, of one subject: "net:CIDR" or
 * "domain:NAME". A day without a key is all zero. */
enum { TRAFFIC_DAYS_MAX = 400 };
enum result traffic_read(struct redis *r, const struct conf *conf,
	struct slice subject, int64_t now_ms, size_t days,
	struct traffic_day *day) MUST_USE;
