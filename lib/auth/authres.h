/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/authres - Authentication-Results (RFC 8601): ours written, others'
 * looked at.
 *
 * Of a sender's octets nothing gets into our field but names that
 * net/hostname took, and addresses. Threads: any.
 */
#pragma once

#include "base/buf.h"
#include "fact/auth.h"
#include "net/ipaddr.h"

extern const char authres_name[]; /* "Authentication-Results" */

/*
 * Does this incoming value claim to come from us? Comments and folds before
 * the authserv-id, quotes, case, a version behind it and a trailing dot make
 * no difference (RFC 8601 s2.2, s5). In front of an open comment or quote
 * readers differ: such a value claims our name when it holds it anywhere.
 */
bool authres_claims(struct slice value, struct slice authserv_id);

struct authres_input {
	struct slice authserv_id;
	const struct auth_facts *auth;
	const struct ipaddr *ip;
};

/*
 * The value with its leading blank, folded with LF HT as libmilter wants it:
 * each method that was evaluated, "; none" when there was not one. RES_TOOBIG,
 * RES_NOMEM.
 */
enum result authres_format(
	const struct authres_input *in, struct buf *out) MUST_USE;
