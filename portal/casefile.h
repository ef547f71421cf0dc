/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/casefile - the fields of a case that a refused sender may see.
 *
 * What is not named here is never kept: senders and recipients, hashes, names
 * of sessions and hosts, the key of our list entry, and what caseauth calls
 * internal. Of the line of a finding only the check, its word, its rule and
 * what it saw are read, and of our own lists not even what it saw.
 * Threads: plain data.
 */
#pragma once

#include "net/ipaddr.h"
#include "policy/code.h"
#include "store/caseauth.h"

struct arena;

enum casefile_text {
	CASEFILE_CODE,
	CASEFILE_MODE,
	CASEFILE_ACTION,
	CASEFILE_IP,
	CASEFILE_FIRST_SEEN,
	CASEFILE_LAST_SEEN,
	CASEFILE_COUNT,
	CASEFILE_CLASS,
	CASEFILE_REASON,
	CASEFILE_UNTIL,
	CASEFILE_REPLY,
	CASEFILE_HELO,
	CASEFILE_SCORE,
	CASEFILE_FINDINGS,
	CASEFILE_TEXTS
};

enum {
	CASEFILE_TEXT_MAX = 1024, /* of one field; the rest is cut */
	CASEFILE_LINES_MAX = 8192 /* of findings */
};

struct casefile {
	struct arena *arena; /* all slices are its */
	bool is_cut; /* there was no room */
	struct slice text[CASEFILE_TEXTS];
	struct slice auth[CASEAUTH_COUNT];
};

void casefile_init(struct casefile *f, struct arena *a);
/* Fits case_read's each; ctx is the file. */
void casefile_add(void *ctx, struct slice field, struct slice value);

enum code casefile_code(const struct casefile *f);
/* False: the case has none. */
bool casefile_ip(const struct casefile *f, struct ipaddr *out);
bool casefile_is(
	const struct casefile *f, enum casefile_text which, const char *word);
/* Wall time in ms; 0: it is not there, or no time. */
int64_t casefile_time(const struct casefile *f, enum casefile_text which);
/* The same of any text: "2026-11-22T20:53:32Z" and nothing else. */
int64_t casefile_parse_time(struct slice text);

/* ---- findings ---- */

struct casefile_finding {
	struct slice check;
	struct slice detail; /* "fail", "self" ...; may be empty */
	struct slice rule; /* "score 2.0", "reject" ...; may be empty */
	struct slice seen; /* escaped as base/buf does; may be empty */
	enum {
		CASEFILE_COULD_NOT_TELL = 0,
		CASEFILE_MISS,
		CASEFILE_HIT
	} outcome;
	bool is_shadow;
	bool is_advisory; /* could not tell, and that counted for nothing */
	double factor; /* the rule's score is that many times one; 0: once */
};

/* Takes the next line off *rest. False: no more. Lines that are none are left
 * out. Parts of rest. */
bool casefile_next(struct slice *rest, struct casefile_finding *out);

/* Of the rule: what it adds to the score, its factor in it. False: it is no
 * "score N". */
bool casefile_score(const struct casefile_finding *f, double *out);

/* The value of KEY=VALUE among words that blanks part; quotes are dropped. */
struct slice casefile_word(struct slice line, const char *key);
