/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/address - the argument of MAIL FROM and RCPT TO.
 *
 * What the two MTAs hand over: "<local@domain> SIZE=100", "<>", and, from
 * Postfix for local mail, the bare "local@domain" (RFC 5321 s4.1.2, 4.1.1.11).
 * A source route ("<@a,@b:joe@c>") is dropped; no text at all is "<>", as
 * some MTAs give it for local mail. Slices point into the text
 * that was given. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

struct address {
	struct slice whole; /* local@domain as it came, without brackets */
	struct slice local; /* without the quotes of a quoted string */
	struct slice domain; /* after the last @ outside quotes; may be empty */
	bool is_null; /* "<>" */
};

/*
 * RES_SYNTAX: unbalanced brackets or quotes, or octets below 0x20; *out is
 * then whole = text and the rest empty. An address without a domain is fine.
 */
enum result address_parse(struct address *out, struct slice text) MUST_USE;
