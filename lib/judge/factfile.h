/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/factfile - what was judged, as octets that can be judged again.
 *
 * A file begins with FACTFILE_MAGIC; then records: length (2 octets, least
 * first, of what follows), kind (1), body. Kind 'N' gives the next number,
 * from 1, to a word; checks and details stand as such numbers ("" is 0), so
 * that a file outlives the version that wrote it. Kind 'F' is one fact. All
 * numbers have the least octet first, a double is its IEEE 754 octets. A file
 * may end anywhere, as a process may.
 *
 * No address of a person is in it, nor text of a message.
 * Threads: one owner.
 */
#pragma once

#include "base/buf.h"
#include "fact/finding.h"
#include "policy/verdict.h"
#include "store/case.h"

#define FACTFILE_MAGIC "reprieve facts 1\n"

enum {
	FACTFILE_WORDS_MAX = 1024,
	FACTFILE_DOMAIN_MAX = 256,
	FACTFILE_RECORD_MAX = 8192
};

enum fact_stage {
	FACT_RCPT = 1, /* one recipient */
	FACT_END, /* the message of those that were taken */
	FACT_ABORT /* there came no message */
};

struct fact {
	int64_t wall_ms;
	uint64_t session; /* random; the same for all of one connection */
	enum fact_stage stage;
	bool is_exempt; /* the recipient is always reachable */
	bool is_correspondent; /* put off, since a user wrote to the sender */
	enum action action; /* what the MTA was told */
	enum action would_be;
	double score;
	char ref[CASE_REF_MAX]; /* "": no case */
	char rcpt_domain[FACTFILE_DOMAIN_MAX];
	char from_domain[FACTFILE_DOMAIN_MAX];
	struct findings findings; /* without subject and evidence */
};

/* ---- writing ---- */

/* Words that have a number in the file at hand. Zeroed for a new file. */
struct factfile_writer {
	const char *word[FACTFILE_WORDS_MAX]; /* static texts */
	unsigned count;
};

/* Adds the fact, and before it the words that are new. A word past
 * FACTFILE_WORDS_MAX is "". */
void factfile_add(
	struct factfile_writer *w, const struct fact *f, struct buf *out);

/* ---- reading ---- */

struct factfile_reader;

/* text is borrowed. RES_SYNTAX: it is no such file; RES_NOMEM. */
enum result factfile_open(
	struct factfile_reader **out, struct slice text) MUST_USE;
void factfile_close(struct factfile_reader *r);

/*
 * The next fact; its words live until close. RES_MISSING: that was all, the
 * file may have been cut there; RES_SYNTAX: what follows makes no sense.
 */
enum result factfile_next(struct factfile_reader *r, struct fact *out) MUST_USE;
