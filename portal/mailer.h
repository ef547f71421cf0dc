/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/mailer - the only file that knows libcurl: hands one letter to the
 * local MTA by SMTP. Threads: any.
 */
#pragma once

#include "base/buf.h"

struct conf;

enum { MAILER_TIMEOUT_MS = 30000 };

struct mailer_letter {
	const char *sender; /* of the envelope; "": null sender */
	const char *rcpt;
	struct slice text; /* whole message, lines end in LF or CRLF */
};

/*
 * RES_OK: the MTA has taken it. RES_DENIED: it said 5xx, no use in trying
 * again; RES_TIMEOUT, RES_DOWN (no connection, 4xx): later. why: its words.
 */
enum result mailer_send(const struct conf *conf,
	const struct mailer_letter *letter, struct buf *why) MUST_USE;
