/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/reportmail - what a visitor reports, as a mail that reprieve-intake
 * reads with -u (reprieve-intake(8)): one way in for the form and for mail.
 *
 * All that is the visitor's is in base64, so that nothing in it can look like
 * a part of ours; his names of files are not told. Threads: any.
 */
#pragma once

#include "base/buf.h"

/* What a file, or a text that was pasted, seems to be. */
enum reportmail_sort {
	REPORTMAIL_NOTHING = 0, /* none of these: it is not sent on */
	REPORTMAIL_MESSAGE, /* begins as a header does */
	REPORTMAIL_JSON /* XARF, maybe */
};

enum reportmail_sort reportmail_sort(struct slice octets);

enum { REPORTMAIL_PARTS_MAX = 33 }; /* files of a form, and what was pasted */

struct reportmail {
	const char *host; /* what stands behind the @ of our address */
	struct slice reporter; /* as mail/mailbox has it, or "" */
	struct slice client; /* network of the visitor, or "" */
	const char *language;
	struct slice text; /* what the visitor wrote, or "" */
	struct slice part[REPORTMAIL_PARTS_MAX]; /* MESSAGE or JSON each */
	size_t count;
};

/* RES_TOOBIG: out has no room; RES_NOMEM. */
enum result reportmail_write(
	const struct reportmail *m, struct buf *out) MUST_USE;
/* Octets that reportmail_write adds at most, for so many of the visitor's. */
size_t reportmail_size(size_t octets);
