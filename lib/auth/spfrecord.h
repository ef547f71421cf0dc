/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/spfrecord - an SPF record, term by term.
 *
 * Source: RFC 7208 s12 (ABNF), s4.5, s4.6. Strict: what is not of that grammar
 * is RES_SYNTAX wherever in the record it stands. A stranger's text: may hold
 * any octet and be as long as a DNS answer. Terms point into it; nothing is
 * copied. Threads: plain data.
 */
#pragma once

#include "fact/auth.h"
#include "net/ipaddr.h"

enum spf_kind {
	SPF_ALL = 1,
	SPF_INCLUDE,
	SPF_A,
	SPF_MX,
	SPF_PTR,
	SPF_IP4,
	SPF_IP6,
	SPF_EXISTS,
	SPF_REDIRECT, /* modifiers from here on */
	SPF_EXP,
	SPF_OTHER /* a modifier that says nothing to us (s6) */
};

struct spf_term {
	enum spf_kind kind;
	enum auth_result qualifier; /* of a directive: what a match means */
	struct slice text; /* all of it, as written */
	struct slice spec; /* domain-spec, or a modifier's value; maybe "" */
	uint8_t net[16]; /* ip4 (the last four), ip6 */
	uint8_t bits4; /* of ip4, a, mx: 0 to 32 */
	uint8_t bits6; /* of ip6, a, mx: 0 to 128 */
};

struct spf_record {
	struct slice text;
	struct slice terms; /* what stands behind the version */
	struct spf_term redirect; /* kind 0: it has none */
	struct slice fault; /* the term that is none, after RES_SYNTAX */
	const char *why; /* and why, static */
};

/* Does text begin with the version, and nothing behind it but a blank or its
 * end (s4.5)? */
bool spfrecord_is_one(struct slice text);

/* Reads all of it. RES_SYNTAX: see fault and why of *out. */
enum result spfrecord_parse(struct spf_record *out, struct slice text) MUST_USE;

/*
 * The next term of *rest (at first: terms of a record). RES_MISSING: there is
 * none any more. RES_SYNTAX: only of text that was not parsed before; out->text
 * is that term, *why (NULL is fine) says what is wrong.
 */
enum result spfrecord_next(
	struct slice *rest, struct spf_term *out, const char **why) MUST_USE;

/* Is ip within the network of an ip4 or ip6 term? Families do not mix. */
bool spfrecord_covers(const struct spf_term *term, const struct ipaddr *ip);
