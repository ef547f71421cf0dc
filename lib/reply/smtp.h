/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply/smtp - the one line that a refused sender reads.
 *
 * Made of our template, the canonical address, our URL and the reference;
 * nothing of it comes from the client. At most 512 octets with code and CRLF,
 * also behind Sendmail's "<address>... " prefix (RFC 5321 s4.5.3.1.5).
 * Threads: any.
 */
#pragma once

#include "policy/code.h"

struct ipaddr;

enum {
	REPLY_TEXT_MAX = 512 - 12 - 260 - 2, /* code, prefix, CRLF */
	REPLY_URL_MAX = 128 /* of portal_url; conf refuses a longer one */
};

struct reply {
	char smtp[4];
	char xcode[12];
	char text[REPLY_TEXT_MAX + 1];
};

/* ip may be NULL ("unknown" is printed). portal_url "": the reference alone
 * stands for the URL. RES_TOOBIG cannot happen for a checked table. */
enum result reply_make(struct reply *out, enum code code,
	const struct ipaddr *ip, struct slice portal_url, struct slice ref)
	MUST_USE;
