/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/taglist - lists of "tag=value; tag=value" (RFC 6376 s3.2).
 *
 * DKIM signatures and keys, ARC and DMARC records are written so. Values are
 * slices of the text: blanks and folds around them are dropped, those within
 * stay. Octets above 127 are taken in values (RFC 8616), never in names.
 * Threads: plain data.
 */
#pragma once

#include "base/slice.h"

struct arena;

enum { TAGLIST_MAX = 64 };

struct tag {
	struct slice name; /* as written: case counts (RFC 6376 s3.2) */
	struct slice value; /* may be empty */
};

struct taglist {
	size_t count;
	struct tag tag[TAGLIST_MAX];
};

/*
 * RES_SYNTAX: not of that grammar, an empty text too; RES_EXISTS: a tag is
 * there twice (RFC 6376 s3.2: the list is not valid then); RES_TOOBIG: more
 * than TAGLIST_MAX. *out is then of no use. One ";" may end the list.
 */
enum result taglist_parse(struct taglist *out, struct slice text) MUST_USE;

/* The value of that tag, or NULL: there is none. Lives as *list. */
const struct slice *taglist_find(const struct taglist *list, const char *name);

/* value without any of its blanks and folds (b=, bh=, p=): a part of it or
 * owned by a. RES_TOOBIG, RES_NOMEM. */
enum result taglist_squeeze(
	struct slice value, struct arena *a, struct slice *out) MUST_USE;
