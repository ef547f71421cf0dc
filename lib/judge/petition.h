/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/petition - what an address is on our lists, what could be done about
 * it, and doing that: policy/grant with all that it needs.
 *
 * The portal (a link or a button), the milter (a message to delist+TOKEN) and
 * reprievectl (a person's word) come here, so that all decide alike. Asks the
 * mirror in memory for the listing, Redis for the rest. A listing of the
 * address's ASN or country counts as a range; one of a domain is not looked
 * for. While the mirror is not in step with Redis the answer is "unknown".
 * Threads: any.
 */
#pragma once

#include "policy/grant.h"
#include "store/delist.h"

struct arena;
struct geoip;
struct mirror;

struct petition_env {
	const struct conf *conf;
	struct mirror *mirror;
	struct blocklist *blocklist;
	struct geoip *geo; /* NULL: neither ASN nor country are known */
	int64_t now_ms; /* wall */
};

struct petition {
	struct blocklist_result listed;
	struct standing standing;
	struct grant grant;
};

/* Changes nothing. RES_OK: *out is whole, though grant.answer may be
 * GRANT_UNKNOWN (the lists cannot be read). Owned by a. */
enum result petition_look(struct redis *r, const struct petition_env *env,
	const struct ipaddr *ip, enum grant_proof proof, enum grant_ptr ptr,
	struct arena *a, struct petition *out) MUST_USE;

/* What somebody shows for a request. */
struct petition_showing {
	struct slice rid;
	struct slice token; /* of purpose MAIL or ADDRESS; empty: an admin */
	enum grant_proof proof; /* what it proves: MAIL (DOMAIN follows from
				   what the worker found out), ADDRESS, ADMIN */
	struct slice who; /* for the audit: "portal", "milter", "ann@mx1" */
	struct slice why;
	bool is_denied; /* of an admin: no */
};

/*
 * Reads the request, decides, carries it out (delist_settle), and hands out
 * the request as it is then. Proofs add up: what was proved before counts. Of
 * several that come at once one acts, the others see what became of it (an
 * admin may settle one in REVIEW, too). An answer of GRANT_UNKNOWN or
 * GRANT_PROOF, or GRANT_DENIED for GRANT_PTR, which can be repaired, leaves it
 * open and its token good, and keeps what was proved.
 * RES_MISSING: no such request (after->rid is ""), or one that is not open:
 * *after tells; RES_SYNTAX: no RID. RES_TIMEOUT, RES_DOWN ...: nothing
 * happened, or it did and *after was not read; to try again is safe.
 */
enum result petition_confirm(struct redis *r, const struct petition_env *env,
	const struct petition_showing *showing, struct arena *a,
	struct delist_request *after, struct petition *out) MUST_USE;
