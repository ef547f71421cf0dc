/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/greylist - has this sender come back before (RFC 6647)?
 *
 * The entry is (client network, MAIL FROM, first recipient that was taken), a
 * keyed hash. Who tries again after greylist.min_s and within greylist.window_s
 * is known, with its whole network, for greylist.keep_s since its last message.
 * Who has proved a domain (heur/sender) is not asked to come again, unless the
 * reputation of that domain is bad; then its entry is that of the domain, so
 * that a pool of addresses is one sender.
 *
 * Words: first, early; until_s is the earliest useful retry. temperror: Redis
 * could not tell, or DNS whether it has proved a domain. All else is a miss. A
 * hit refuses nobody by itself: the action "greylist" of policy, or a sum of
 * policy.greylist_at, does. Threads: as its session.
 */
#pragma once

#include "fact/check.h"

struct ledger_question;

/* Adds the finding of an answer; res is what ledger_ask said. */
void greylist_report(const struct check_input *in, enum result res,
	const struct ledger_question *q, struct findings *out);
