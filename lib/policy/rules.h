/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy/rules - findings and configuration in, one verdict out.
 *
 * The only place that knows what a finding, or "could not tell", means for
 * the mail. Pure: same input, same verdict. Threads: any.
 *
 * The order of the rules:
 *  1. a recipient that is always reachable (lists.exempt, and postmaster:
 *     RFC 5321 s4.5.1) is accepted;
 *  2. a finding whose rule says accept is the end: allow beats block;
 *  3. else the most severe of the actions and of the sum's threshold wins; the
 *     sum at the end of the message is that of RCPT and of the end together,
 *     and what RCPT came to is never taken back;
 *  4. findings in shadow count for would_be only; mode monitor leaves of the
 *     action what the client and the recipient do not feel.
 * "Could not tell" never refuses for good (policy/ruling), and a sum that only
 * it brings to reject_at works as tempfail; with detail "internal" our own code
 * broke and milter.on_internal_error decides.
 * Greylisting: a rule that says so, or greylist_at, has a message come again
 * when the check "greylist" has a hit, which is known at the end only. What it
 * could not tell, or a sender it knows, is never greylisted.
 */
#pragma once

#include "conf/conf.h"
#include "policy/ruling.h"
#include "policy/verdict.h"

struct auth_facts;
struct conn;
struct envelope;

enum rules_stage { RULES_RCPT, RULES_END };

struct rules_input {
	const struct conf *conf;
	const struct envelope
		*envelope; /* rcpt and rcpt_domain at RULES_RCPT */
	const struct findings *findings;
	const struct auth_facts
		*auth; /* at RULES_END, for the words; or NULL */
	/* At RULES_END what RCPT left to do, see rules_carry; or NULL. */
	const struct verdict *carried;
	enum rules_stage stage;
	/* The section of the recipient's domain; at RULES_END that of all who
	 * were taken, for rules_mix keeps others out. NULL: there is none. */
	const struct conf_domain *domain;
	const struct ruling_advisory *advisory; /* NULL: no check is */
	/* At RULES_END, of all recipients that were taken: each is always
	 * reachable or the client trusted for it. One that is not has the
	 * message judged for all. */
	bool all_spared;
};

/*
 * At RULES_RCPT an action of mark or quarantine means: take the recipient, and
 * hand the verdict back as "carried" at RULES_END. Pointers in *out are those
 * of the findings.
 */
void rules_decide(const struct rules_input *in, struct verdict *out);

/* v refuses somebody whom one of our users wrote to lately: he is to wait. */
void rules_defer(enum rules_stage stage, struct verdict *v);

/* When a check or our own code broke: on_internal_error. */
void rules_internal_error(
	const struct conf *conf, enum rules_stage stage, struct verdict *out);

/*
 * Adds the verdict on a recipient that was taken to what the end of the
 * message has to do: the more severe of both stays, and the greater sum.
 */
void rules_carry(struct verdict *carried, const struct verdict *rcpt);

/*
 * A recipient was taken with first, would next be treated in another way by
 * this message's end, or judged by another policy? Then it must come in a
 * transaction of its own: *out is 452 4.5.3 and true is returned. Not in mode
 * monitor, which refuses nobody: such a message is judged by the policy of its
 * first recipient.
 */
bool rules_mix(const struct verdict *first, const struct verdict *next,
	struct verdict *out);
