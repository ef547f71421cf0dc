/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy/code - the one table of codes: SMTP reply, class, text, help.
 *
 * codes.def makes this table, reprieve-codes(7) and later the help pages. A
 * row that breaks a rule fails the build; mkcodes.c holds the rules and names
 * the row. Among them: reply and enhanced code of one class, printable ASCII
 * without '%', {url} in the text, X.7.1 with 5xx only, never 550, 553 or 450 at
 * MAIL and RCPT (Sendmail puts "<address>... " before our text for these
 * three), and the longest line within the 512 octets of RFC 5321 s4.5.3.1.5.
 * Threads: constant.
 */
#pragma once

#include "base/slice.h"

enum code {
	CODE_NONE = 0,
#define CODE(name, smtp, xcode, stage, text, cause, remedy) CODE_##name,
#include "policy/codes.def"
#undef CODE
	CODE_COUNT
};

enum code_stage {
	CODE_AT_ENVELOPE, /* MAIL or RCPT */
	CODE_AT_END /* end of message */
};

enum {
	CODE_LINE_MAX = 512, /* RFC 5321 s4.5.3.1.5, with CRLF */
	CODE_HEAD_MAX = 14, /* "554 5.777.777 " */
	CODE_PREFIX_MAX = 260, /* Sendmail's "<address>... " */
	/* Of our text, everything put in. */
	CODE_TEXT_MAX = CODE_LINE_MAX - CODE_HEAD_MAX - 2,
	CODE_URL_MAX = 128, /* of portal_url, a longer one is refused */
	/* Up to this portal_url the text fits behind the prefix, too. */
	CODE_URL_USUAL = 64,
	CODE_IP_MAX = 45,
	CODE_DOMAIN_MAX = 253,
	CODE_LIMIT_MAX = 48,
	CODE_TIME_MAX = 16, /* "2026-11-26 14:05" */
	CODE_PAGE_MAX = 3 + 17 /* "/r/" and the reference */
};

struct code_row {
	const char *name; /* "BLOCKED_SELF" */
	const char *smtp; /* "554" */
	const char *xcode; /* "5.7.1" (RFC 3463, IANA registry) */
	enum code_stage stage;
	const char *text; /* with {ip} {domain} {limit} {time} {url} */
	const char *cause; /* for a human: what happened */
	const char *remedy; /* what to change, and who */
};

/* What stands for {domain} when it cannot be named. */
#define CODE_DOMAIN_UNKNOWN "the author's domain"

/* What stands for {limit} when its text cannot be used. */
#define CODE_LIMIT_UNKNOWN "what we take at a time"

/* Borrowed for ever; CODE_NONE gives NULL. */
const struct code_row *code_row(enum code c);
/* CODE_NONE: no such name. */
enum code code_find(struct slice name);
