/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/headernote - how the parts of heur/headers write down what they see.
 *
 * Threads: as their session.
 */
#pragma once

#include "fact/check.h"

enum {
	HEADERNOTE_LINE_MAX = 900,
	HEADERNOTE_VALUE_MAX = 100 /* octets of a value that are quoted */
};

struct headernote {
	const char *check; /* the name of the check */
	const struct check_input *in;
	struct findings *out;
	bool has_hit;
};

/* A hit of that word with that factor. The line is copied; it is cut at
 * HEADERNOTE_LINE_MAX and holds whatever octets were given. */
void headernote_add(struct headernote *n, const char *word, double factor,
	const char *format, ...) PRINTF_LIKE(4, 5);

/* The one finding that nothing was seen, if so. */
void headernote_end(struct headernote *n);

/* A value without its blanks, cut to be quoted; nothing of one with an "@",
 * which may be somebody's address. */
struct slice headernote_quote(struct slice value);

/* The first field of that name, or NULL. */
const struct field *headernote_field(const struct message *m, const char *name);
