/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/work - a little work that a browser does while many people ask.
 *
 * From delist.busy_at requests an hour on a form carries a challenge: what
 * static/work.js finds for it goes back in the field "work", and the letter
 * then goes at once instead of by the slow queue. Who has no script only waits
 * longer. A brake, not a gate: nothing that is wrong with an answer is an
 * error.
 *
 *   challenge  BITS-EXPIRES-SALT-MARK: seconds since 1970; 32 hex digits; 32
 *              hex digits of a keyed hash over the three, the visitor's
 *              network and the action
 *   answer     CHALLENGE:NUMBER, so that SHA-256 of "SALT:NUMBER" begins with
 *              BITS zero bits
 * Each is good once: Prate:work:SALT in Redis until it expires. Threads: any.
 */
#pragma once

#include "portal/visit.h"

enum { WORK_BITS_MAX = 30, WORK_ANSWER_MAX = 128 };

/*
 * For a form that posts to action. Puts into the view: is_busy when letters
 * may take longer, and work_challenge when work helps against that (below
 * delist.queue_at). Neither when little goes on, or Redis cannot tell: the
 * form is there without.
 */
void work_form(struct visit *v, const char *action);

/* Does v->form bring a good answer that nobody has used? It is used then. r is
 * asked only about one that is good otherwise. */
bool work_is_done(
	struct visit *v, struct redis *r, const char *action) MUST_USE;

/* ---- its parts ---- */

struct work_answer {
	struct slice head; /* BITS-EXPIRES-SALT */
	struct slice salt, mark, number;
	unsigned bits; /* 1 to WORK_BITS_MAX */
	int64_t expires_s;
};

/* Borrows text. False: not of that form, *out is untouched. */
bool work_parse(struct slice text, struct work_answer *out) MUST_USE;
/* Does the number fit? Says nothing of who made the challenge. */
bool work_is_solved(const struct work_answer *a) MUST_USE;
