/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/fbl - senders who registered for feedback, and what was sent to them.
 *
 *   NEW --link in the letter (mailbox)--> CONFIRMED --TXT record (control)-->
 *   ACTIVE --record gone for fbl.recheck_s--> LAPSED --record back--> ACTIVE
 *   any --link in a report, or page--> ENDED
 * A subject is a DKIM domain, or a range: one IPv4 address or a /24, one IPv6
 * /64 or a /48. Proof of control: a TXT record "reprieve-fbl=TOKEN" at
 *   _reprieve-fbl.DOMAIN, or below the reverse zone of the range, as
 *   _reprieve-fbl.2.0.192.in-addr.arpa
 * TOKEN is made of the secret and the ID (store/token), so that nobody can set
 * another's.
 *   Pfbl:ID            HASH, see struct fbl; NEW: delist.token_s; CONFIRMED,
 *                      LAPSED and ENDED: 30 d; ACTIVE has no end
 *   Pfbl:of:SUBJECT    ID of who is ACTIVE: "domain:NAME", "net:CIDR"; who
 *                      proves control later takes the place of the one before
 *   Pfbl:checks        ZSET of ID by the time of the next look
 *   Pfbl:all           ZSET of ID by the time it was confirmed; trimmed
 *   Pfbl:mail:HASH     SET of ID of that mailbox; 400 d since it was used
 *   Pfbl:cfbl:HASH     ID for an address of CFBL-Address; 400 d since its use
 *   Pfbl:sent:ID:DAY   HASH of that day: seen, sent, held, and "r:REPORT" of
 *                      each that was sent; EXPIRE 8 d
 * Each change is one script with its audit; but NEW has none, or strangers
 * could wash out the lines of others. Threads: as store/redis.
 */
#pragma once

#include "net/cidr.h"
#include "net/hostname.h"
#include "store/case.h"
#include "store/redis.h"
#include "store/token.h"

struct arena;
struct conf;
struct secret;

enum fbl_state {
	FBL_UNKNOWN = 0,
	FBL_NEW,
	FBL_CONFIRMED,
	FBL_ACTIVE,
	FBL_LAPSED,
	FBL_ENDED
};

const char *fbl_state_name(enum fbl_state s);

struct fbl_subject {
	bool is_net;
	struct cidr net; /* masked, of a length that may register */
	char domain[HOSTNAME_MAX]; /* folded */
};

/* An address, a range or a domain, in any spelling. An address is itself (IPv6:
 * its /64). RES_SYNTAX; RES_RANGE: wider or of another length than may be. */
enum result fbl_subject_parse(
	struct slice text, struct fbl_subject *out) MUST_USE;
enum { FBL_SUBJECT_MAX = HOSTNAME_MAX + 16 };
/* "domain:example.org", "net:192.0.2.0/24" */
const char *fbl_subject_format(
	const struct fbl_subject *s, char out[FBL_SUBJECT_MAX]);
/* The name of the TXT record. RES_TOOBIG. */
enum { FBL_RECORD_MAX = HOSTNAME_MAX + 16 };
enum result fbl_record_name(
	const struct fbl_subject *s, char out[FBL_RECORD_MAX]) MUST_USE;

struct fbl {
	char id[CASE_REF_MAX];
	enum fbl_state state;
	struct fbl_subject subject;
	bool is_cfbl; /* by CFBL-Address; nobody registered */
	struct slice mail; /* where reports go */
	struct slice language;
	int64_t created_ms;
	int64_t proved_ms; /* the record was seen last */
	int64_t looked_ms; /* DNS was asked last */
	int64_t gone_ms; /* ACTIVE, and not there since; 0: it is there */
	int64_t wanted_ms; /* a look was asked for last */
	int64_t failed_ms; /* a look could not tell last */
};

/* All is owned by a. RES_MISSING, RES_SYNTAX. */
enum result fbl_read(struct redis *r, const struct conf *conf, struct slice id,
	struct arena *a, struct fbl *out) MUST_USE;

/* Newest first, but those that are NEW: each must not use r; what it is handed
 * lives during the call. */
struct fbl_listing {
	size_t most;
	void (*each)(void *ctx, const struct fbl *f);
	void *ctx;
};
enum result fbl_list(struct redis *r, const struct conf *conf,
	const struct fbl_listing *how) MUST_USE;

/*
 * Who is ACTIVE and is to hear of mail from ip, signed by domain ("" or folded:
 * that name itself, or one below it): at most FBL_FOUND_MAX IDs.
 */
enum { FBL_FOUND_MAX = 4 };
enum result fbl_find(struct redis *r, const struct conf *conf,
	const struct ipaddr *ip, const char *domain,
	char id[FBL_FOUND_MAX][CASE_REF_MAX], size_t *count) MUST_USE;

/* ---- tokens ---- */

/* Which one a token of that purpose is for (TOKEN_FBL, TOKEN_FBL_PAGE,
 * TOKEN_FBL_END), used up or not; changes nothing. RES_MISSING. */
enum result fbl_of_token(struct redis *r, const struct conf *conf,
	enum token_purpose purpose, struct slice token,
	char id[CASE_REF_MAX]) MUST_USE;

/*
 * Makes a token for a letter, and lets it live: TOKEN_FBL as long as a
 * registration that is not proved, TOKEN_FBL_PAGE fbl.link_s, TOKEN_FBL_END
 * 400 d. serial: of TOKEN_FBL_PAGE, so that each new link is another one; the
 * same gives the same. RES_MISSING: there is none in a state for it.
 */
enum result fbl_grant(struct redis *r, const struct conf *conf,
	const struct secret *secret, enum token_purpose purpose,
	struct slice id, struct slice serial,
	char out[TOKEN_TEXT_MAX]) MUST_USE;

/* The text of the TXT record: FBL_RECORD and TOKEN_FBL_RECORD of the ID. */
#define FBL_RECORD "reprieve-fbl="
enum { FBL_TEXT_MAX = TOKEN_TEXT_MAX + 16 };
enum result fbl_record_text(const struct secret *secret, struct slice id,
	char out[FBL_TEXT_MAX]) MUST_USE;
/* Is it that text? In any case, blanks around it. */
bool fbl_record_is(struct slice text, const char *want);

/* ---- registering ---- */

enum fbl_filing {
	FBL_FILED = 0,
	FBL_SILENT, /* no letter: limit of the mailbox, or it wants none */
	FBL_LIMITED /* the visitor himself asks too often: wait_s */
};

struct fbl_form {
	struct fbl_subject subject; /* not of fbl_relink */
	struct slice mail; /* checked */
	struct slice language;
	struct ipaddr client;
	bool has_client;
};

struct fbl_filed {
	enum fbl_filing filing;
	char id[CASE_REF_MAX]; /* "" of fbl_relink */
	int64_t wait_s;
};

/* NEW, and a job "fbl-link"; does not look at who else is registered. Limits:
 * delist.per_client, fbl.per_mailbox, delist.per_domain. */
enum result fbl_file(struct redis *r, const struct conf *conf,
	const struct secret *secret, int64_t now_ms,
	const struct fbl_form *form, struct fbl_filed *out) MUST_USE;
/* New links for all that this mailbox has: jobs "fbl-ready" for ACTIVE ones,
 * "fbl-link" for CONFIRMED and LAPSED. The same limits. */
enum result fbl_relink(struct redis *r, const struct conf *conf,
	const struct secret *secret, int64_t now_ms,
	const struct fbl_form *form, struct fbl_filed *out) MUST_USE;
/* NEW -> CONFIRMED, by the token of its letter. RES_MISSING: no such token;
 * RES_EXISTS: it was used before, id is set. */
enum result fbl_confirm(struct redis *r, const struct conf *conf,
	struct slice token, int64_t now_ms, char id[CASE_REF_MAX]) MUST_USE;

/* ---- proof of control ---- */

enum fbl_seen {
	FBL_SEEN_UNKNOWN = 0, /* DNS could not tell: nothing changes */
	FBL_SEEN_RECORD,
	FBL_SEEN_NONE
};

/* Queues a job "fbl-look", at most one in 10 s. RES_MISSING: not in a state
 * in which the record matters. */
enum result fbl_want_look(struct redis *r, const struct conf *conf,
	struct slice id, int64_t now_ms) MUST_USE;
/* The next whose look is due; it is put off, so that nobody looks twice.
 * RES_MISSING: none. */
enum result fbl_due(struct redis *r, const struct conf *conf, int64_t now_ms,
	char id[CASE_REF_MAX]) MUST_USE;
/* What was seen. Jobs: "fbl-ready" when it becomes ACTIVE, "fbl-lapsed".
 * RES_MISSING: it is over. */
enum result fbl_looked(struct redis *r, const struct conf *conf,
	const struct fbl *f, enum fbl_seen seen, int64_t now_ms) MUST_USE;

/* ---- the end ---- */

/* By the token in a report. RES_MISSING: no such token. RES_EXISTS: it had
 * ended. */
enum result fbl_end(struct redis *r, const struct conf *conf,
	struct slice token, char id[CASE_REF_MAX]) MUST_USE;
/* By an admin, or on the sender's own page: who is for the audit. */
enum result fbl_end_id(struct redis *r, const struct conf *conf,
	struct slice id, struct slice who) MUST_USE;

/* ---- sending ---- */

/* For an address of CFBL-Address: its ID, ACTIVE or ENDED, made when there is
 * none. */
enum result fbl_of_cfbl(struct redis *r, const struct conf *conf,
	const struct secret *secret, struct slice address, int64_t now_ms,
	char id[CASE_REF_MAX]) MUST_USE;

/*
 * Takes one of the day. *incidents: how many this report stands for, 0: it is
 * held back. The first 100 of a day are sent, then each tenth, up to
 * fbl.per_day (RFC 6650 s7.5). The same report gives the same answer.
 * RES_MISSING: not ACTIVE.
 */
enum result fbl_take(struct redis *r, const struct conf *conf, struct slice id,
	struct slice report, int64_t now_ms, unsigned *incidents) MUST_USE;

struct fbl_sent {
	uint64_t seen, sent, held;
};
/* Of the day of now_ms; all zero when there was none. */
enum result fbl_sent(struct redis *r, const struct conf *conf, struct slice id,
	int64_t now_ms, struct fbl_sent *out) MUST_USE;
