/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/reputation - what came of this sender's mail so far.
 *
 * Counted are messages that were taken as clean, and those whose own content or
 * authentication was bad (judge/conduct feeds store/repute); what is old counts
 * half after reputation.half_life_s. With less than reputation.min_messages
 * nothing is known.
 *
 * Whoever has proved a domain is known by that, or else by its address; who has
 * proved none by its address, or else, half as much, by its network: new
 * neighbours are not to blame. A domain is not called good at an address that
 * is known to be bad, for signed mail can be sent again by anybody.
 *
 * Words: bad when half or more of it was, good when at most a tenth was;
 * factor grows with both the share and the number, up to
 * reputation.score_max. subject is "domain:NAME", "address:IP" or
 * "network:NET". Threads: as its session.
 */
#pragma once

#include "fact/check.h"

struct ledger_question;
struct ledger_record;

enum reputation {
	REPUTATION_UNKNOWN = 0, /* too little was seen */
	REPUTATION_MIXED,
	REPUTATION_GOOD,
	REPUTATION_BAD
};

/* *factor: 0 to 1, of GOOD and BAD. */
enum reputation reputation_of(
	const struct ledger_record *r, unsigned min_messages, double *factor);

/* Adds the finding of an answer; res is what ledger_ask said. */
void reputation_report(const struct check_input *in, enum result res,
	const struct ledger_question *q, struct findings *out);
