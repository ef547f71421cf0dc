/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/authresread - read the results in an Authentication-Results or an
 * ARC-Authentication-Results value (RFC 8601 s2.2, RFC 8617 s4.1.1).
 *
 * One result after the other, without memory of its own. Comments are skipped.
 * Stricter than the readers of mail: what is not of the grammar ends it; only
 * "action=none", without a dot, as some large sites write it, is taken too.
 * Threads: plain data.
 */
#pragma once

#include "base/slice.h"

enum { AUTHRESREAD_PROPERTIES_MAX = 16 };

struct authresread {
	struct slice value;
	size_t at;
};

struct authresread_property {
	struct slice type; /* "header", "smtp" ...; "" when there is none */
	struct slice name;
	struct slice value; /* without quotes around all of it */
};

struct authresread_result {
	struct slice method; /* without its version */
	struct slice result;
	struct slice reason;
	size_t count;
	struct authresread_property property[AUTHRESREAD_PROPERTIES_MAX];
};

/* Reads up to the first result, "i=1;" in front of it too. RES_SYNTAX.
 * authserv_id is a part of value. */
enum result authresread_begin(struct authresread *r, struct slice value,
	struct slice *authserv_id) MUST_USE;

/* RES_MISSING: there are no more. RES_SYNTAX; RES_TOOBIG: more properties than
 * AUTHRESREAD_PROPERTIES_MAX. *out is then of no use, and nothing that came
 * before should be relied on. Slices are parts of the value. */
enum result authresread_next(
	struct authresread *r, struct authresread_result *out) MUST_USE;

/* That property without case, or NULL. */
const struct slice *authresread_find(
	const struct authresread_result *r, const char *type, const char *name);
