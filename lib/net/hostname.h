/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net/hostname - is this a domain name, and its one spelling.
 *
 * LDH labels and underscores, 1 to 63 octets each, 253 in all, one trailing
 * dot dropped, upper case folded (RFC 1123 s2.1, RFC 4343). A hyphen neither
 * begins nor ends a label, and the last label is no number: "192.0.2.1" is no
 * name. U-labels are not names here. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

enum { HOSTNAME_MAX = 254 };

/* Into out with a NUL; *len its length. RES_SYNTAX, RES_TOOBIG. */
enum result hostname_parse(
	struct slice text, char out[HOSTNAME_MAX], size_t *len) MUST_USE;
bool hostname_is_valid(struct slice text);

/* Is it that name or one below it? Both are folded. */
bool hostname_is_within(struct slice name, struct slice above);
