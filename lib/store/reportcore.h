/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/reportcore - what the parts of store/report share; for nobody else.
 *
 * reportfile.c files a report: one script that claims its ID, for each original
 * one that decides and counts (reporteffect.c), then what follows of it
 * (reportevidence.c, reportticket.c), and one that ends it. Each says what it
 * has done in the hash of the original, so that all of it may be done again.
 * report.c and reportread.c read and change what is filed, reporttrain.c the
 * list of what waits for training, complaint.c the numbers.
 */
#pragma once

#include "base/buf.h"
#include "mail/mailbox.h"
#include "store/report.h"
#include "store/script.h"
#include "store/secret.h"

enum {
	REPORT_MS = 1000,
	REPORT_DAY_S = 86400,
	REPORT_NAME_MAX = CASE_REF_MAX + 8, /* "ID:N" */
	REPORT_TRACE_MAX = 1024, /* a trace as one field */
	REPORT_KEPT_MAX = 20000, /* reports */
	COMPLAINT_KEEP_S = 90 * 86400
};

/* Of who is not proved: all are one. */
#define REPORT_NOBODY "-"

/* "20261127", of UTC. */
enum { REPORT_DAY_MAX = 16 };
const char *report_day(int64_t at_ms, char out[REPORT_DAY_MAX]);

/* Octets of text of a day; half of it for what proves nothing. */
int64_t report_octets(const struct conf *conf, bool is_traced);

/* ---- keys ---- */

/* P + fixed + text: of a part of the name that is text. */
void report_key(struct script_call *c, const struct conf *conf,
	const char *fixed, const char *text);
/* Names of a sorted set, in the order of the command (ZRANGE, ZREVRANGE), each
 * with a blank behind it. last: index of the last, a number. */
enum result report_index(struct redis *r, const struct conf *conf,
	const char *command, const char *set, const char *last,
	struct buf *names) MUST_USE;
/* "ID:N". Returns out. */
const char *report_item_name(
	const char *id, size_t number, char out[REPORT_NAME_MAX]);
/* Field and value. */
void report_pair(struct script_call *c, const char *name, struct slice value);

/* A trace as one field of the original, and back: false for no such text. */
void report_trace_format(const struct trace *t, char out[REPORT_TRACE_MAX]);
bool report_trace_parse(struct slice text, struct trace *out);

/* Puts "ID:N" of text apart. RES_SYNTAX. */
enum result report_item_parse(
	struct slice text, char id[CASE_REF_MAX], unsigned *number) MUST_USE;

/* ---- reading ---- */

/* Fields of one report, in the order that they are asked for. */
enum { REPORT_FIELDS = 12, REPORT_ITEM_FIELDS = 14 };
extern const char *const report_fields[REPORT_FIELDS];
extern const char *const report_item_fields[REPORT_ITEM_FIELDS];
/* The last of these are asked for with_messages only. */
enum { REPORT_ITEM_BRIEF = 12 };

/* reply: of an HMGET of them. RES_MISSING, RES_NOMEM. */
enum result report_take(const struct redis_reply *reply, struct arena *a,
	struct report *out) MUST_USE;
enum result report_take_item(const struct redis_reply *reply, struct arena *a,
	struct report_item *out) MUST_USE;
/* HMGET of fields; the error of the reply is its kind. */
enum result report_ask(struct redis *r, const struct conf *conf,
	const char *name, const char *const *fields, size_t count,
	struct redis_reply *out) MUST_USE;

/* ---- filing ---- */

struct report_work {
	struct redis *redis;
	const struct conf *conf;
	const struct secret *secret;
	const struct report_filing *filing;
	size_t count; /* originals that are looked at */
	int64_t now_ms;
	int64_t at_ms; /* when it was filed first */
	bool is_quiet; /* there are tickets enough today */
	size_t kept; /* reports, this one too */
	char id[CASE_REF_MAX];
	char reporter[SECRET_HASH_MAX]; /* who counts; or REPORT_NOBODY */
	char mailbox[SECRET_HASH_MAX]; /* of who is proved, or "" */
	char domain[MAILBOX_TEXT_MAX]; /* the same */
};

/* Why an account is, or is not, paused. */
enum report_pause {
	REPORT_PAUSE_NO = 0, /* too few reporters */
	REPORT_PAUSE_DONE,
	REPORT_PAUSE_WOULD, /* reports.pause is no */
	REPORT_PAUSE_ALLOWED, /* an entry allows the account */
	REPORT_PAUSE_ALREADY /* it is paused */
};

/* What the hash of one original says of what was done. */
struct report_outcome {
	enum report_effect effect;
	enum report_pause pause;
	unsigned reporters; /* of the account, within the window */
	bool has_evidence; /* still to be weighed */
	bool has_traffic; /* still to be counted */
};

/* Has it a trace that holds, and of which all is known that is needed? */
bool report_is_traced(const struct report_original *o);
/* Is it, in a report of mail that came in, "this is junk"? */
bool report_is_junk(enum report_kind k);

/* Decides, counts and writes it down, once. */
enum result report_effect_run(struct report_work *w, size_t number,
	struct report_outcome *out) MUST_USE;
/* Counts for the listing of the source; effect becomes REPORT_LISTED. */
enum result report_evidence_run(struct report_work *w, size_t number,
	struct report_outcome *o) MUST_USE;
/* The ticket of the account: its ID. */
enum result report_ticket_account(struct report_work *w, size_t number,
	const struct report_outcome *o, char id[CASE_REF_MAX]) MUST_USE;
/* Of a report that names nothing of ours. */
enum result report_ticket_plain(
	struct report_work *w, char id[CASE_REF_MAX]) MUST_USE;

/* Effects by what they mean to a reader; the greatest is the report's. */
unsigned report_effect_rank(enum report_effect e);
bool report_effect_parse(struct slice word, enum report_effect *out);
bool report_form_parse(struct slice word, enum report_form *out);
bool report_proof_parse(struct slice word, enum report_proof *out);
bool report_state_parse(struct slice word, enum report_state *out);
bool report_trace_word_parse(struct slice word, enum tracekeys_word *out);
