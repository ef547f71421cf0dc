/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/tally - how often a case was met since it was last written.
 *
 * A sender that keeps knocking would cost one write a refusal; here its
 * refusals add up in memory until somebody takes the sums. Bounded.
 * Threads: any (own lock).
 */
#pragma once

#include "store/case.h"

struct tally;

struct tally_sum {
	char ref[CASE_REF_MAX];
	bool has_ip;
	struct ipaddr ip;
	const char *code; /* static, as of the last time */
	const char *action;
	int64_t last_ms; /* wall */
	uint64_t count;
};

enum { TALLY_MAX = 2048 };

/* NULL: no memory. */
struct tally *tally_new(void);
void tally_free(struct tally *t); /* NULL is fine */

/* One more; count of s is not looked at. False: no room for another case. */
bool tally_add(struct tally *t, const struct tally_sum *s);

/* Calls each for all sums and forgets them. */
void tally_take(struct tally *t,
	void (*each)(void *ctx, const struct tally_sum *s), void *ctx);
