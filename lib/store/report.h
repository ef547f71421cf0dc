/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/report - abuse reports: what they say, what came of them.
 *
 *   Preport:ID        HASH, see struct report; EXPIRE reports.keep_s
 *   Preport:ID:N      HASH of its original number N (0 ...), with its header
 *                     and text; EXPIRE reports.keep_s
 *   Preport:all       ZSET of ID by time, the newest 20,000
 *   Preport:train     ZSET of "ID:N" by time: originals that wait for release
 *   Preport:told:TRACE  HASH of who has told of that message: reporter -> 1
 *                     (counted), 0; how many have counted, u users of ours and
 *                     n others; EXPIRE when no trace of its time holds any more
 *   Preport:once:HASH STRING: of that reporter and that source, a day
 *   Preport:account:ACCOUNT  STRING, number of its ticket; EXPIRE
 *                     reports.keep_s
 *   Preport:octets:YYYYMMDD  STRING, octets of text kept that day; 2 d
 *   Preport:count     HASH "KIND:EFFECT" -> originals, "listing:listed" and
 *                     "listing:would" -> addresses; EXPIRE 400 d
 *   Pcomplaint:user:ACCOUNT  ZSET of reporters by the time of their last
 *                     report; EXPIRE reports.window_s
 *   Pcomplaint:paused:ACCOUNT  STRING: until when reporters have had their
 *                     effect; EXPIRE reports.window_s
 *   Pcomplaint:day:YYYYMMDD  HASH "user:ACCOUNT", "ip:NET", "domain:NAME" ->
 *                     complaints of that day; EXPIRE 90 d
 * ID as the reference of a case.
 *
 * What a report does, and nothing else:
 *  - No original with a valid trace: it becomes a ticket (store/ticket, rid is
 *    the report's ID), and nothing is counted, paused or listed, whatever it
 *    claims. Past reports.tickets_day it is kept, and no ticket.
 *  - A reporter is an account of ours (REPORT_LOCAL), or an organisation
 *    (REPORT_AUTHENTICATED): whoever has a domain can make as many mailboxes as
 *    he likes. All who are not proved are one.
 *  - An original that is known of this reporter is a duplicate, as long as its
 *    trace holds. One reporter counts once for a source (an account; an
 *    address) and day. A trace counts at most as often as its message had
 *    recipients: for users of ours, and as often for all others, or a sender
 *    who is one of them could use it up.
 *  - d=out: a complaint about the account. reports.pause_at reporters within
 *    reports.window_s pause it: Pblock:user:ACCOUNT (store/keys), unless
 *    Pallow:user:ACCOUNT is there or reports.pause is no; audited. A ticket of
 *    the account, made once, tells the administrator, with each report in it.
 *    Who reports while it is paused counts no more when it is resumed.
 *  - d=in, junk, phish or abuse: reports.weight bad messages for the reputation
 *    of the address, its network and the DKIM domain; complaint of the day;
 *    jobs "fbl-report" for who registered (store/fbl) or asks by CFBL-Address.
 *    Of REPORT_LOCAL also a piece of evidence for listing (store/offences),
 *    which lists by the rules of listing, and only with listing.enabled.
 *  - d=in, notjunk, of REPORT_LOCAL: as many good messages, and it takes
 *    nothing off a list; of anybody else nothing. A sender gets the traces of
 *    his own mail back (what bounces, what is forwarded), and would praise it
 *    himself; and an outsider whom mail is forwarded to could list its sender.
 *  - Nothing against an address that is private, or of milter.trusted.
 *  - Past reports.octets_day no text of it is kept, nor is it to be learnt.
 *  - With reports.learn an original with a valid trace d=in waits for training.
 * Threads: as store/redis.
 */
#pragma once

#include "mail/arf.h"
#include "store/case.h"
#include "store/redis.h"
#include "store/tracekeys.h"

struct arena;
struct conf;
struct secret;

enum report_kind {
	REPORT_ABUSE = 0, /* to abuse@, or ARF abuse, other, virus */
	REPORT_JUNK,
	REPORT_PHISH, /* or ARF fraud */
	REPORT_NOTJUNK,
	REPORT_AUTH_FAILURE, /* counts for nothing */
	REPORT_KINDS
};

const char *report_kind_name(enum report_kind k);
bool report_kind_parse(struct slice word, enum report_kind *out);

/* How the original came. */
enum report_form {
	REPORT_FORM_NONE = 0, /* there is none: text only */
	REPORT_FORM_ATTACHED, /* message/rfc822, or a file .eml */
	REPORT_FORM_HEADERS, /* text/rfc822-headers */
	REPORT_FORM_INLINE, /* forwarded as text */
	REPORT_FORM_ARF,
	REPORT_FORM_XARF,
	REPORT_FORM_WEB
};

const char *report_form_name(enum report_form f);

/* How much is known of who reports. */
enum report_proof {
	REPORT_UNPROVEN = 0,
	REPORT_AUTHENTICATED, /* SPF, DKIM or DMARC hold for the author's
				 domain, by our own Authentication-Results */
	REPORT_LOCAL /* the report itself has a valid trace d=out: a user */
};

const char *report_proof_name(enum report_proof p);

enum {
	REPORT_SUBJECT_MAX = 256,
	REPORT_TEXT_MAX = 6000,
	REPORT_ORIGINALS_MAX = 200
};

struct report_original {
	enum report_form form;
	enum report_kind kind;
	enum tracekeys_word trace_word;
	struct trace trace; /* when VALID, ALTERED or EXPIRED */
	struct slice message; /* header and text, at most original_max */
	struct slice from; /* claims, decoded, cut, one line */
	struct slice subject;
	struct slice message_id;
	struct ipaddr claimed_ip; /* of ARF, XARF, or the form */
	bool has_claimed_ip;
	struct slice cfbl_address; /* empty: none */
	struct slice cfbl_id;
	struct slice lesson; /* packed (store/lesson), empty: none */
};

struct report_filing {
	struct slice id; /* "": a new one */
	struct slice reporter; /* mail address, or "" */
	enum report_proof proof;
	struct slice account; /* of REPORT_LOCAL: hash */
	struct slice organisation; /* of REPORT_AUTHENTICATED: the folded domain
				      that it is of; "": that of reporter */
	struct slice client; /* of the form: network, for the admin; or "" */
	struct slice language; /* "en", or "" */
	struct slice text; /* of the reporter, cleaned */
	struct slice message_id; /* of the report: delivered twice is one */
	bool may_ack; /* a person wrote it, by mail */
	const struct report_original *original;
	size_t count;
};

/* What became of one original. */
enum report_effect {
	REPORT_NOTHING = 0, /* no valid trace, or no proof that it takes */
	REPORT_COUNTED,
	REPORT_DUPLICATE, /* this reporter has told of it */
	REPORT_AGAIN, /* this reporter has counted today */
	REPORT_SPENT, /* told of by as many as got it */
	REPORT_PAUSED, /* counted, and the account is paused by it */
	REPORT_LISTED /* counted, and the address is listed by it */
};

enum { REPORT_EFFECTS = REPORT_LISTED + 1 };

const char *report_effect_name(enum report_effect e);

struct report_filed {
	char id[CASE_REF_MAX];
	char ticket[CASE_REF_MAX]; /* "": none was made */
	bool is_known; /* the same mail came before: nothing was done */
	enum report_effect effect; /* the strongest of all */
	size_t valid; /* originals with a valid trace */
	bool has_ack; /* a job "report-ack" was added */
};

/* May be done again after an error: what was done is not done twice. */
enum result report_file(struct redis *r, const struct conf *conf,
	const struct secret *s, int64_t now_ms, const struct report_filing *f,
	struct report_filed *out) MUST_USE;

enum report_state {
	REPORT_OPEN = 0, /* nobody has looked */
	REPORT_ACTED, /* it had an effect, or an admin did something */
	REPORT_CLOSED /* by an admin */
};

const char *report_state_name(enum report_state s);

struct report_item {
	enum report_form form;
	enum report_kind kind;
	enum tracekeys_word trace_word;
	struct trace trace;
	enum report_effect effect;
	bool waits; /* for training */
	struct slice from, subject, message_id;
	struct slice message; /* only with_messages */
	struct slice cfbl_address, cfbl_id;
	struct slice lesson;
	struct ipaddr claimed_ip;
	bool has_claimed_ip;
};

struct report {
	char id[CASE_REF_MAX];
	enum report_state state;
	int64_t at_ms;
	enum report_proof proof;
	struct slice reporter, account, client, language, text;
	char ticket[CASE_REF_MAX];
	enum report_effect effect;
	struct report_item *item;
	size_t count;
};

/* All is owned by a. RES_MISSING, RES_SYNTAX (no ID). */
enum result report_read(struct redis *r, const struct conf *conf,
	struct slice id, bool with_messages, struct arena *a,
	struct report *out) MUST_USE;

/* Newest first, without items; each must not use r. */
struct report_listing {
	size_t most;
	bool only_open;
	void (*each)(void *ctx, const struct report *p);
	void *ctx;
};
enum result report_list(struct redis *r, const struct conf *conf,
	const struct report_listing *how) MUST_USE;

/* By an admin, audited. */
enum result report_close(struct redis *r, const struct conf *conf,
	struct slice id, int64_t now_ms, struct slice who) MUST_USE;

/* ---- training ---- */

struct report_waiting {
	char id[CASE_REF_MAX];
	unsigned number;
	bool is_spam;
	struct slice lesson; /* packed */
	struct slice from, subject;
};

/* Oldest first; what each is handed lives during the call. */
enum result report_pending(struct redis *r, const struct conf *conf,
	size_t most, void (*each)(void *ctx, const struct report_waiting *w),
	void *ctx) MUST_USE;
/* It is learnt, or is not to be: out of the list. RES_MISSING. */
enum result report_taken(struct redis *r, const struct conf *conf,
	struct slice id, unsigned number) MUST_USE;

/* ---- numbers ---- */

struct complaint {
	struct slice subject; /* "user:HASH" "ip:192.0.2.0/32" "domain:NAME" */
	uint64_t count;
};

/* Of days up to and with today, most first, at most so many; each may use r. */
enum result complaint_list(struct redis *r, const struct conf *conf,
	int64_t now_ms, unsigned days, size_t most,
	void (*each)(void *ctx, const struct complaint *c), void *ctx) MUST_USE;
/* Of one account within reports.window_s: how many reporters. */
enum result complaint_user(struct redis *r, const struct conf *conf,
	const char *account, int64_t now_ms, unsigned *reporters) MUST_USE;

/* What all reports came to, for metrics. */
struct report_counts {
	/* Originals; a report of text alone counts as REPORT_ABUSE. */
	uint64_t of[REPORT_KINDS][REPORT_EFFECTS];
	uint64_t listed; /* addresses */
	uint64_t would; /* be listed, were listing.enabled yes */
	uint64_t waiting; /* originals, for training */
};
enum result report_count(struct redis *r, const struct conf *conf,
	struct report_counts *out) MUST_USE;
