/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy/code - the one table of codes: SMTP reply, class, text, help.
 *
 * codes.def makes this table, reprieve-codes(7) and later the help pages. A
 * row that breaks a rule (class of reply and enhanced code, printable ASCII,
 * no '%', URL placeholder present, longest line within 512 octets with
 * Sendmail's prefix, 550/553/450 at RCPT or MAIL) fails the build (mkcodes).
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
	CODE_AT_END       /* end of message */
};

struct code_row {
	const char *name;   /* "BLOCKED_SELF" */
	const char *smtp;   /* "554" */
	const char *xcode;  /* "5.7.1" (RFC 3463, IANA registry) */
	enum code_stage stage;
	const char *text;   /* with {ip} and {url} */
	const char *cause;  /* for a human: what happened */
	const char *remedy; /* what to change, and who */
};

/* Borrowed for ever; CODE_NONE gives NULL. */
const struct code_row *code_row(enum code c);
/* CODE_NONE: no such name. */
enum code code_find(struct slice name);
