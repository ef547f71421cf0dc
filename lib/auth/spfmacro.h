/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/spfmacro - domain-spec and macro-string of an SPF record.
 *
 * Source: RFC 7208 s7. A stranger's text: any octet. The macros of
 * explanation texts (c, r, t) are syntax, but no part of a domain-spec; such
 * texts are never fetched.
 * Threads: plain data.
 */
#pragma once

#include "net/ipaddr.h"

struct arena;

enum {
	SPFMACRO_SPEC_MAX = 450, /* longest domain-spec that is taken */
	SPFMACRO_NAME_MAX = 253 /* s7.3: what an expansion is cut to */
};

/* macro-string (s7.1): printable ASCII, each "%" begins a macro. */
bool spfmacro_is_string(struct slice text);
/* domain-spec: a macro-string that ends in a macro or a top label. False past
 * SPFMACRO_SPEC_MAX, too. */
bool spfmacro_is_domain(struct slice text);
/* Has text, a macro-string, the macro of that lower case letter? */
bool spfmacro_has(struct slice text, char letter);
/* Has it one that the sender's local part goes into (l, s)? */
bool spfmacro_has_local(struct slice text);

/* What macros stand for (s7.2). */
struct spfmacro_values {
	struct slice local; /* l */
	struct slice sender_domain; /* o */
	struct slice domain; /* d: of the record at hand */
	struct slice helo; /* h */
	struct slice validated; /* p: name of the client, or "unknown" */
	const struct ipaddr *ip; /* i, v */
};

/*
 * The name that spec, a domain-spec, means, without its trailing dot; labels
 * are cut off its left until SPFMACRO_NAME_MAX are left. It may hold any octet
 * of the values. RES_TOOBIG: expands to more than 64 KiB; RES_NOMEM;
 * RES_SYNTAX: no domain-spec. *out owned by a, empty on error.
 */
enum result spfmacro_expand(struct slice spec,
	const struct spfmacro_values *values, struct arena *a,
	struct slice *out) MUST_USE;
