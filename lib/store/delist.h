/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/delist - requests to be taken off the list, and their states.
 *
 *   QUEUED --letter sent--> SENT --confirmed--> GRANTED | WAIT(until) |
 *     DENIED(reason) | REVIEW(ticket) --by an admin--> GRANTED | DENIED
 *   QUEUED, SENT, BOUNCED --delist.token_s over--> EXPIRED; WAIT: token_s
 *     after its end
 *   any that is open --"I did not ask"--> CANCELLED (no mail to it for quiet_s)
 *   QUEUED, SENT --the letter came back--> BOUNCED (the same), still open to
 *     the other proofs
 * A WAIT, a missing proof or a missing name in DNS can be confirmed again,
 * later or with more; what
 * is GRANTED, DENIED, REVIEW or CANCELLED is final for the sender.
 *
 *   Pdelist:RID          HASH, see struct delist_request; token_s + 7 d
 *   Pdelist:open:NET     HASH rid mailbox expires client: the request whose
 *                        letter is out for that network; token_s. With ":ref"
 *                        behind it the same for those that came with a
 *                        reference: who was refused cannot be kept out by who
 *                        was not
 *   Pdelist:quiet:HASH   mailbox that wants, or takes, no mail; quiet_s
 *   Pdelist:requests     ZSET of RID by creation, for reprievectl; trimmed
 *   Ptoken:...           see store/token
 * RID: as the reference of a case (case_ref_new). The mail address is in the
 * HASH as it is, for a letter must be sent; the key lives days, not months.
 * Each change is one script (store/script), and one that ends a request has a
 * line in the audit; the filing has none, or strangers could wash out the
 * lines of others. Threads: as store/redis.
 */
#pragma once

#include "net/ipaddr.h"
#include "store/case.h"
#include "store/redis.h"
#include "store/token.h"

struct arena;
struct conf;
struct secret;

enum {
	DELIST_MAIL_MAX = 254,
	DELIST_WORD_MAX = 32,
	DELIST_REQUESTS_MAX = 10000 /* kept in Pdelist:requests */
};

enum delist_state {
	DELIST_UNKNOWN = 0,
	DELIST_QUEUED,
	DELIST_SENT,
	DELIST_GRANTED,
	DELIST_WAIT,
	DELIST_DENIED,
	DELIST_REVIEW,
	DELIST_EXPIRED,
	DELIST_CANCELLED,
	DELIST_BOUNCED
};

/* "queued", "sent" ...; "unknown". Static. */
const char *delist_state_name(enum delist_state s);
/* May it still be confirmed? QUEUED, SENT, WAIT, BOUNCED. */
bool delist_is_open(enum delist_state s);

/* What a form says, checked by the caller. Borrowed. */
struct delist_form {
	struct ipaddr ip;
	/* Checked, ASCII; empty: no letter, the other proofs only. */
	struct slice mail;
	struct slice ref; /* of the case that led here, or empty */
	struct slice language; /* tag */
	struct ipaddr client; /* who sent the form */
	bool has_client;
	bool is_worked; /* a proof of work came with it */
};

enum delist_filing {
	DELIST_FILED = 0, /* a letter is queued */
	DELIST_FILED_LATER, /* the same, behind all others: much is going on */
	DELIST_REPEATED, /* the same mailbox and network is open, filed by the
			    same visitor: its RID. Another visitor gets one of
			    his own, for a RID shows what becomes of it */
	DELIST_SILENT, /* filed, and no letter: quiet mailbox, or a limit of
			  mailbox, domain or network; nobody is told */
	DELIST_LIMITED /* the visitor himself asks too often: wait_s */
};

struct delist_filed {
	enum delist_filing filing;
	char rid[CASE_REF_MAX]; /* "" for LIMITED */
	int64_t wait_s;
};

/*
 * Files a request in QUEUED, with its token of purpose ADDRESS and, when a
 * letter goes, those of MAIL and CANCEL and its job "confirm" on Pmailq,
 * whether the address is listed or not: the answer must not tell. Limits of
 * mailbox, domain and network count letters. RES_FULL: too many letters wait
 * already; RES_TOOBIG: a text of the form. When no answer comes (RES_TIMEOUT,
 * RES_DOWN) it may be filed again: no second letter goes.
 */
enum result delist_file(struct redis *r, const struct conf *conf,
	const struct secret *secret, int64_t now_ms,
	const struct delist_form *form, struct delist_filed *out) MUST_USE;

/* Requests of the last hour, of all visitors: what delist.busy_at and queue_at
 * are compared with. */
enum result delist_recent(struct redis *r, const struct conf *conf,
	int64_t now_ms, unsigned *count) MUST_USE;

/* One request as it stands. Texts are owned by the arena. */
struct delist_request {
	char rid[CASE_REF_MAX];
	enum delist_state state; /* EXPIRED is worked out from expires_ms */
	struct ipaddr ip;
	int64_t created_ms;
	int64_t changed_ms;
	int64_t expires_ms; /* end of its tokens */
	int64_t until_ms; /* of WAIT */
	struct slice mail, ref, language;
	struct slice proof; /* name of the greatest so far: none mail domain
			       address admin */
	struct slice reason; /* policy/grant's word for the state */
	struct slice needed; /* name of the proof that would do, or "" */
	struct slice ticket; /* of REVIEW, once its job is done */
	bool has_letter; /* one goes, or went, to that mailbox */
	/* What the worker found out (portal/worker): "" before. */
	struct slice ptr; /* confirmed missing mismatch unknown */
	struct slice ptr_name;
	struct slice fits; /* yes no unknown: the mail domain fits (P2), and */
	struct slice fits_by; /* sender ptr spf */
	unsigned views; /* of the confirmation page */
	int64_t granted_ms; /* by the clock of Redis, for store/nodes */
};

/* RES_MISSING: no such request; RES_SYNTAX: no RID. */
enum result delist_read(struct redis *r, const struct conf *conf,
	struct slice rid, int64_t now_ms, struct arena *a,
	struct delist_request *out) MUST_USE;

/* Which request a token is for, and its purpose: MAIL, ADDRESS or CANCEL.
 * Changes nothing. RES_MISSING: used up, too old, or none. */
enum result delist_find(struct redis *r, const struct conf *conf,
	struct slice token, enum token_purpose *purpose,
	char rid[CASE_REF_MAX]) MUST_USE;

/* The page of a link was looked at: counts only. RES_MISSING. */
enum result delist_viewed(
	struct redis *r, const struct conf *conf, struct slice rid) MUST_USE;

/* What the worker found out, written before the letter goes. RES_MISSING. */
struct delist_findings {
	const char *ptr;
	struct slice ptr_name;
	const char *fits;
	const char *fits_by;
};
enum result delist_found(struct redis *r, const struct conf *conf,
	struct slice rid, const struct delist_findings *f) MUST_USE;

/* QUEUED -> SENT, QUEUED or SENT -> BOUNCED, after which the network is free
 * for a request with a better address. In another state nothing happens and
 * RES_OK is returned: a letter may come late. RES_MISSING: no such request. */
enum result delist_sent(struct redis *r, const struct conf *conf,
	struct slice rid, int64_t now_ms) MUST_USE;
enum result delist_bounced(struct redis *r, const struct conf *conf,
	struct slice rid, int64_t now_ms) MUST_USE;
/* REVIEW has its ticket now. RES_MISSING. */
enum result delist_ticket(struct redis *r, const struct conf *conf,
	struct slice rid, struct slice ticket) MUST_USE;
/* By the token of purpose CANCEL, used up with all others of the request.
 * RES_MISSING: not open. */
enum result delist_cancel(struct redis *r, const struct conf *conf,
	struct slice token, int64_t now_ms) MUST_USE;

/*
 * What policy/grant decided about a request that was just confirmed, carried
 * out as one: the token is used up (unless the answer is WAIT or PROOF), keys
 * of the listing go or the exception comes, history, quota, parole and audit
 * are written, the answer's letter (when has_letter) and, for review, its
 * ticket's job are queued. Told to make an exception, keys stay.
 */
struct delist_settlement {
	struct slice rid;
	struct slice token; /* that was shown (of MAIL or ADDRESS); empty: by
			       an admin, who may settle a REVIEW too */
	enum delist_state to; /* GRANTED WAIT DENIED REVIEW; or the open
				 state it has, when a proof is missing */
	const char *reason; /* grant_reason_name */
	const char *proof; /* that was shown */
	const char *needed;
	int64_t until_ms; /* of WAIT, else 0 */
	/* Of GRANTED. Every key of the listing, in each spelling that exists
	 * (mirror_keys_of); none: nothing was listed. */
	const struct slice *keys;
	size_t key_count;
	unsigned level; /* parole at this level; 0: none */
	bool is_exception; /* Pallow:NET instead; it hangs on the request's
			      ptr_name. One that is there already stays */
	bool counts; /* in the quota: by self-service */
	struct slice who; /* for the audit */
	struct slice why;
};

enum { DELIST_KEYS_MAX = 32 };

/*
 * RES_EXISTS: somebody else was first (token used up, state final or expired,
 * the listing locked): nothing happened; the caller reads the request again
 * and shows what it is. RES_MISSING: gone, or a token of something else.
 * RES_TOOBIG: more than DELIST_KEYS_MAX keys. RES_TIMEOUT, RES_DOWN: it may
 * have happened or not; to try again is safe.
 */
enum result delist_settle(struct redis *r, const struct conf *conf,
	const struct delist_settlement *s, int64_t now_ms) MUST_USE;
