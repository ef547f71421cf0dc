/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/taglist - "name=value; name=value" (RFC 6376 s3.2), as DKIM, ARC, key
 * records and DMARC records write it.
 *
 * Slices point into the text that was given. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

struct arena;

enum { TAGLIST_MAX = 64 };

struct tag {
	struct slice name; /* as written: tag names are case-sensitive */
	struct slice value; /* without the blanks and folds at both ends */
};

struct taglist {
	size_t count;
	struct tag tag[TAGLIST_MAX];
};

/*
 * RES_SYNTAX: no tag-list, an octet that no value may hold, or a name twice
 * (s3.2: such a list is invalid as a whole); RES_TOOBIG: over TAGLIST_MAX
 * tags. An empty text has no tags and is RES_SYNTAX. *out is defined on RES_OK
 * only.
 */
enum result taglist_parse(struct taglist *out, struct slice text) MUST_USE;

/* The value, or NULL when there is no such tag. An empty value is not NULL. */
const struct slice *taglist_find(const struct taglist *t, const char *name);

/* A copy without any SP, HT, CR, LF, for base64 and lists. RES_TOOBIG. */
enum result taglist_squeeze(
	struct slice value, struct arena *a, struct slice *out) MUST_USE;

/* Base64 (RFC 4648 s4, blanks within ignored, padding required as there) to
 * octets owned by a. RES_SYNTAX, RES_TOOBIG. */
enum result taglist_base64(
	struct slice value, struct arena *a, struct slice *out) MUST_USE;
