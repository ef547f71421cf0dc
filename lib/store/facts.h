/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/facts - what the mirror must know of a key, in two pipelines.
 *
 * The first asks for the life of the key and, when its flags are wanted, the
 * lengths of the few fields that matter, so that no value of any size is ever
 * fetched for it; the second fetches short flags and looks at what turned out
 * to be no HASH. Threads: as store/redis.
 */
#pragma once

#include "store/listing.h"

struct buf;
struct redis;

enum facts_wish {
	FACTS_LIFE = 0, /* does it exist, and how long */
	FACTS_FLAGS, /* and shadow, force, class, type */
	FACTS_CHECK /* and the size of each field */
};

enum { FACTS_BATCH_MAX = 1024 };

struct facts {
	/* Asked. */
	struct slice key; /* borrowed */
	bool is_wide; /* counts only with force */
	/* Answered. */
	bool exists;
	bool is_listing; /* a HASH or STRING that is not too big */
	bool shadow;
	bool force;
	enum listing_class class;
	int64_t life_ms; /* what is left of it, -1: no end */
	const char *why; /* static: what is wrong when !is_listing, or NULL */
	/* Of the module. */
	bool is_hash;
	bool asked_shadow, asked_force, asked_class, asked_size;
};

/*
 * Answers for count keys (better not more than FACTS_BATCH_MAX in a call);
 * value_max as lists.value_max; why may be NULL. RES_OK: all answered.
 * RES_DENIED, RES_DOWN (LOADING ...), RES_INTERNAL: the server's word against
 * one of the commands (text into *why), the connection is still in step unless
 * redis_is_broken; RES_TIMEOUT, RES_DOWN: it is broken.
 */
enum result facts_read(struct redis *r, enum facts_wish wish, size_t value_max,
	struct facts *f, size_t count, struct buf *why) MUST_USE;

/* yes, true, on, 1 in any case. */
bool facts_is_yes(struct slice text);
