/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/confread - a config file as a row of statements (the only file that
 * knows libconfuse).
 *
 * Reads one text; what it means is decided elsewhere. libconfuse keeps its
 * state in the process. Threads: one at a time.
 */
#pragma once

#include "base/slice.h"

struct confread;

/* name = values, the start of a section (is_opening), or an include. */
struct confread_item {
	struct slice section; /* "" at the top */
	struct slice title;
	struct slice name;
	const struct slice *values; /* of an include: the file's name */
	size_t count;
	unsigned line;
	bool is_opening;
	bool is_include;
};

/* Called for each error, in no order. */
typedef void confread_fault(void *ctx, unsigned line, const char *text);

/*
 * Reads as much as can be read. RES_OK also when fault was called; the items
 * and their text live until free. RES_NOMEM, RES_TOOBIG.
 */
enum result confread_new(struct confread **out, struct slice text,
	confread_fault *fault, void *ctx) MUST_USE;
void confread_free(struct confread *r);

const struct confread_item *confread_items(
	const struct confread *r, size_t *count);
