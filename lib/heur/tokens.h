/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/tokens - the features of a message, for a classifier.
 *
 * Names and some values of header fields, words, parts of URLs, HTML tags and
 * attributes, kinds of parts. No language is known: a word is a run of letters
 * and digits of any script (of those written without blanks, each two
 * characters that follow), folded. What delivery adds to a message is left out,
 * so that one from a mailbox gives what it gave when it came in; and so are
 * the local parts of addresses. Each feature is hashed to TOKENS_BITS bits.
 * Threads: plain data.
 */
#pragma once

#include "base/slice.h"

#include <stdint.h>

struct body_facts;
struct buf;
struct message;

enum {
	TOKENS_BITS = 18,
	TOKENS_SPACE = 1 << TOKENS_BITS,
	TOKENS_MAX = 4096 /* different features of one message */
};

struct tokens_source {
	const struct message *message;
	const struct body_facts *body; /* NULL: none is known */
	size_t octets_max; /* of text and of HTML that are read, each */
};

/* What a feature is: its kind, static, and up to two texts of any octets. */
struct token {
	const char *kind;
	struct slice name;
	struct slice value;
	uint32_t index; /* below TOKENS_SPACE */
};

/* Each feature in turn, also those that were there before. The texts are gone
 * when each returns. RES_NOMEM: not all were seen. */
enum result tokens_walk(const struct tokens_source *source,
	void (*each)(void *ctx, const struct token *t), void *ctx) MUST_USE;

/* The features of one message, each once. */
struct tokens {
	uint32_t *index; /* ascending */
	size_t count; /* at most TOKENS_MAX */
};

/* Past TOKENS_MAX further ones are left out. RES_NOMEM; *out is empty then.
 * tokens_clear frees what is inside. */
enum result tokens_gather(
	const struct tokens_source *source, struct tokens *out) MUST_USE;
void tokens_clear(struct tokens *t);

/* For a human: the kind, then what it is, in printable ASCII. */
void token_format(const struct token *t, struct buf *out);
