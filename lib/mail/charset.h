/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/charset - text of any charset as UTF-8.
 *
 * Charsets that mail is seen to use, under their many names; others are
 * guessed. What is no character becomes U+FFFD, never an error. Conversion
 * is by iconv(3), but for the common ones. Threads: plain data.
 */
#pragma once

#include "base/buf.h"

/* Is the name one of those we know? The empty one is not. */
bool charset_is_known(struct slice charset);

/*
 * Adds text to out, which holds valid UTF-8 then. A charset that is not known,
 * empty or US-ASCII: UTF-8 when all of the text is, else windows-1252. RES_OK;
 * RES_TOOBIG: cut before the character that has no room, out is not failed;
 * RES_NOMEM: out is failed.
 */
enum result charset_decode(
	struct slice charset, struct slice text, struct buf *out) MUST_USE;

/* charset_decode would give text as it is. */
bool charset_is_same(struct slice charset, struct slice text);
