/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/mime - the parts of a message (RFC 2045, RFC 2046).
 *
 * One pass over the lines, without recursion; lines end in CRLF or LF.
 * Parts point into the body. What does not fit together is read as far as it
 * goes and said to be broken. A boundary is looked for among all multiparts
 * that are open, the inner ones first: an outer one ends those within.
 * Threads: plain data.
 */
#pragma once

#include "base/slice.h"

struct arena;

/* Values of the fields of a header, folds and all; "" for what it lacks. */
struct mime_head {
	struct slice type; /* Content-Type */
	struct slice encoding; /* Content-Transfer-Encoding */
	struct slice disposition; /* Content-Disposition */
};

struct mime_part {
	struct mime_head head;
	struct slice type; /* folded, "text/plain" without one that is right */
	struct slice encoding; /* folded */
	struct slice raw; /* its content, still encoded; of a message all */
	unsigned depth; /* 0: the message itself */
	int parent; /* index, -1 */
	bool is_multipart; /* opened: its parts follow */
	bool is_message; /* opened: the message within follows */
};

struct mime_limits {
	unsigned parts_max;
	unsigned depth_max; /* greatest depth of a part */
};

struct mime {
	const struct mime_part *parts; /* the first is the message itself */
	size_t count;
	bool is_too_deep; /* parts at depth_max were not opened */
	bool has_too_many; /* the rest of the body was not looked at */
	/* A boundary is missing, or not said; a part has no header. Where the
	 * body was cut, that is no wonder. */
	bool is_broken;
};

/* Owned by a. RES_NOMEM: a has no room; *out untouched. */
enum result mime_parse(struct slice body, const struct mime_head *head,
	const struct mime_limits *limits, struct arena *a,
	struct mime *out) MUST_USE;
