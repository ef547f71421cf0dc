/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/offences - how many bad messages has a network sent lately, to all MX?
 *
 *   Pevidence:NET  ZSET of one piece each, "REF/ID", by its wall time in ms;
 *                  at most as many as list, for as long as they count
 * A network is that of net/cidr's cidr_of_client. Threads: as store/redis.
 */
#pragma once

#include "net/cidr.h"
#include "store/case.h"

struct redis;

enum { OFFENCE_ID_MAX = 24 };

struct offence {
	int64_t at_ms; /* wall */
	const char *ref; /* of its case, or "" */
	const char *id; /* no other piece has it; the same may be added again */
};

struct offences {
	unsigned count; /* within the window, this one too */
	char ref[CASE_REF_MAX]; /* the last that there is, or "" */
};

/* Adds one. It counts for window_s, and no more than most are kept. */
enum result offences_add(struct redis *r, struct slice prefix,
	const struct cidr *net, const struct offence *o, unsigned most,
	unsigned window_s, struct offences *out) MUST_USE;

/* They have had their effect. */
enum result offences_forget(
	struct redis *r, struct slice prefix, const struct cidr *net) MUST_USE;
