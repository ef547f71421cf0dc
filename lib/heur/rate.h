/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/rate - is this sender over one of its limits?
 *
 * Limits are those of the section rate of the configuration, counted for all
 * milters of one Redis (store/ledger): messages of the client's address, of its
 * network, of the domain in MAIL FROM (when SPF passes: who forges a domain
 * must not use up its limit), to each recipient, recipients of an authenticated
 * user, and messages of a new sender on its curve. At the end of the message
 * heur/history asks for all of them; a limit that is known to be used up is
 * told at RCPT, from memory.
 *
 * Of each finding that is a hit
 *   detail    is the word of the limit: address network domain recipient user
 *             ramp;
 *   subject   is the limit as text, for {limit} of a reply: "500 messages an
 *             hour", "200 recipients an hour", "100 messages on day 3";
 *   until_s   is when there will be room again (wall time), for {time};
 *   evidence  is a sentence: "over the limit of 500 messages an hour of
 *             192.0.2.0/24". It names no person: "of this recipient".
 * The one with the longest wait comes first.
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

struct conf_rate;
struct ledger_question;

/*
 * Steps of the pipeline; in->service is a struct history_service.
 * At RCPT, of mail from outside: the client and the recipient at hand; asks
 * memory only, and adds nothing when they may have room, or when the rule of
 * that limit does not put off or refuse: then the end of the message tells.
 */
check_run rate_run;
/*
 * Of the authenticated user envelope->auth_name. At RCPT, from memory only; and
 * at the end of the message, which counts envelope->rcpt_accepted recipients in
 * one round trip to Redis. Where Redis could not tell the finding is unknown,
 * "temperror". Nothing is asked when rate.user_hour is 0.
 */
check_run rate_user_rcpt;
check_run rate_user_end;

/* Messages that a new sender may send on that day, 1 being its first; 0: as
 * many as it likes, for the curve ends before that day or there is none. */
double rate_ramp(const struct conf_rate *conf, unsigned day);

/* Adds the findings of an answer; res is what ledger_ask said. */
void rate_report(const struct check_input *in, enum result res,
	const struct ledger_question *q, struct findings *out);
