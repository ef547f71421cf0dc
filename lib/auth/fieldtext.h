/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/fieldtext - the value of a header field of ours, word by word.
 *
 * Words stand behind one blank each, or on a line of their own (LF HT, as
 * libmilter wants it) where the line would pass FIELDTEXT_COLUMNS. A word is
 * never broken, so that no line passes 998 octets (RFC 5322 s2.1.1). What a
 * sender wrote comes in through fieldtext_pair only, or is a name.
 * Threads: one owner.
 */
#pragma once

#include "base/buf.h"

enum {
	FIELDTEXT_COLUMNS = 78,
	FIELDTEXT_VALUE_MAX = 400, /* octets of a value; the rest is cut */
	FIELDTEXT_WORD_MAX = 512
};

struct fieldtext {
	struct buf *out; /* borrowed */
	size_t column;
	bool is_fresh; /* at the beginning of a line */
};

/* column: how much of the line is used already. */
void fieldtext_init(struct fieldtext *t, struct buf *out, size_t column);
/* The next word begins a line. */
void fieldtext_fold(struct fieldtext *t);
/* One word without blanks, of our own octets and names. */
void fieldtext_word(struct fieldtext *t, const char *format, ...)
	PRINTF_LIKE(2, 3);
/* Behind the last word, without a blank. */
void fieldtext_mark(struct fieldtext *t, const char *mark);

/*
 * The word name=value: bare when value is a token (RFC 2045 s5.1), otherwise a
 * quoted-string without what is no printable ASCII, '"' and '\\'.
 */
void fieldtext_pair(struct fieldtext *t, const char *name, struct slice value);
/* The same, always in quotes. */
void fieldtext_quoted(
	struct fieldtext *t, const char *name, struct slice value);

/* Letters, digits, hyphens, underscores and dots within, at most 253 octets:
 * safe to print as it is. Selectors are such names, too. */
bool fieldtext_is_name(struct slice s);
/* A dot-atom (RFC 5322 s3.2.3) of at most 64 octets: a local part that needs no
 * quotes of its own. */
bool fieldtext_is_local(struct slice s);
