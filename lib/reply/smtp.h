/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply/smtp - the one line that a refused sender reads.
 *
 * Made of our template, the canonical address, our URL and the reference; of
 * what the client sent only a domain, and only one that net/hostname takes. At
 * most 512 octets with code and CRLF
 * (RFC 5321 s4.5.3.1.5). The table has no code at RCPT for which Sendmail puts
 * "<address>... " in front, and with a portal_url of usual length the line
 * would fit even behind that (policy/code.h).
 * Threads: any.
 */
#pragma once

#include "base/buf.h"
#include "policy/code.h"

struct ipaddr;

enum {
	REPLY_TEXT_MAX = CODE_TEXT_MAX,
	REPLY_URL_MAX = CODE_URL_MAX /* of portal_url; conf refuses longer */
};

struct reply {
	char smtp[4];
	char xcode[12];
	char text[REPLY_TEXT_MAX + 1];
};

/* What the fields of the template stand for. */
struct reply_fields {
	const struct ipaddr *ip; /* NULL: "unknown" */
	/* Folded. "", no host name, or so long that the line would not fit:
	 * CODE_DOMAIN_UNKNOWN. */
	struct slice domain;
	struct slice limit; /* cut to CODE_LIMIT_MAX; not printable: unknown */
	int64_t until_s; /* wall time; 0: now_s */
	int64_t now_s;
	struct slice portal_url; /* "": the reference alone */
	struct slice ref;
};

/*
 * RES_TOOBIG cannot happen for a checked table and a
 * portal_url of REPLY_URL_MAX; RES_SYNTAX: url or ref hold an octet that no
 * reply may hold ('%', blanks, not printable); RES_MISSING: no such code.
 * *out is the empty text then.
 */
enum result reply_make(struct reply *out, enum code code,
	const struct reply_fields *fields) MUST_USE;

/* "554 5.7.1 text", as the client reads it, into out. */
void reply_format(const struct reply *r, struct buf *out);
