/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/authres - Authentication-Results (RFC 8601) and Received-SPF (RFC 7208
 * s9.1): ours written, others' looked at.
 *
 * Nothing of a sender's octets gets into our fields but domains, and what is
 * quoted by the one function here. Threads: any.
 */
#pragma once

#include "base/buf.h"
#include "fact/auth.h"
#include "net/ipaddr.h"

extern const char authres_name[]; /* "Authentication-Results" */
extern const char receivedspf_name[]; /* "Received-SPF" */

/*
 * Does this incoming value claim to come from us? Comments and folds before
 * the authserv-id, quotes, case, a version token and a trailing dot make no
 * difference (RFC 8601 s5). What cannot be read as a value claims nothing
 * unless our id stands where the id belongs.
 */
bool authres_claims(struct slice value, struct slice authserv_id);

struct authres_input {
	struct slice authserv_id;
	const struct auth_facts *auth;
	const struct ipaddr *ip;
	struct slice helo;
	struct slice sender; /* MAIL FROM without brackets; "" is null */
	struct slice host; /* our name, receiver= of Received-SPF */
};

/*
 * The value with its leading blank, folded with CRLF HT: each method that was
 * evaluated, "; none" when there was not one. With is_payload no blank and no
 * authserv-id in front is left out: it is what an ARC-Authentication-Results
 * says behind its "i=N; " (RFC 8617 s4.1.1). RES_TOOBIG, RES_NOMEM.
 */
enum result authres_format(const struct authres_input *in, bool is_payload,
	struct buf *out) MUST_USE;

/* Of in->auth->mailfrom (or helo for a null sender). */
enum result receivedspf_format(
	const struct authres_input *in, struct buf *out) MUST_USE;
