/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/prefixes - millions of networks in little memory: who covers this ip?
 *
 * A hash keyed by (masked address, length, kind, scope), one compact table
 * for IPv4 and one for IPv6, tried for each length in use, all probes
 * prefetched together. A slot also holds what must be known without Redis:
 * shadow, force, when it expires, and whether that was read yet.
 * Scopes are recipient domains, interned to small numbers; 0 is global.
 *
 * More than one key can name the same entry (192.0.2.1, 192.0.2.1/32,
 * ::ffff:192.0.2.1); the entry lives as long as one of them does.
 *
 * Threads: functions that take a const struct prefixes run under the caller's
 * read lock; changes come from one thread, under the write lock. That one
 * thread may also read without any lock, and what says "no lock" below.
 */
#pragma once

#include "store/keys.h"

struct prefixes;

enum {
	PREFIXES_SCOPES_MAX = 131071,
	PREFIXES_KEYS_PER_ENTRY = 16 /* names of one entry that are kept */
};

/*
 * At most entries_max entries and scopes_max scopes (clipped to
 * PREFIXES_SCOPES_MAX). Odd spellings other than "/32" and "/128" are kept
 * word for word: at most one for 16 of entries_max, and at least 1,024.
 * NULL: no memory.
 */
struct prefixes *prefixes_new(size_t entries_max, size_t scopes_max);
void prefixes_free(struct prefixes *p); /* NULL is fine */

/* Flags of an entry. */
enum {
	PREFIX_KNOWN = 1, /* shadow, force and type were read from Redis */
	PREFIX_SHADOW = 2,
	PREFIX_FORCE = 4,
	PREFIX_IGNORED = 8, /* wrong type, too big: not a listing */
	PREFIX_ALIASED = 16, /* named by a key that is not canonical */
	PREFIX_CANONICAL = 32, /* the canonical key exists */
	PREFIX_CLASS = 192, /* two bits: enum listing_class of a KNOWN one */
	PREFIX_CLASS_SHIFT = 6
};

struct prefix_hit {
	struct cidr net;
	enum list_kind kind;
	bool is_scoped; /* of the recipient domain asked for */
	unsigned flags;
	uint32_t expire_s; /* monotonic seconds, 0: never or unknown */
};

enum { PREFIX_HITS_MAX = 64 };

/*
 * Every entry that covers ip, of the global scope and of the given one ("" for
 * none, otherwise folded): those of the scope first, then narrowest first,
 * allow before block. Returns how many; past PREFIX_HITS_MAX the last ones in
 * that order are left out. Not given: IGNORED ones, and those wider than
 * list_net_needs_force() allows that are KNOWN not to have FORCE. A wide one
 * whose flags nobody has read yet is given: it must not block. Expiry is left
 * to the caller, who has a clock.
 */
size_t prefixes_match(const struct prefixes *p, const struct ipaddr *ip,
	struct slice scope, struct prefix_hit out[PREFIX_HITS_MAX]);

/* One entry by its name: true and *out (is_scoped says "has a scope"). */
bool prefixes_find(const struct prefixes *p, const struct list_name *name,
	struct prefix_hit *out);

/* ---- changes: write lock, one thread ---- */

/* A key of Redis that names an entry. Both borrowed. */
struct prefix_key {
	const struct list_name *name;
	struct slice text; /* the key as it stands in Redis */
};

/*
 * The key exists: adds its entry, or sets flags and expiry of the one that is
 * there (flags replace all but ALIASED and CANONICAL, which follow from the
 * key). RES_FULL: a bound is reached; RES_NOMEM; nothing has changed then.
 * *added: the entry was not there. expire_s past 2^29 - 1 counts as never.
 * Grows in one go when it must: see prefixes_needs_grow.
 */
enum result prefixes_put(struct prefixes *p, const struct prefix_key *key,
	unsigned flags, uint32_t expire_s, bool *added) MUST_USE;

/*
 * Sets flags and expiry of an entry that is there, leaving its keys as they
 * are (ALIASED and CANONICAL in flags are not looked at). False: not there.
 */
bool prefixes_set(struct prefixes *p, const struct list_name *name,
	unsigned flags, uint32_t expire_s);

/*
 * The key does not exist (any more). The entry goes with its last key: true
 * then. While another key names it, it stays, loses KNOWN, IGNORED and expiry
 * (they may have been those of the key that went), and false comes back, as
 * it does when nothing was there.
 */
bool prefixes_remove(struct prefixes *p, const struct prefix_key *key);

/*
 * Room for that many entries in all of each family, so that a bulk load need
 * not grow. RES_FULL: past entries_max; RES_NOMEM. Without readers.
 */
enum result prefixes_reserve(struct prefixes *p, size_t v4, size_t v6) MUST_USE;

/*
 * Growing while readers go on: if prefixes_needs_grow (room for fewer than
 * "more" entries), prefixes_grow_prepare copies into a larger table (no lock,
 * but no change may happen until the commit or it is in vain: then the commit
 * does nothing), prefixes_grow_commit swaps (write lock, quick),
 * prefixes_grow_finish gives the old table back (no lock).
 */
bool prefixes_needs_grow(const struct prefixes *p, size_t more);
enum result prefixes_grow_prepare(struct prefixes *p, size_t more) MUST_USE;
void prefixes_grow_commit(struct prefixes *p);
void prefixes_grow_finish(struct prefixes *p);

/* ---- going through ---- */

/*
 * Calls each(ctx, key) for the keys of one entry, canonical first, at most
 * PREFIXES_KEYS_PER_ENTRY. Slices live during the call only. Returns how many.
 */
size_t prefixes_keys(const struct prefixes *p, const struct list_name *name,
	struct slice prefix, void (*each)(void *ctx, struct slice key),
	void *ctx);

/* The same, only spellings that are kept word for word; each may be NULL. */
size_t prefixes_odd_keys(const struct prefixes *p, const struct list_name *name,
	void (*each)(void *ctx, struct slice key), void *ctx);

/* Zero it to begin. */
struct prefix_cursor {
	size_t at;
	bool is_v6;
};

struct prefix_entry {
	struct cidr net;
	enum list_kind kind;
	struct slice scope; /* "" for global; borrowed until a change */
	bool is_slashed; /* the spelling with "/32" or "/128" exists */
	unsigned flags;
	uint32_t expire_s;
};

/*
 * The next entry, false at the end. IPv4 first. Between two calls with changes
 * in between an entry may be missed or seen twice; begin anew when that
 * matters (e.g. until prefixes_count_unknown is 0).
 */
bool prefixes_next(const struct prefixes *p, struct prefix_cursor *c,
	struct prefix_entry *out);
/* The same, only entries whose flags have no PREFIX_KNOWN. */
bool prefixes_next_unknown(const struct prefixes *p, struct prefix_cursor *c,
	struct prefix_entry *out);
/* The name of e, canonical. */
void prefix_entry_name(const struct prefix_entry *e, struct list_name *out);
/* The name of a hit; scope as it was given to prefixes_match. */
void prefix_hit_name(
	const struct prefix_hit *h, struct slice scope, struct list_name *out);

size_t prefixes_count(const struct prefixes *p);
size_t prefixes_count_kind(const struct prefixes *p, enum list_kind kind);
size_t prefixes_count_v6(const struct prefixes *p);
size_t prefixes_count_subject(const struct prefixes *p, enum list_subject s);
/* Entries whose flags were not read from Redis yet. */
size_t prefixes_count_unknown(const struct prefixes *p);
size_t prefixes_count_scopes(const struct prefixes *p);
/* Octets of memory in use, without a table that is being prepared (which
 * changes without the lock). */
size_t prefixes_memory(const struct prefixes *p);
