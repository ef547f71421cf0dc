/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/ledger - what is remembered of a sender, in one question a message.
 *
 * One script in Redis, one round trip: the limits of a message (token buckets),
 * its reputation, the curve of a new sender and its greylist entry are read and
 * changed as one, for all milters of one Redis. P stands for the prefix:
 *
 *   Prate:KIND:WHO    STRING, microseconds since 1970 when the bucket will be
 *                     full again; no key is a full one
 *   Prate:ramp:WHO    STRING, "DAY:COUNT" of a new sender
 *   Prep:KIND:WHO     HASH good bad at first (store/repute writes it, too)
 *   Pgrey:first:HASH  STRING, milliseconds since 1970 of a first contact
 *   Pgrey:known:WHO   STRING, who came back, and when
 *
 * Each has an end (EXPIRE). Time is that of Redis, so that milters whose clocks
 * differ count alike. All limits are taken from, or, when one of them is used
 * up, none: who has to come back pays once. Limits known to be used up are kept
 * in memory (at most rate.keys_max), and the envelope is answered from there.
 *
 * A question waits for redis.timeout_ms at most; while Redis does not answer a
 * breaker keeps further ones from waiting. Who could not be asked for is as if
 * nothing had happened: no limit is taken from.
 * Threads: ask and known from any; open and close from main.
 */
#pragma once

#include "base/slice.h"

struct clock;
struct conf;
struct ledger;

enum ledger_limit {
	LEDGER_ADDRESS = 0, /* IPv4 address, IPv6 /64 */
	LEDGER_NETWORK, /* IPv4 /24, IPv6 /48 */
	LEDGER_DOMAIN,
	LEDGER_RECIPIENT, /* keyed hash */
	LEDGER_USER, /* keyed hash */
	LEDGER_LIMITS
};

/* "address" ..., as in the key. Static. */
const char *ledger_limit_name(enum ledger_limit l);

/* A limit, and the answer. */
struct ledger_bucket {
	enum ledger_limit limit;
	struct slice who;
	int64_t until_s; /* 0: there was room; else when there will be */
};

/* Of an address, a network or a domain: LEDGER_ADDRESS to LEDGER_DOMAIN. */
struct ledger_record {
	enum ledger_limit kind;
	struct slice who;
	double good; /* messages, what is old counts less */
	double bad;
	int64_t first_s; /* 0: never seen before */
};

/* A new sender may send so much on its first day, and more on each next. */
struct ledger_ramp {
	bool is_wanted;
	size_t record; /* index of the record that knows its first day */
	unsigned day; /* 1 ...; 0: the curve is behind it */
	double most; /* of that day */
	int64_t until_s; /* as that of a bucket */
};

enum ledger_grey {
	LEDGER_GREY_NONE = 0, /* not asked */
	LEDGER_GREY_FIRST, /* first contact */
	LEDGER_GREY_EARLY, /* again, before its time */
	LEDGER_GREY_PASSED, /* came back in time, and is known from now on */
	LEDGER_GREY_KNOWN, /* has come back before */
	LEDGER_GREY_SKIPPED /* authenticated, and its reputation is not bad */
};

struct ledger_greylist {
	bool is_wanted;
	struct slice tuple; /* keyed hash of who, sender, first recipient */
	struct slice who; /* network, or the authenticated domain */
	int record; /* index of that domain's record, -1: not authenticated */
	enum ledger_grey answer;
	int64_t until_s; /* first and early: the earliest useful retry */
};

enum { LEDGER_BUCKETS_MAX = 54, LEDGER_RECORDS_MAX = 3 };

struct ledger_question {
	struct ledger_bucket bucket[LEDGER_BUCKETS_MAX];
	size_t bucket_count;
	unsigned take; /* from each of them */
	struct ledger_record record[LEDGER_RECORDS_MAX];
	size_t record_count;
	struct ledger_ramp ramp;
	struct ledger_greylist grey;
};

/* The limit of an hour; 0: there is none. */
unsigned ledger_hour(const struct conf *conf, enum ledger_limit l);

/* Adds to a question (begin with the zero of it, and take = 1). A limit is left
 * out when there is none, or who is empty, or LEDGER_BUCKETS_MAX are there. */
void ledger_add_limit(struct ledger_question *q, const struct conf *conf,
	enum ledger_limit limit, struct slice who);
/* Its index. At most LEDGER_RECORDS_MAX. */
size_t ledger_add_record(
	struct ledger_question *q, enum ledger_limit kind, struct slice who);

/* Is there nothing to ask? */
bool ledger_is_nothing(const struct ledger_question *q);

/*
 * conf is held. time: NULL, but for tests that hold the time still, which then
 * is not that of Redis; clock is for waiting. RES_NOMEM.
 */
enum result ledger_open(struct ledger **out, struct conf *conf,
	const struct clock *clock, const struct clock *time) MUST_USE;
void ledger_close(struct ledger *l); /* NULL is fine */

/*
 * Asks, and takes. conf is that of the session (limits may have changed).
 * RES_OK: answers are in *q. RES_TIMEOUT, RES_DOWN (the breaker is open, too),
 * RES_READONLY, RES_DENIED, RES_TYPE ...: could not tell, answers are zero.
 * A question of nothing is RES_OK, and Redis is not asked.
 */
enum result ledger_ask(struct ledger *l, const struct conf *conf,
	struct ledger_question *q) MUST_USE;

/*
 * From memory: is that limit known to be used up? *until_s is when not any
 * more. False: it may have room.
 */
bool ledger_is_spent(struct ledger *l, enum ledger_limit limit,
	struct slice who, int64_t *until_s);

/* Who has a share of bad messages like this, of enough, is called bad. */
#define LEDGER_BAD_SHARE 0.5
#define LEDGER_BAD_SHARE_TEXT "0.5"

struct ledger_counts {
	uint64_t asked; /* questions to Redis */
	uint64_t timeouts; /* of these, not answered in time */
	uint64_t failed; /* of these, not answered for another reason */
	uint64_t skipped; /* not asked: the breaker was open */
	size_t spent; /* limits known to be used up */
	bool breaker_open;
};

void ledger_count(struct ledger *l, struct ledger_counts *out);
