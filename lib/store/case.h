/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/case - the evidence of a refusal, found by its reference.
 *
 * rp:case:<ref>, a HASH with a life of cases.keep_s. No address of a person
 * goes in: domains in clear, whole addresses as a keyed hash
 * (milter.secret_file). The same (client network, cause) keeps its reference
 * for cases.reuse_s since it was made, and its hash counts on. Foreign text is
 * cut (helo, domains, ids: 255 octets; reason, reply, key, each field of
 * authentication: 1,024, but dkim and arc_sealers 4,096; findings: 8,192).
 *
 * Fields, left out when empty: ref first_seen last_seen count code action
 * stage mode ip net class key reason until helo sender_domain sender_hash
 * rcpt_domain rcpt_hash findings score policy reply session queue_id host, and
 * those of store/caseauth. Times are RFC 3339, hashes the first 16 hex digits
 * of HMAC-SHA256 over the address in lower case. Threads: any.
 */
#pragma once

#include "net/ipaddr.h"
#include "store/caseauth.h"

struct case_book;
struct clock;
struct conf;
struct writer;
struct redis;
struct buf;

enum { CASE_REF_MAX = 18 }; /* 16 + 1 check character + NUL */

/* What is known when a verdict is born. Borrowed during the call. */
struct case_facts {
	struct ipaddr ip;
	bool has_ip;
	const char *code; /* row of codes.def, e.g. "BLOCKED_SELF" */
	const char *action; /* reject, tempfail, quarantine ... */
	const char *stage; /* rcpt, eom */
	const char *mode; /* enforce, monitor, shadow */
	struct slice reply; /* the line the client reads, "" if none yet */
	struct slice subject; /* list entry's key, or "" */
	struct slice class;
	struct slice reason;
	int64_t until_s;
	const char *country; /* of ip, "" when not known */
	uint32_t asn; /* 0: not known */
	struct slice helo;
	struct slice sender; /* whole address; only domain and hash are kept */
	struct slice sender_domain;
	struct slice rcpt;
	struct slice rcpt_domain;
	struct slice findings; /* one line a finding, for explain */
	struct slice score;
	struct slice policy; /* thresholds of the sum, and whose; for explain */
	const struct slice *auth; /* CASEAUTH_COUNT of them, or NULL */
	struct slice session;
	struct slice queue_id;
};

/*
 * conf is held, writer and clock borrowed. The key of the hashes is what
 * milter.secret_file holds (16 to 4,096 octets; made with 32 random ones and
 * mode 0600 when it is not there); when that fails, a random one for this
 * process and a warning. RES_NOMEM.
 */
enum result case_book_open(struct case_book **out, struct conf *conf,
	struct writer *writer, const struct clock *clock) MUST_USE;
/* Flushes. NULL is fine. */
void case_book_close(struct case_book *b);

/* Queues what was counted on since the last time; about once a second. */
void case_book_flush(struct case_book *b);

/*
 * The reference for (network of ip, code, subject): a new one, or the one in
 * use. *is_new tells which; a new one must be recorded. ip may be NULL. Never
 * waits. Call before the reply is made.
 */
void case_reference(struct case_book *b, const struct ipaddr *ip,
	const char *code, struct slice subject, char ref[CASE_REF_MAX],
	bool *is_new);

/*
 * Queues the evidence under ref. When !is_new it only counts on, in memory
 * until the next case_book_flush. Never waits. RES_FULL: dropped and counted.
 */
enum result case_record(struct case_book *b, const char ref[CASE_REF_MAX],
	bool is_new, const struct case_facts *facts) MUST_USE;

/*
 * Reads a case for explain and the portal: each(ctx, field, value) per field.
 * ref as people write it. RES_SYNTAX: not a reference; RES_MISSING: no such
 * case; RES_TYPE: the key is no HASH; RES_TIMEOUT, RES_DOWN, RES_DENIED: could
 * not ask.
 */
enum result case_read(struct redis *r, struct slice prefix, struct slice ref,
	void (*each)(void *ctx, struct slice field, struct slice value),
	void *ctx) MUST_USE;

/* ---- references: 80 random bits in Crockford base32 and a check ---- */

void case_ref_new(char ref[CASE_REF_MAX]);
/* One made of those octets, five bits of each: the same gives the same. */
enum { CASE_REF_OCTETS = 16 };
void case_ref_of(const uint8_t octet[CASE_REF_OCTETS], char ref[CASE_REF_MAX]);
/* Folds case, I L O and dashes as Crockford does, checks the last character.
 * RES_SYNTAX: not a reference. */
enum result case_ref_parse(struct slice text, char ref[CASE_REF_MAX]) MUST_USE;
