/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/listing - one entry of a list, its fields read from Redis.
 *
 * HASH (every field optional) or STRING (= reason). Values longer than
 * lists.reason_max are cut, longer than lists.value_max make the entry
 * ignored. Threads: plain data; text is owned by the arena it was read into.
 */
#pragma once

#include "store/keys.h"

enum listing_class {
	LISTING_SELF = 0, /* the sender may delist it (the default) */
	LISTING_POLICY,
	LISTING_REVIEW, /* a person must look */
	LISTING_FEED /* belongs to a public feed's owner */
};

const char *listing_class_name(enum listing_class c);
/* Any other text is LISTING_SELF and false. */
bool listing_class_parse(struct slice text, enum listing_class *out);

struct listing {
	enum list_kind kind;
	bool is_scoped; /* of the recipient domain asked for */
	struct cidr net;
	struct slice key; /* as it stands in Redis */
	bool is_detailed; /* what follows was read; else defaults */
	enum listing_class class;
	bool shadow;
	bool force;
	bool lock; /* no self-service */
	unsigned level;
	int64_t until_s; /* wall time it expires, 0: never or unknown */
	struct slice reason, code, origin, since, by, note, ref;
};
