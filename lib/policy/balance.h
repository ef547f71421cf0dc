/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy/balance - what rules come to together; for policy/rules only.
 *
 * Actions, the sum, and what of both is authentication's, for the words that
 * are told. Threads: plain data.
 */
#pragma once

#include "policy/ruling.h"
#include "policy/verdict.h"

/* Zeroed but for action: nothing was added yet. */
struct balance {
	bool trusted; /* a rule said accept */
	enum action action;
	double score;
	const struct finding *cause;
	const struct finding *scored; /* the greatest part of the sum */
	double scored_by;
	double unsure; /* of the sum, what could not be told */
	double added; /* of the sum, what is above zero, */
	double by_auth; /* and of that, authentication's */
	const struct finding *worst_auth; /* its greatest part */
	double worst_by;
	unsigned failed; /* methods whose failure a rule held against it, */
	unsigned refusing; /* and those of them that tell in a refusal */
	bool may_greylist; /* greylist.enabled; for the caller to set */
	bool wants_greylist; /* a rule says so, or the sum */
	const struct finding *first; /* it may: this is a first contact */
	bool is_greylisted; /* and that is the action */
};

/* With what RCPT has left: its sum, and the wish to greylist. */
struct balance balance_start(double score, bool wants_greylist);
void balance_add(struct balance *t, const struct conf_rule *rule,
	const struct finding *f);
/* The thresholds of the sum, and greylisting; a threshold of 0 is not set. */
void balance_close(struct balance *t, const struct conf_policy *policy);
