/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/param - fields with parameters: Content-Type, Content-Disposition
 * (RFC 2045 s5.1, RFC 2183, RFC 2231).
 *
 * Lenient: a value without quotes may hold blanks, quotes may be left open.
 * Of a field the first 8 KiB are read. Threads: plain data.
 */
#pragma once

#include "base/buf.h"

enum { PARAM_FIELD_MAX = 8192, PARAM_PIECES_MAX = 32 };

/* What stands before the parameters, without blanks and comments around it. */
struct slice param_value(struct slice field);

/*
 * Adds the value of that parameter (name folded) to out, as UTF-8: pieces
 * (RFC 2231 s3) put together, in whichever order they stand, percents and
 * charset (s4) or encoded words (RFC 2047, as mail has them) undone. Of several
 * plain ones the first counts, pieces before plain. RES_MISSING: there is none.
 * RES_TOOBIG: cut at out->max. RES_NOMEM.
 */
enum result param_find(
	struct slice field, const char *name, struct buf *out) MUST_USE;
