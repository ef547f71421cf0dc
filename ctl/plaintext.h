/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/plaintext - what a person wrote in a mail, as plain text for a ticket.
 * Threads: plain data.
 */
#pragma once

#include "base/buf.h"

enum {
	PLAINTEXT_BOUNDARIES_MAX = 200, /* lines that may begin a MIME part */
	PLAINTEXT_QUOTED_MAX = 3 /* lines that are kept of each quote */
};

/*
 * How much of a message may be handed to a MIME parser: up to the line that
 * would be one boundary too many, since each part costs memory.
 */
size_t plaintext_scan(struct slice message);

/* Text of HTML, crudely: tags, style and script go, breaks become lines, the
 * usual references become characters. */
void plaintext_strip(struct slice html, struct buf *out);

/*
 * Lines end in LF; other controls, the signature (behind "-- ") and all but
 * the first lines of each quote are left out, empty lines at both ends too.
 * What is longer than most is cut between characters; "[...]" says where
 * something is missing.
 */
void plaintext_clean(struct slice text, size_t most, struct buf *out);
