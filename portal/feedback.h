/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/feedback - a feedback report as it goes on the wire (RFC 5965 s2):
 * multipart/report of a text, message/feedback-report, and the header of the
 * message or the whole of it. "Auto-Submitted: auto-generated" (RFC 3834).
 * Threads: any.
 */
#pragma once

#include "mail/arf.h"

#include <stdint.h>

enum { FEEDBACK_MAX = 250 * 1024 };

struct feedback {
	const char *from_name;
	const char *from; /* mail address, fit for a header */
	const char *to; /* the same */
	const char *message_id; /* left part and host: "x@example.net" */
	const char *boundary; /* letters, digits, "-"; nobody can guess it */
	const char *language; /* tag */
	struct slice subject; /* of the message, redacted; UTF-8 */
	int64_t now_ms;
	struct slice text; /* for people; UTF-8 */
	const struct arf *arf;
	struct slice original; /* redacted; lines end in LF */
	bool is_whole; /* has its body */
};

/* Lines end in LF. RES_SYNTAX: an address that cannot stand in a header;
 * RES_NOMEM, RES_TOOBIG. */
enum result feedback_write(const struct feedback *f, struct buf *out) MUST_USE;
