/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/mailparts - takes a report apart: its text, the fields of a feedback
 * report, XARF, and the originals that are attached.
 *
 * GMime parses what a stranger sent in a child process (ctl/mailchild), which
 * tells what it finds part by part (ctl/mailframe). Before that the message is
 * cut where it would have too many parts (plaintext_scan). A message/rfc822 is
 * an original and not looked into further, but for one that is itself nothing
 * but a report around an original (forwarded twice), two deep: then the one
 * within follows, too, and says so. Threads: one.
 */
#pragma once

#include "base/buf.h"

enum mailparts_kind {
	MAILPARTS_TEXT = 0, /* first text/plain that is no attachment, UTF-8 */
	MAILPARTS_HTML, /* first text/html, UTF-8 */
	MAILPARTS_FEEDBACK, /* message/feedback-report */
	MAILPARTS_STATUS, /* message/delivery-status */
	MAILPARTS_ORIGINAL, /* message/rfc822, or a file whose name ends .eml */
	MAILPARTS_HEADERS, /* text/rfc822-headers, message/rfc822-headers */
	MAILPARTS_JSON, /* application/json or a file .json: XARF */
	MAILPARTS_DMARC, /* an aggregate report: .xml, .xml.gz, .zip, packed
			    still */
	MAILPARTS_KINDS
};

enum {
	MAILPARTS_COUNT_MAX = 250,
	MAILPARTS_MESSAGE_MAX = 6 * 1024 * 1024, /* the rest is not looked at */
	MAILPARTS_OCTETS_MAX = 4 * 1024 * 1024, /* of all parts */
	MAILPARTS_TEXT_MAX = 256 * 1024, /* of a text, of HTML */
	MAILPARTS_NAME_MAX = 255,
	MAILPARTS_FORWARDS_MAX = 2
};

struct mailpart {
	enum mailparts_kind kind;
	struct slice octets; /* decoded */
	struct slice name; /* of the file, as given; "" */
	int within; /* index of the original it was found in; -1: none */
};

struct mailparts {
	struct buf octets; /* what the parts are cut out of */
	struct mailpart part[MAILPARTS_COUNT_MAX];
	size_t count;
	bool is_partial; /* some were left out: too many, too large */
};

/*
 * *out is to be cleared whatever comes. RES_CORRUPT: the child died of it (what
 * it had told before is there); RES_TIMEOUT: the same; RES_NOMEM.
 */
enum result mailparts_read(
	struct slice message, struct mailparts *out) MUST_USE;
void mailparts_clear(struct mailparts *p);

/* The first of that kind that is within no original; NULL: there is none. */
const struct mailpart *mailparts_find(
	const struct mailparts *p, enum mailparts_kind kind);
