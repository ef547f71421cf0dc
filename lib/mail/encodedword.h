/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/encodedword - text of a header as a reader sees it (RFC 2047).
 *
 * As lenient as readers are: words may stand anywhere, within quotes too, and
 * be longer than 75 octets; blanks between two of them are dropped, and a
 * character may begin in one and end in the next. Linear in the length.
 * Threads: plain data.
 */
#pragma once

#include "base/buf.h"

/* What was seen on the way; all zero for a text without encoded words. */
struct encodedword {
	unsigned words;
	unsigned broken; /* base64 or Q that is none */
	unsigned unknown; /* a charset that nobody knows */
	unsigned nested; /* what comes out holds an encoded word again */
	unsigned too_long; /* more than 75 octets (RFC 2047 s2) */
	unsigned needless; /* printable ASCII without "=?" comes out */
	unsigned controls; /* CR, LF, NUL or another control comes out */
	bool has_eight_bit; /* octets above 127 beside the words */
};

/*
 * Adds value to out, as valid UTF-8, its folds undone (CR and LF dropped).
 * RES_TOOBIG: cut at out->max; *seen is of what was read then. RES_NOMEM. seen
 * may be NULL.
 */
enum result encodedword_decode(
	struct slice value, struct buf *out, struct encodedword *seen) MUST_USE;
