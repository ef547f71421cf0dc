/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/confscan - the first look at a config file: what does it state, where.
 *
 * libconfuse stops at its first error, counts the end of a comment as a line,
 * expands ${NAME} from the environment and says nothing about a string that
 * never ends. So each file passes through here first: statements are shown to
 * the caller one by one, and those it keeps are written out again in a plain
 * form (no comments, every value in double quotes, "$" escaped, each statement
 * on its old line) that libconfuse then reads.
 *
 *     name = value            name = { value, value }
 *     section { ... }         section "title" { ... }       include("file")
 *
 * Values are words of letters, digits and _.:@/- or strings in double or
 * single quotes that end on their line; in them \\ \" \' \$ are one octet
 * each. Comments: from # or // to the end of the line, and between the usual
 * slash-star pair. Threads: plain functions.
 */
#pragma once

#include "base/buf.h"

enum confscan_shape {
	CONFSCAN_VALUE = 1,
	CONFSCAN_SECTION,
	CONFSCAN_TITLED,
	CONFSCAN_CALL
};

struct confscan_statement {
	enum confscan_shape shape;
	struct slice section; /* the one it stands in, empty at the top */
	struct slice name;
	unsigned line;
};

struct confscan_calls {
	/* Is it to be kept? Called in the order of the file; what stands in a
	 * section that was not kept is not shown. */
	bool (*judge)(void *ctx, const struct confscan_statement *s);
	/* An error of the grammar, always the last call. */
	void (*fault)(void *ctx, unsigned line, const char *text);
	void *ctx;
};

/* Name of the option that is written first into every section, so that the
 * reader hears of it, its title and its line even when it is empty. */
extern const char confscan_opening[];

/*
 * RES_OK; RES_SYNTAX: fault was called, and *out holds all whole statements
 * before it; RES_TOOBIG, RES_NOMEM: of *out.
 */
enum result confscan_run(struct slice text, const struct confscan_calls *calls,
	struct buf *out) MUST_USE;
