/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/savedmail - a message from a file, as an MTA would hand it on.
 *
 * Lines may end in LF or CRLF. A first line "From " (mbox) is no part of the
 * message. The header ends at an empty line, or at the first line that is no
 * field; the body gets CRLF at each line's end, the last one too.
 * Threads: plain data.
 */
#pragma once

#include "base/slice.h"

struct savedmail_field {
	struct slice name;
	struct slice value; /* behind the colon, folds as in the file */
};

struct savedmail {
	struct savedmail_field *field;
	size_t count;
	struct slice body; /* as in the file */
};

enum { SAVEDMAIL_FIELDS_MAX = 100000, SAVEDMAIL_PIECE = 65535 };

/*
 * Slices are parts of text. RES_SYNTAX: there is no header field, so this is no
 * message; RES_TOOBIG: more fields than a message can have; RES_NOMEM.
 */
enum result savedmail_parse(struct savedmail *out, struct slice text) MUST_USE;
void savedmail_clear(struct savedmail *m);

/* Hands the body on in pieces of at most SAVEDMAIL_PIECE octets until piece
 * says false. RES_NOMEM. */
enum result savedmail_body(const struct savedmail *m,
	bool (*piece)(void *ctx, struct slice piece), void *ctx) MUST_USE;
