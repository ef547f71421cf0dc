/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/record - what stays of a verdict: one line in the log, and a case.
 *
 * The line, event "verdict", keys in this order; a key without a value is
 * left out:
 *     stage        rcpt, eom, abort (the transaction ended before its message)
 *     session      random name of the SMTP session
 *     ip host      the client: address, the MTA's name for it,
 *     ptr resolve  what its PTR says, and whether that holds: OK, FORGED, FAIL
 *                  or TEMP ({client_ptr}, {client_resolve})
 *     helo         its greeting
 *     country asn  where its address is, when geo knows: "NL", 64500
 *     from_domain rcpt   domains only, no address of a person; at eom rcpt is
 *                        the domain of the recipient that decided
 *     action       accept, mark, quarantine, tempfail, reject
 *     would_be     the same without mode monitor and without shadow
 *     mode         enforce, monitor, shadow
 *     code reply   row of codes.def; "554 5.7.1" as the client read it
 *     ref          reference of the case
 *     check key reason   the finding that decided, the list entry, its words
 *     policy       the recipient's domain, when its section is another policy
 *     shadow       checks in shadow that would have changed the action, and to
 *                  what: "headers:mark,dnsbl:reject"
 *     exempt       yes: a recipient that is always reachable
 *     unchecked    lists: they could not be read
 *     iprev spf spf_helo dkim arc from_kind dmarc   at eom: results (RFC 8601
 *                  s2.7); dkim: "fail:example.org/sel,pass:...", one for each
 *                  signature
 *     dmarc_policy dmarc_override dmarc_psl   of a failure: "sp=reject", why it
 *                  was not held against it; with auth.dmarc_mode "both": the
 *                  result by the public suffix list
 *     queue_id score
 *     accepted refused   recipients of the transaction, at eom and abort
 *     judged why   yes; or no and why: local, trusted, authenticated
 * One line for each refused recipient, one for each message.
 * Threads: the session's own.
 */
#pragma once

#include "fact/auth.h"
#include "fact/conn.h"
#include "fact/envelope.h"
#include "fact/message.h"
#include "policy/ruling.h"
#include "policy/verdict.h"
#include "reply/smtp.h"
#include "store/case.h"

/* Where cases go; functions so that a test can look. */
struct casework {
	void (*reference)(void *at, const struct ipaddr *ip, const char *code,
		struct slice subject, char ref[CASE_REF_MAX], bool *is_new);
	enum result (*record)(void *at, const char ref[CASE_REF_MAX],
		bool is_new, const struct case_facts *facts);
	void *at;
};

struct record {
	const char *stage;
	struct ruling_scope scope; /* without conf rules are not told */
	const struct conn *conn;
	const struct envelope *envelope;
	const struct verdict *verdict; /* NULL: not judged */
	const struct findings *findings; /* of this recipient, or NULL */
	const struct auth_facts *auth; /* of the message, or NULL */
	const struct message *message; /* at eom; NULL: not told */
	struct slice rcpt_domain;
	const struct reply *reply; /* NULL: none was given */
	const char *ref; /* "": no case */
	const char *why; /* of what is not judged */
};

void record_log(const struct record *r);

/*
 * The reference for this verdict into ref: "" when it has no code, for only
 * what is or would be refused, held or marked for a cause becomes a case.
 */
void record_refer(const struct casework *w, const struct record *r,
	char ref[CASE_REF_MAX], bool *is_new);

/*
 * Adds one line: "spf=hit detail=fail rule=\"score 1.5\" shadow=yes
 * key=\"...\" seen=\"...\"". rule is what the configuration says about it, a
 * score with its factor in it; behind it stand of="example.org" when the
 * section of that domain says so, factor=N when it is not 1, and advisory=yes
 * when it could not be told and counts for nothing. Without a conf in the scope
 * all of these are left out.
 */
void record_finding(struct buf *out, const struct ruling_scope *scope,
	const struct finding *f);
/*
 * Adds the thresholds of the sum: "mark_at=5 greylist_at=4 quarantine_at=10
 * reject_at=15", and of="example.org" behind it when a section of that domain
 * makes another policy.
 */
void record_policy(struct buf *out, const struct ruling_scope *scope);
/* Queues the evidence; RES_FULL and the like are the writer's to count. */
void record_case(const struct casework *w, const struct record *r, bool is_new);
