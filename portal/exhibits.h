/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/exhibits - what was seen, as lists of a view that the templates
 * "exhibits" and "checks" print.
 *
 *   exhibits  sections, in the order of caseauth: title, result (words), word
 *             (RFC 8601's), is_good / is_bad / is_open, and rows of label,
 *             value, is_code
 *   checks    one a finding: name, result, saw, adds, is_against; has_checks
 *   clean     heuristic checks that found no fault: name, is_next (not the
 *             first); has_clean
 * Threads: any.
 */
#pragma once

#include "policy/code.h"
#include "store/caseauth.h"

struct casefile_finding;
struct dictionary_row;
struct ipaddr;
struct view;

/* How a result is shown; never by colour alone. */
enum exhibit_mark {
	EXHIBIT_PLAIN = 0, /* nothing there, or it says nothing */
	EXHIBIT_GOOD,
	EXHIBIT_BAD,
	EXHIBIT_OPEN /* could not be told */
};

/* Sets is_good, is_bad or is_open. */
void exhibits_mark(struct view *to, enum exhibit_mark m);

/* A result of RFC 8601 s2.7; words: English, for translation. An empty or
 * unknown word has the words "was not looked at". */
struct exhibit_result {
	const char *name;
	const char *words;
	enum exhibit_mark mark;
};
const struct exhibit_result *exhibits_result(struct slice word);

/* Adds to the list "exhibits". ip and helo: of the connection, may be NULL
 * and empty. */
void exhibits_show(struct view *to, const struct ipaddr *ip, struct slice helo,
	const struct slice auth[CASEAUTH_COUNT]);

/* Sets the values that portal/remedies asks for, as far as they are known. */
void exhibits_facts(struct view *to, const struct ipaddr *ip,
	const struct slice auth[CASEAUTH_COUNT]);

enum { EXHIBITS_CODES_MAX = 16, EXHIBITS_ROWS_MAX = 32 };

/* Which codes, and which rows of the dictionary, the findings stand for that
 * were held against the mail. */
struct exhibit_codes {
	enum code code[EXHIBITS_CODES_MAX];
	size_t count;
	const struct dictionary_row *row[EXHIBITS_ROWS_MAX];
	size_t row_count;
};

/* Adds to the lists "checks" and "clean". codes: added to; may be NULL. */
void exhibits_findings(
	struct view *to, struct slice findings, struct exhibit_codes *codes);

/* What a finding says: name is its word when the dictionary has a sentence for
 * it, else "". */
struct exhibit_result exhibits_outcome(const struct casefile_finding *f);

/* Sets adds: in words, or as a number, what its rule makes of it. True: it is
 * held against the mail. */
bool exhibits_adds(struct view *to, const struct casefile_finding *f);

/* Adds one that is not in it. */
void exhibits_code(struct exhibit_codes *codes, enum code c);

/* The part of an SPF record that names the address, "ip4:192.0.2.1". */
enum { EXHIBITS_TERM_MAX = 64 };
const char *exhibits_spf_term(
	const struct ipaddr *ip, char out[EXHIBITS_TERM_MAX]);
