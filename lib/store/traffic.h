/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/traffic - what a sender sent and what became of it, by day.
 *
 *   Ptraffic:YYYYMMDD:net:CIDR     HASH of counters (UTC days), EXPIRE
 *   Ptraffic:YYYYMMDD:domain:NAME  traffic.keep_days
 * CIDR: the client's address (IPv4, IPv6 /64) and its network (/24, /48); NAME:
 * the domain of a DKIM signature that passes and is aligned with the author,
 * and each above it but a top level; past TRAFFIC_NAMES_MAX the widest ones.
 * A network has beside its counters a field "@CIDR" for each of its addresses
 * with numbers on that day, at most TRAFFIC_ADDRESSES_MAX.
 * Summed up in memory and written by store/writer about once a second, as
 * store/repute is; what has no room is dropped and counted. Complaints are
 * added by who takes a report. Threads: add from any; open, flush, close from
 * one.
 */
#pragma once

#include "net/cidr.h"
#include "store/redis.h"
#include "store/sums.h"

struct traffic;

/* Sums in memory; addresses of a network and day that are told apart. */
enum { TRAFFIC_SUMS_MAX = 65536, TRAFFIC_ADDRESSES_MAX = 256 };
/* Names that one message counts for: that of its signer, and those above. */
enum { TRAFFIC_NAMES_MAX = 4 };

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

/* writer, clock borrowed; conf held. RES_NOMEM. */
enum result traffic_open(struct traffic **out, struct conf *conf,
	struct writer *writer, const struct clock *clock) MUST_USE;
void traffic_close(struct traffic *t); /* NULL is fine */
/* Adds what to the day of now, to the address, its network and the domain
 * with those above it ("" or NULL: none; folded). Never waits. */
void traffic_add(struct traffic *t, const struct ipaddr *ip, const char *domain,
	const struct traffic_day *what);
void traffic_flush(struct traffic *t, const struct conf *conf);

void traffic_count(struct traffic *t, struct sums_counts *out);

/* ---- for others ---- */

/* Adds one complaint, or one "not junk", at once. Nothing, and RES_OK, while
 * traffic.enabled is no. After RES_TIMEOUT and RES_DOWN it may be counted. */
enum result traffic_complain(struct redis *r, const struct conf *conf,
	const struct ipaddr *ip, const char *domain, bool is_junk,
	int64_t now_ms) MUST_USE;

/* The last days, day[0] is that of now_ms, of one subject: "net:CIDR" or
 * "domain:NAME". A day without a key is all zero. */
enum { TRAFFIC_DAYS_MAX = 400 };
enum result traffic_read(struct redis *r, const struct conf *conf,
	struct slice subject, int64_t now_ms, size_t days,
	struct traffic_day *day) MUST_USE;

/* "net:192.0.2.0/24" of an address (IPv4 /32, IPv6 /64) or of its network (/24,
 * /48); a network of any other length has no numbers: RES_RANGE. */
enum { TRAFFIC_SUBJECT_MAX = CIDR_TEXT_MAX + 4 };
enum result traffic_subject(
	const struct cidr *net, char out[TRAFFIC_SUBJECT_MAX]) MUST_USE;
/* Is that one a network, which has addresses? */
bool traffic_is_network(const struct cidr *net);

/* One address of a network on one day. */
struct traffic_row {
	size_t day; /* 0: that of now_ms */
	struct cidr net;
	struct traffic_day count;
};

/*
 * The addresses of a network with numbers, the last day first, by address
 * within a day; at most max rows and of each day all or none: *whole is the
 * number of days that are all there. RES_NOMEM, and as traffic_read.
 */
enum result traffic_rows(struct redis *r, const struct conf *conf,
	const struct cidr *network, int64_t now_ms, size_t days, size_t max,
	struct traffic_row *out, size_t *count, size_t *whole) MUST_USE;
