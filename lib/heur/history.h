/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/history - what is remembered of a sender: its limits, its reputation,
 * whether it has come back.
 *
 * One question to Redis at the end of a message (store/ledger) for the three
 * checks rate, reputation and greylist, which say what the answer means. What
 * they need of the envelope is gathered at each RCPT: the keyed hashes of the
 * recipients that were taken, the first HISTORY_RECIPIENTS_MAX of them. Waits
 * for SPF, DKIM and DMARC, since who has proved a name is remembered under it.
 * Redis is asked once for each message that some section wants something of,
 * and never for others. Where it could not tell, all three say "temperror".
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"
#include "store/secret.h"

struct address;
struct clock;
struct ledger;
struct ledger_question;
struct metrics;

enum { HISTORY_RECIPIENTS_MAX = 50 };

/* Of struct metrics, see history_meters_init; the zero of it counts nothing. */
struct history_meters {
	struct metrics *metrics;
	int seconds;
	int limited;
	int greylist;
};

/* SERVICE_LEDGER. ledger NULL: nothing is remembered, nothing is found. */
struct history_service {
	struct ledger *ledger;
	const struct secret *secret;
	const struct clock *clock; /* of the time a question takes */
	struct history_meters meters;
};

/* Registers reprieve_ledger_seconds, reprieve_rate_limited_total and
 * reprieve_greylist_total. RES_NOMEM. */
enum result history_meters_init(
	struct history_meters *out, struct metrics *m) MUST_USE;
/* One that is over the limit of that word. */
void history_count_limited(const struct history_service *s, const char *word);

/* What stands for a recipient: its keyed hash without a "+detail". RES_NOMEM.
 */
enum result history_recipient(const struct secret *secret,
	const struct address *rcpt, char out[SECRET_HASH_MAX]) MUST_USE;

/* Asks, and sees how long it took. */
enum result history_ask(
	const struct check_input *in, struct ledger_question *q) MUST_USE;

/* Begins at RCPT; the findings are of "rate", "reputation", "greylist". */
check_step history_step;
check_clear history_clear;
