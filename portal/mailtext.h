/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/mailtext - header fields and body of a letter as they go on the wire.
 *
 * Whatever text comes in, one field goes out: controls become blanks, what is
 * not ASCII (or long) becomes encoded words (RFC 2047 s4.2, s5), folded to
 * lines of at most 76. Lines end in LF. Threads: any.
 */
#pragma once

#include "base/buf.h"

enum {
	MAILTEXT_LINE_MAX = 76, /* RFC 2045 s6.7, RFC 2047 s2 */
	MAILTEXT_DATE_MAX = 40
};

/* "Name: text". name: static, of ours. */
void mailtext_field(struct buf *out, const char *name, struct slice text);

/* "Name: words <address>"; address must be fit (mailtext_is_fit). */
void mailtext_mailbox(struct buf *out, const char *name, struct slice words,
	const char *address);

/* May it stand between angle brackets as it is: printable ASCII, one "@", no
 * quotes, no brackets, nothing that parts addresses. */
bool mailtext_is_fit(struct slice address);

/* The body in quoted-printable (RFC 2045 s6.7). */
void mailtext_body(struct buf *out, struct slice text);

/* RFC 5322 s3.3, UTC: "Thu, 26 Nov 2026 18:20:59 +0000"; returns out. */
const char *mailtext_date(int64_t wall_ms, char out[MAILTEXT_DATE_MAX]);
