/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/mailtext - the one part of a message that we want, found by GMime in a
 * child process (ctl/mailchild). Threads: one.
 */
#pragma once

#include "base/buf.h"

enum {
	MAILTEXT_MESSAGE_MAX = 2 * 1024 * 1024,
	MAILTEXT_TEXT_MAX = 256 * 1024 /* the rest of a part is cut */
};

enum mailtext_want {
	MAILTEXT_TEXT = 0, /* the first text/plain, in UTF-8 */
	MAILTEXT_HTML, /* the first text/html, in UTF-8 */
	MAILTEXT_STATUS /* the first message/delivery-status */
};

/*
 * Adds it to out. RES_MISSING: there is no such part; RES_CORRUPT: the child
 * died of it; RES_TIMEOUT; RES_NOMEM: no child could be made.
 */
enum result mailtext_read(struct slice message, enum mailtext_want want,
	struct buf *out) MUST_USE;
