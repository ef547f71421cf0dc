/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/html - what is in an HTML text, piece by piece.
 *
 * Reads as browsers tokenize (WHATWG HTML s13.2.5): nothing is an error. One
 * pass, linear in the length whatever the text; the stack of open elements is
 * bounded, deeper ones are read but not kept. What a reader would not see is
 * marked: by the attribute "hidden", by display, visibility, opacity, size,
 * colour on the same colour and place in style attributes, font and bgcolor;
 * style sheets are not read. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

enum html_kind {
	HTML_TEXT = 0, /* between tags; one piece, or more */
	HTML_OPEN,
	HTML_CLOSE, /* as it stands there, whether or not it closes anything */
	HTML_COMMENT,
	HTML_TITLE /* the text of <title> */
};

enum { HTML_ATTRIBUTES_MAX = 32, HTML_DEPTH_MAX = 128 };

struct html_attribute {
	struct slice name; /* folded */
	struct slice value; /* references decoded, "" without one */
};

/*
 * One token; all of it is borrowed and gone when the function returns. Text
 * and title have their references decoded, without NUL and without characters
 * of no width; blanks stand as they came. The content of script, style and of
 * others that show nothing is left out.
 */
struct html_token {
	enum html_kind kind;
	struct slice name; /* of a tag, folded */
	struct slice text; /* of text, title and comment */
	const struct html_attribute *attributes; /* the first of each name */
	size_t attribute_count;
	bool is_hidden; /* a reader does not see it */
	/* It is hidden, but a style sheet may show it, as on small screens: the
	 * element has a class or an id. */
	bool is_toggled;
	bool is_block; /* a tag that begins or ends a line */
	size_t dropped; /* characters of no width left out of text */
};

/* False: enough. */
typedef bool html_take(void *ctx, const struct html_token *t);

/* RES_NOMEM; then nothing, or not all, was shown. utf8 is valid UTF-8. */
enum result html_walk(struct slice utf8, html_take *take, void *ctx) MUST_USE;

/* The value of that attribute, or the empty slice with .at NULL. */
struct slice html_value(const struct html_token *t, const char *name);

/*
 * Text with its references decoded into "to", which has room for text.len
 * octets: none is longer than its reference. The length. In an attribute a
 * name without ";" before a letter, a digit or "=" is none.
 */
size_t html_decode(char *to, struct slice text, bool is_attribute);

/* Octets of a text that a reader would see: no blanks, and not those of U+00A0,
 * with which honest mail pads its preview. */
size_t html_weight(struct slice text);
