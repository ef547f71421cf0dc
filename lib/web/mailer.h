/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/mailer - the only file that knows libcurl: hands one letter to the
 * local MTA by SMTP. Threads: any; open and close from main.
 */
#pragma once

#include "base/buf.h"

struct conf;

enum {
	MAILER_TIMEOUT_MS = 30000,
	MAILER_CONNECT_MS = 5000,
	MAILER_TEXT_MAX = 256 * 1024,
	MAILER_WHY_MAX = 512
};

/* Once a process, before the first letter. RES_NOMEM. */
enum result mailer_open(void) MUST_USE;
void mailer_close(void);

struct mailer_letter {
	const char *sender; /* of the envelope; "": null sender */
	const char *rcpt;
	struct slice text; /* whole message, lines end in LF or CRLF */
	unsigned timeout_ms; /* for all of it; 0: MAILER_TIMEOUT_MS */
	size_t text_max; /* octets with CRLF; 0: MAILER_TEXT_MAX */
};

/*
 * RES_OK: the MTA has taken it. RES_DENIED: it refused this letter (5xx to
 * MAIL, RCPT, DATA or the text), no use in trying again; RES_TIMEOUT, RES_DOWN
 * (no connection, 4xx, or no service at all): later. RES_SYNTAX: an address
 * that no MTA may be given; RES_TOOBIG, RES_NOMEM. why: what it said last, or
 * what is wrong.
 */
enum result mailer_send(const struct conf *conf,
	const struct mailer_letter *letter, struct buf *why) MUST_USE;
