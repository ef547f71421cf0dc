/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/authres - Authentication-Results (RFC 8601): ours written, others'
 * looked at.
 *
 * Of a sender's octets nothing gets into our field but names, addresses, the
 * first octets of a signature, and the local parts of sender and i= when they
 * are dot-atoms. What cannot be said safely is left out. Threads: any.
 */
#pragma once

#include "base/buf.h"
#include "fact/auth.h"
#include "fact/envelope.h"
#include "net/ipaddr.h"

extern const char authres_name[]; /* "Authentication-Results" */

/*
 * Does this incoming value claim to come from us? Comments and folds before
 * the authserv-id and around its dots, quotes, case, a version behind it and a
 * trailing dot make no difference (RFC 8601 s2.2, s5), nor do U-labels. In
 * front of an open comment or quote readers differ: such a value claims our
 * name when it holds it anywhere.
 */
bool authres_claims(struct slice value, struct slice authserv_id);

/* Room that the value never passes: AUTH_DKIM_MAX signatures with the longest
 * names, and all the rest. */
enum { AUTHRES_MAX = 24576 };

struct authres_input {
	struct slice authserv_id;
	const struct auth_facts *auth;
	const struct ipaddr *ip;
	/* The sender as it came; NULL: only its domain is told. */
	const struct envelope *envelope;
};

/*
 * The value with its leading blank, folded with LF HT as libmilter wants it:
 * each method that was evaluated, "; none" when there was not one. RES_TOOBIG,
 * RES_NOMEM.
 */
enum result authres_format(
	const struct authres_input *in, struct buf *out) MUST_USE;
/*
 * The same text without what stands in front of its first semicolon, for
 * ARC-Authentication-Results (RFC 8617 s4.1.1).
 */
enum result authres_format_results(
	const struct authres_input *in, struct buf *out) MUST_USE;

/* The policy to apply: that of the record, one level less with t=y. */
enum dmarc_policy authres_policy(const struct dmarc_fact *f);
