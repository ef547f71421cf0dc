/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/base64 - base64 in one piece (RFC 4648 s4, RFC 6376 s2.10), or in lines
 * for a letter.
 *
 * Blanks and folds are to be squeezed out before (mail/taglist). Padding may
 * be left out, as the grammar of RFC 6376 allows; when it is there it is whole
 * and at the end. Threads: plain data.
 */
#pragma once

#include "base/buf.h"

struct arena;

/* Owned by a. RES_SYNTAX: any other octet, or a length that none has. */
enum result base64_decode(
	struct slice text, struct arena *a, struct slice *out) MUST_USE;

/* With padding, owned by a. RES_NOMEM. */
enum result base64_encode(
	struct slice octets, struct arena *a, struct slice *out) MUST_USE;

/* In lines of 76 characters (RFC 2045 s6.8), each with LF at its end. */
enum { BASE64_LINE_OCTETS = 57, BASE64_LINE_LEN = 77 };
void base64_lines(struct slice octets, struct buf *out);
