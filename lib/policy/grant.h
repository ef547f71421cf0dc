/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy/grant - may this address come off the list now, by whose word, and if
 * not, when and why not.
 *
 * Pure: same input, same answer; the only place that knows these rules. The
 * order, each with a help page of its own (grant_reason_name):
 *   still listed? class feed? lock? evidence in the last delist.recent_s?
 *   class review, or a range wider than the client's own network, or a level
 *   from delist.review_level on? minimum time on the list? quota? PTR
 *   (required for class policy)? proof enough?
 * Threads: any.
 */
#pragma once

#include "store/blocklist.h"
#include "store/standing.h"

struct conf;

/* What has been proved; each includes those before it. */
enum grant_proof {
	GRANT_PROOF_NONE = 0,
	GRANT_PROOF_MAIL, /* P1: reads the mailbox */
	GRANT_PROOF_DOMAIN, /* P2: and the mailbox fits the address */
	GRANT_PROOF_ADDRESS, /* P3: has the address itself */
	GRANT_PROOF_ADMIN /* a person of ours says so */
};

/* "none", "mail", "domain", "address", "admin": as store/delist keeps it. */
const char *grant_proof_name(enum grant_proof p);
/* Any other word is GRANT_PROOF_NONE. */
enum grant_proof grant_proof_parse(struct slice word);

enum grant_answer {
	GRANT_UNKNOWN = 0, /* something could not be asked */
	GRANT_GIVEN, /* take it off */
	GRANT_EXCEPTION, /* make an exception for this address */
	GRANT_WAIT, /* not before until_ms */
	GRANT_PROOF, /* when more is proved: see needed */
	GRANT_REVIEW, /* a person looks */
	GRANT_DENIED
};

const char *grant_answer_name(enum grant_answer a);

enum grant_reason {
	GRANT_REASON_NONE = 0,
	GRANT_NOT_LISTED,
	GRANT_FEED, /* belongs to a public list */
	GRANT_LOCKED,
	GRANT_STILL_SENDING,
	GRANT_CLASS_REVIEW,
	GRANT_RANGE, /* the listing is wider than the address */
	GRANT_LEVEL, /* too often */
	GRANT_TOO_EARLY,
	GRANT_QUOTA,
	GRANT_PTR, /* no name, or not confirmed: required */
	GRANT_NEEDS_DOMAIN,
	GRANT_NEEDS_ADDRESS,
	GRANT_SWITCHED_OFF /* delist.enabled */
};

/* "not_listed", "feed" ...: stable, in log lines, keys and page names. */
const char *grant_reason_name(enum grant_reason r);

enum grant_ptr {
	GRANT_PTR_UNKNOWN = 0, /* not asked, or DNS could not tell */
	GRANT_PTR_CONFIRMED,
	GRANT_PTR_MISSING,
	GRANT_PTR_MISMATCH
};

/* "unknown", "confirmed", "missing", "mismatch". */
const char *grant_ptr_name(enum grant_ptr p);
/* Any other word is GRANT_PTR_UNKNOWN. */
enum grant_ptr grant_ptr_parse(struct slice word);

struct grant_question {
	const struct conf *conf;
	int64_t now_ms;
	const struct blocklist_result *listed; /* of global lists */
	const struct ipaddr *ip;
	const struct standing *standing;
	enum grant_proof proof;
	enum grant_ptr ptr;
};

struct grant {
	enum grant_answer answer;
	enum grant_reason reason;
	enum grant_proof
		needed; /* least proof that will do, when it is allowed */
	int64_t until_ms; /* of WAIT; 0 otherwise */
	bool warn_ptr; /* granted, but the PTR should be repaired */
	/* The listing that the answer is about, or NULL. */
	const struct listing *listing;
};

/*
 * Of several listings that cover the address each must go, so the strictest
 * has its say; shadow entries never matter. Not listed (or allowed) is
 * GRANT_GIVEN with GRANT_NOT_LISTED: there is nothing to take off. An admin's
 * word passes all rules. GRANT_PROOF with GRANT_REASON_NONE: no mailbox was
 * proved yet. GRANT_UNKNOWN with GRANT_PTR: the name could not be looked up;
 * otherwise the lists, or what we remember, could not be read.
 */
void grant_decide(const struct grant_question *q, struct grant *out);
