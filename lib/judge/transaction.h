/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/transaction - what a session holds from MAIL to the end of a message.
 *
 * Made when something of a message comes, and gone with it, so that sessions
 * that are only held open stay small. Threads: the session's own.
 */
#pragma once

#include "fact/auth.h"
#include "fact/body.h"
#include "fact/envelope.h"
#include "fact/finding.h"
#include "judge/fields.h"
#include "judge/tracingnote.h"
#include "policy/verdict.h"
#include "store/case.h"
#include "store/correspond.h"
#include "store/token.h"

struct arcseal_body;
struct arena;
struct conf_domain;

struct transaction {
	bool broken; /* no memory for a fact: an internal error */
	struct arena *arena; /* of all below */
	struct arena *header; /* the message's fields, or NULL */
	struct envelope envelope;
	struct fields fields;
	struct tracingnote trace; /* of judge/tracing */
	bool is_header_over;
	struct arcseal_body *sealed; /* NULL: it will not be sealed */
	struct auth_facts auth;
	struct body_facts body;
	unsigned spared; /* of the recipients taken, see rules_input */
	/* The section of the domain of those taken, or tried; or NULL. */
	const struct conf_domain *domain;
	struct verdict carried; /* what RCPT left for the end */
	struct finding carried_cause;
	char carried_domain[sizeof(((struct envelope *)0)->rcpt_domain)];
	char carried_ref[CASE_REF_MAX];
	/* For judge/outbound, in the arena: who writes to whom; or NULL. */
	struct correspond_name *names;
	size_t name_count;
	char token[TOKEN_TEXT_MAX]; /* of judge/proof; "": none */
	struct findings findings; /* of the recipient at hand, or of the end */
};

/* memory: octets of its arena. NULL: no memory. */
struct transaction *transaction_new(size_t memory);
void transaction_free(struct transaction *t); /* NULL is fine */

/* Facts of the envelope. An address that is nonsense is kept whole, without a
 * domain. rcpt is borrowed for the event. */
void transaction_sender(struct transaction *t, struct slice sender);
void transaction_rcpt(struct transaction *t, struct slice rcpt);
/* The recipient was taken: a token in it is kept, unless the sender is null. */
void transaction_take_token(struct transaction *t);
