/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/standing - what we remember of a network: levels, parole, removals.
 *
 *   none --evidence--> LISTED(level n) --life over--> none (the level is kept)
 *   LISTED --removal granted--> PAROLE(level n) --clean until "until"--> none
 *   PAROLE --a trap, or parole_marks bad marks--> LISTED(level n+1) at once
 *   LISTED --lock--> LOCKED (no self-service)    any --allow--> ALLOWED
 *   class policy: LISTED --granted--> EXCEPTED (until its PTR changes, at most
 *   delist.exception_s)
 *
 * A network is that of net/cidr's cidr_of_client: IPv4 /32, IPv6 /64.
 *   Phist:NET      HASH level listed_ms delisted_ms clean_ms evidence_ms
 *                  listings; 400 d, or a week where nothing but a mark is known
 *   Phist:NET:log  LIST of "MILLISECONDS WHAT LEVEL", newest first, at most
 *                  20; 400 d
 *   Phist:NET:done ZSET of times of self-service removals, for the quota
 *   Pparole:NET    HASH since_ms until_ms level marks; until then
 *   Pblock:NET     the listing itself (store/keys)
 *   Pallow:NET     of an exception: reason class origin=delist ptr since
 *   Pdelist:exceptions ZSET of networks by the time of the next look
 * A level drops by one with each delist.level_drop_s of clean time since
 * clean_ms; it is worked out when read. Threads: as store/redis.
 */
#pragma once

#include "net/cidr.h"
#include "net/hostname.h"
#include "store/redis.h"

struct conf;

enum { STANDING_LOG_MAX = 20, STANDING_KEEP_S = 400 * 86400 };

enum standing_state {
	STANDING_UNKNOWN = 0,
	STANDING_NONE,
	STANDING_LISTED,
	STANDING_LOCKED,
	STANDING_PAROLE,
	STANDING_EXCEPTED,
	STANDING_ALLOWED
};

const char *standing_state_name(enum standing_state s);

struct standing_event {
	int64_t at_ms; /* wall */
	/* listed struck locked unlocked exception-over; and, by store/delist,
	 * delisted excepted */
	char what[16];
	unsigned level;
};

struct standing {
	enum standing_state state; /* of the network's own keys */
	unsigned level; /* 0: never listed, or long ago */
	int64_t listed_ms; /* last time; 0: never, as below */
	int64_t delisted_ms;
	int64_t clean_ms; /* since when nothing bad was seen */
	int64_t evidence_ms; /* last bad mark */
	int64_t parole_since_ms;
	int64_t parole_until_ms;
	unsigned parole_marks;
	unsigned removals; /* by self-service, within delist.removals_s */
	int64_t removal_free_ms; /* when one more is allowed, 0: now */
	struct standing_event log[STANDING_LOG_MAX];
	size_t log_count;
};

/* Everything above of one network at that time. */
enum result standing_read(struct redis *r, const struct conf *conf,
	const struct cidr *net, int64_t now_ms, struct standing *out) MUST_USE;

/* Of which of these networks is anything remembered, or do they have an entry
 * of their own? known has count places. */
enum result standing_known(struct redis *r, const struct conf *conf,
	const struct cidr *net, size_t count, bool *known) MUST_USE;

/*
 * Evidence was enough: lists net at level + 1 of what is remembered, for the
 * life of that level, class self (review from delist.review_level on). RES_OK
 * also when it is listed already (evidence_ms moves, no second listing, and an
 * admin's entry in shadow stays one) or allowed (nothing happens); *out, may
 * be NULL, is what it is now.
 */
struct standing_evidence {
	struct slice reason;
	struct slice code;
	struct slice origin;
	struct slice ref; /* of the case, or empty */
	struct slice who; /* for the audit */
	bool is_trap; /* alone enough to end a parole */
};
enum result standing_list(struct redis *r, const struct conf *conf,
	const struct cidr *net, int64_t now_ms,
	const struct standing_evidence *e, struct standing *out) MUST_USE;

/*
 * A bad mark. Of a network on parole it counts: one that is_trap, or the
 * delist.parole_marks-th, lists at once (*listed). Otherwise evidence_ms
 * moves.
 */
enum result standing_mark(struct redis *r, const struct conf *conf,
	const struct cidr *net, int64_t now_ms,
	const struct standing_evidence *e, bool *listed) MUST_USE;

/*
 * By an admin. lock: no self-service for the listing, or off again;
 * RES_MISSING: there is no listing; RES_TYPE: the key holds none. forget:
 * level, parole, log, quota and marks are gone, a listing stays; RES_MISSING:
 * nothing was known.
 */
enum result standing_lock(struct redis *r, const struct conf *conf,
	const struct cidr *net, int64_t now_ms, bool lock, struct slice who,
	struct slice why) MUST_USE;
enum result standing_forget(struct redis *r, const struct conf *conf,
	const struct cidr *net, int64_t now_ms, struct slice who,
	struct slice why) MUST_USE;

/* ---- exceptions ---- */

struct standing_exception {
	struct cidr net;
	char ptr[HOSTNAME_MAX]; /* the name it was granted for */
};

/* One whose next look is due, claimed for recheck_s; RES_MISSING: none. Any
 * number of portals may ask. */
enum result standing_exception_due(struct redis *r, const struct conf *conf,
	int64_t now_ms, struct standing_exception *out) MUST_USE;
/* Its name has changed: takes it off Pallow, if that is still ours. */
enum result standing_exception_end(struct redis *r, const struct conf *conf,
	const struct standing_exception *e, int64_t now_ms,
	struct slice why) MUST_USE;
