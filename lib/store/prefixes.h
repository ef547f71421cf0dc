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
 * Threads: readers under the caller's read lock; changes under the write lock,
 * from one thread. prefixes_grow may run without the lock held by others than
 * readers; the header of each function says so.
 */
#pragma once

#include "store/keys.h"

struct prefixes;

/* At most entries_max entries, scopes_max scopes. NULL: no memory. */
struct prefixes *prefixes_new(size_t entries_max, size_t scopes_max);
void prefixes_free(struct prefixes *p);

/* Flags of a slot. */
enum {
	PREFIX_KNOWN = 1,  /* shadow, force and type were read from Redis */
	PREFIX_SHADOW = 2,
	PREFIX_FORCE = 4,
	PREFIX_IGNORED = 8, /* wrong type, too big: not a listing */
	PREFIX_ALIASED = 16, /* named by a key that is not canonical */
	PREFIX_CANONICAL = 32 /* the canonical key exists */
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
 * none): those of the scope first, then narrowest first. Returns how many.
 */
size_t prefixes_match(const struct prefixes *p, const struct ipaddr *ip,
	struct slice scope, struct prefix_hit out[PREFIX_HITS_MAX]);

/*
 * Adds the entry or changes its flags and expiry (flags replace all but
 * ALIASED and CANONICAL, which are or-ed). RES_FULL: a bound is reached;
 * RES_NOMEM. *added: it was not there.
 */
enum result prefixes_put(struct prefixes *p, const struct list_name *name,
	unsigned flags, uint32_t expire_s, bool *added) MUST_USE;

/* Forgets one key (alias or canonical); the entry goes with its last key. */
bool prefixes_remove(struct prefixes *p, const struct list_name *name,
	struct slice key, struct slice prefix);

size_t prefixes_count(const struct prefixes *p);
size_t prefixes_count_kind(const struct prefixes *p, enum list_kind kind);
/* Octets of memory in use. */
size_t prefixes_memory(const struct prefixes *p);
