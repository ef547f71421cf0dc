/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/replay - what was judged, judged again by another configuration.
 *
 * Facts in (judge/factfile), differences out. The same rules as in a session:
 * recipients first, then the message with what they left (policy/rules). What a
 * check would find by other options of its own (a zone more, another limit)
 * cannot be told: only rules, scores, thresholds, modes and shadow are.
 * Same input, same result. Threads: one owner.
 */
#pragma once

#include "judge/factfile.h"
#include "policy/verdict.h"

struct conf;
struct replay;

/* One fact, and what comes of it now. */
struct replay_result {
	const struct fact *fact;
	struct verdict verdict; /* cause: of fact->findings, or of a recipient
				   before it, or NULL */
	const char *cause; /* check that decided, "" */
	bool is_told; /* recipient refused, or end of a message */
};

/* conf is borrowed. NULL: no memory. */
struct replay *replay_new(const struct conf *conf);
void replay_free(struct replay *r);

/* Facts in the order of their file. */
void replay_fact(
	struct replay *r, const struct fact *f, struct replay_result *out);
