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
 *   Pfbl:ID            HASH, see struct fbl; NEW: delist.token_s; CONFIRMED and
 *                      LAPSED: 30 d; ACTIVE has no end
 *   Pfbl:of:SUBJECT    ID of who is ACTIVE: "domain:NAME", "net:CIDR"
 *   Pfbl:checks        ZSET of ID by the time of the next look
 *   Pfbl:sent:ID:DAY   reports of that day, sent and held back
 * Each change is one script with its audit. Threads: as store/redis.
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
	struct slice mail; /* where reports go */
	struct slice language;
	int64_t created_ms, proved_ms, looked_ms;
};

/* All is owned by a. RES_MISSING, RES_SYNTAX. */
enum result fbl_read(struct redis *r, const struct conf *conf, struct slice id,
	struct arena *a, struct fbl *out) MUST_USE;

/*
 * Who is ACTIVE and is to hear of mail from ip, signed by domain ("" or folded:
 * that name itself, or one below it): at most FBL_FOUND_MAX IDs.
 */
enum { FBL_FOUND_MAX = 4 };
enum result fbl_find(struct redis *r, const struct conf *conf,
	const struct ipaddr *ip, const char *domain,
	char id[FBL_FOUND_MAX][CASE_REF_MAX], size_t *count) MUST_USE;

/* Which one a token of that purpose is for (TOKEN_FBL, TOKEN_FBL_PAGE), used up
 * or not; changes nothing. RES_MISSING. */
enum result fbl_of_token(struct redis *r, const struct conf *conf,
	enum token_purpose purpose, struct slice token,
	char id[CASE_REF_MAX]) MUST_USE;
