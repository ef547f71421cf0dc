/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/canon - the canonical forms of RFC 6376 s3.4.
 *
 * What comes out goes to a sink: a digest, or a function of the caller's. Only
 * CRLF ends a line; a bare CR or LF is an octet like any other. Memory is the
 * structs themselves, whatever the size of the message.
 * Threads: one at a time.
 */
#pragma once

#include "base/slice.h"

struct digest;
struct field;

enum canon { CANON_SIMPLE = 0, CANON_RELAXED };

/* RES_SYNTAX: a name other than "simple" and "relaxed"; *out untouched. */
enum result canon_parse(struct slice name, enum canon *out) MUST_USE;

typedef void canon_put(void *ctx, struct slice text);

/* Gathers small pieces. */
struct canon_sink {
	canon_put *put;
	void *ctx;
	size_t used;
	char room[1024];
};

/* d is borrowed. */
void canon_sink_digest(struct canon_sink *s, struct digest *d);
void canon_sink_init(struct canon_sink *s, canon_put *put, void *ctx);
/* Hands over what is still held; to be called at the end. */
void canon_flush(struct canon_sink *s);

/* ---- one header field (s3.4.1, s3.4.2) ---- */

/* The field and its CRLF. */
void canon_field(
	struct canon_sink *s, enum canon how, const struct field *field);

/*
 * A signature's own field: without what stands between the "=" of its b= and
 * the next ";", and without a CRLF at its end (s3.7). b: the value of that tag
 * as mail/taglist found it in field->value.
 */
void canon_field_unsigned(struct canon_sink *s, enum canon how,
	const struct field *field, struct slice b);

/* ---- the body (s3.4.3, s3.4.4) ---- */

struct canon_body {
	enum canon how;
	struct canon_sink *sink;
	uint64_t left; /* octets that l= still covers */
	uint64_t lines; /* line ends that are put when text follows */
	bool has_blank; /* relaxed: so is a blank */
	bool has_cr; /* and a CR that may begin a line end */
	bool has_text; /* any that has been put */
};

/* sink is borrowed. limit: l=, or UINT64_MAX. */
void canon_body_init(struct canon_body *b, enum canon how, uint64_t limit,
	struct canon_sink *sink);
/* A piece, cut anywhere. */
void canon_body_add(struct canon_body *b, struct slice piece);
/* Ends the body and flushes the sink. */
void canon_body_end(struct canon_body *b);
