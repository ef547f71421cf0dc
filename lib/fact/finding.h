/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fact/finding - what one check has seen.
 *
 * Three answers: the zero outcome is "could not tell". Findings are written
 * by checks and read by policy only. Evidence is owned by the arena that the
 * check was given, and may hold any octet: whoever prints it escapes it.
 */
#pragma once

#include "base/slice.h"

struct arena;

enum outcome { OUTCOME_UNKNOWN = 0, OUTCOME_MISS, OUTCOME_HIT };

const char *outcome_name(enum outcome o);

struct finding {
	const char *check; /* name of the check, static */
	enum outcome outcome;
	bool shadow; /* seen and counted, never enforced */
	const char *detail; /* static word that selects rule and words, or "" */
	double factor; /* a rule that says score N adds N times this; 0: once */
	struct slice subject; /* what it is about, e.g. the list entry's key */
	struct slice evidence; /* one line for a human */
	int64_t until_s; /* wall time when it ends by itself, 0: unknown */
};

enum { FINDINGS_MAX = 96 };

struct findings {
	size_t count;
	struct finding item[FINDINGS_MAX];
};

void findings_clear(struct findings *f);
/* The next one, zeroed but for its name. Never NULL: the last is reused. */
struct finding *findings_add(struct findings *f, const char *check);
/* The first of that check, or NULL. */
const struct finding *findings_find(
	const struct findings *f, const char *check);
