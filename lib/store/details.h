/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/details - what Redis holds under the key of a listing.
 *
 * Two round trips for any number of keys: types, lives and lengths first, then
 * only what is short enough to be wanted; so a value of 100 MB never travels.
 * Threads: as store/redis.
 */
#pragma once

#include "store/listing.h"

struct arena;
struct redis;

enum details_state {
	DETAILS_UNKNOWN = 0, /* not read */
	DETAILS_LISTED,
	DETAILS_GONE, /* no such key (any more) */
	DETAILS_IGNORED /* neither HASH nor STRING, or a value too long */
};

enum details_text {
	DETAILS_REASON = 0,
	DETAILS_CODE,
	DETAILS_ORIGIN,
	DETAILS_SINCE,
	DETAILS_BY,
	DETAILS_NOTE,
	DETAILS_REF,
	DETAILS_TEXTS
};

struct details {
	struct slice key; /* in and out; borrowed from the caller */
	enum details_state state;
	const char *why; /* of DETAILS_IGNORED, static */
	int64_t life_ms; /* what was left of it, -1: no end */
	enum listing_class class;
	bool shadow;
	bool force;
	bool lock;
	unsigned level;
	struct slice text[DETAILS_TEXTS];
};

/* lists.reason_max and lists.value_max. */
struct details_bounds {
	size_t reason_max;
	size_t value_max;
};

/*
 * Fills count details by their keys. Text is owned by a; what a has no room
 * for stays empty. RES_OK: each state says what is known. RES_DENIED,
 * RES_DOWN, RES_INTERNAL ...: the server's word against our question;
 * RES_TIMEOUT, RES_DOWN: the connection is broken. Then every state is
 * DETAILS_UNKNOWN.
 */
enum result details_read(struct redis *r, const struct details_bounds *bounds,
	struct arena *a, struct details *d, size_t count) MUST_USE;

/*
 * Of several keys that name the same entry, the one whose word counts: listed
 * before ignored before gone; enforced before shadow; forced before not; the
 * first of equals. NULL: count is 0.
 */
const struct details *details_choose(const struct details *d, size_t count);
