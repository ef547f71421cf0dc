/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/mailbox - a mail address as a person types it into a form, where only
 * plain ones are taken.
 *
 * Dot-string "@" domain (RFC 5321 s4.1.2) of ASCII: no quotes, no address
 * literal, no comment, nothing that could be more than one address, and nothing
 * that an MTA beside us may take for a way to somewhere else: no "%" or "!" in
 * the local part, no "|", "/" or "-" at its beginning. Of IDN domains the
 * A-label. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

enum { MAILBOX_LOCAL_MAX = 64, MAILBOX_TEXT_MAX = 255 }; /* with the NUL */

/*
 * Blanks around are dropped, the domain is folded, the local part stays as it
 * is. RES_SYNTAX: no such address; RES_TOOBIG: longer than RFC 5321 s4.5.3.1
 * has it. *out is untouched on error.
 */
enum result mailbox_parse(
	struct slice text, char out[MAILBOX_TEXT_MAX]) MUST_USE;

/* What stands behind the @ of such an address. */
struct slice mailbox_domain(struct slice mailbox);

/*
 * The name that limits know a mailbox by, for one mailbox has many spellings:
 * all in lower case, without the dot at the end, and without a detail ("+" and
 * what follows it in the local part). For counting only; a letter goes to the
 * address as it was given.
 * RES_TOOBIG: no room, and *out is untouched.
 */
enum result mailbox_name(
	struct slice mailbox, char out[MAILBOX_TEXT_MAX]) MUST_USE;
