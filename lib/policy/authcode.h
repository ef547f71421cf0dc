/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy/authcode - the words for a check of authentication that failed.
 *
 * For policy/rules only, which decides; here it is said how that is told. The
 * rows are those of codes.def for the end of a message (RFC 7372, RFC 7208 s8,
 * RFC 6376 s6.3, RFC 9989 s7). Threads: plain functions.
 */
#pragma once

#include "fact/finding.h"
#include "policy/code.h"

struct auth_facts;

/*
 * The method that the check is of, as a bit; both evaluations of SPF are one.
 * 0: it is no check of authentication (RFC 8601 s2.7).
 */
unsigned authcode_method(const char *check);

/*
 * The row for this finding alone, of the class that is told: a refusal, or
 * is_later. all: of the same message. CODE_NONE: it has none of its own.
 */
enum code authcode_one(
	const struct finding *f, const struct findings *all, bool is_later);

/* RFC 7372 s3.4: the row when more than one of those methods failed;
 * CODE_NONE: it was one, or none. */
enum code authcode_several(unsigned methods);

/*
 * The domain that the reply names: the one that the cause is about, for
 * several that of the author. auth may be NULL. "": there is none. Borrowed
 * from auth.
 */
struct slice authcode_domain(enum code code, const struct finding *cause,
	const struct auth_facts *auth);
