/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/conduct - what a verdict says of its sender's conduct.
 *
 * Sees each message that was judged to its end and adds it to store/repute,
 * under all names of its sender (heur/sender):
 *   bad   its content or authentication was: the findings of such checks add
 *         up to policy.mark_at (or to the lowest threshold that is set), or the
 *         rule of one of them refuses or holds;
 *   good  it was taken, and nothing is held against it.
 * Nothing is added for what lists, limits, the greylist and reputation itself
 * have led to, or one bad day would feed itself; nor for what is always taken:
 * exempt recipients, trusted clients. What is in shadow does not count.
 * Threads: any session's.
 */
#pragma once

#include "judge/session.h"

struct repute;

/* Borrowed as long as sessions live. */
struct conduct {
	struct repute *repute;
	struct session_watch watch; /* for session_env */
};

/* next: who else watches, or NULL. */
void conduct_init(struct conduct *out, struct repute *repute,
	const struct session_watch *next);

enum conduct_word { CONDUCT_NEITHER = 0, CONDUCT_GOOD, CONDUCT_BAD };

struct record;

/* Pure. */
enum conduct_word conduct_of(const struct record *r);
