/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/dmarcin - reports about DMARC that others sent, as they tell of mail in
 * the name of our domains.
 *
 *   Pdmarcin:report:ID  HASH org id email domain policy begin end, a field
 *                       "=IP DISPOSITION DKIM SPF FROM" for each row with its
 *                       messages, and done once it is whole
 *   Pdmarcin:of:DOMAIN  ZSET of ID by the begin of the report
 *   Pdmarcin:domains    ZSET of DOMAIN by that of its newest
 *   Pdmarcin:octets:YYYYMMDD  STRING, octets kept that day, at most
 *                       dmarc.summary_octets; EXPIRE 2 d
 * EXPIRE dmarc.summary_days, the others. ID stands for the sender's name for
 * himself and for the report, so that one that comes twice is there once.
 * Anybody can write one, about any domain: all has a bound. Nothing proves who
 * wrote it. Threads: as store/redis.
 */
#pragma once

#include "net/hostname.h"
#include "net/ipaddr.h"
#include "store/redis.h"

struct conf;

enum {
	DMARCIN_DOMAINS_MAX = 2000,
	DMARCIN_REPORTS_MAX = 20000, /* of a domain */
	DMARCIN_ROWS_MAX = 20000, /* of a report; the rest is left out */
	DMARCIN_WORD_MAX = 256, /* octets of org, email, id, policy, from */
	DMARCIN_SPAN_MAX_S = 32 * 86400
};

#define DMARCIN_COUNT_MAX 1000000000000 /* messages in a row */

enum dmarcin_disposition {
	DMARCIN_UNKNOWN = 0, /* not said, or a word of the future */
	DMARCIN_NONE, /* also the "pass" of RFC 9990 */
	DMARCIN_QUARANTINE,
	DMARCIN_REJECT
};

const char *dmarcin_disposition_name(enum dmarcin_disposition d);
/* In any case. What is no such word is DMARCIN_UNKNOWN. */
enum dmarcin_disposition dmarcin_disposition_parse(struct slice word);

struct dmarcin_row {
	struct ipaddr ip;
	uint64_t count;
	enum dmarcin_disposition disposition;
	bool dkim; /* aligned, and passed */
	bool spf;
	struct slice from; /* domain of the author, "" */
};

struct dmarcin_report {
	struct slice org, email, id;
	struct slice policy; /* the published p=, "" */
	char domain[HOSTNAME_MAX]; /* that published it, folded */
	int64_t begin_s, end_s;
	struct dmarcin_row *row;
	size_t row_count;
};

/* Rows that differ in their number alone become one; sorted. */
void dmarcin_merge(struct dmarcin_report *r);
uint64_t dmarcin_messages(const struct dmarcin_report *r);

/*
 * Keeps it; rows are merged. RES_EXISTS: it had come before. RES_RANGE: older
 * than is kept, of the future, or of a time that is none. RES_FULL: no room
 * for another domain, another report of that one, or as many octets on that
 * day. Bears being done again.
 */
enum result dmarcin_put(struct redis *r, const struct conf *conf,
	const struct dmarcin_report *report, int64_t now_ms) MUST_USE;

/*
 * Calls each for the whole reports that begin at since_s or later: of that
 * domain, or of all when it is empty; rows are sorted. What it is handed lives
 * during the call.
 */
enum result dmarcin_list(struct redis *r, const struct conf *conf,
	struct slice domain, int64_t since_s,
	void (*each)(void *ctx, const struct dmarcin_report *report),
	void *ctx) MUST_USE;
