/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/from - the domains of the authors that a From field names (RFC 5322
 * s3.4, s3.6.2, s4.4; groups: RFC 6854).
 *
 * Readers of mail do not agree on what a strange From field says, and whoever
 * forges one lives on that. So this one never picks: it lists each domain that
 * some reader may take for the author's, those of a source route and of an
 * address in front of "<" without quotes too, and refuses what is read in more
 * than one way: two addresses without a comma, text behind an address, blanks
 * or comments within a domain, an "@" in a quoted local part or in a comment
 * within an address, an encoded word in a local part, an address literal,
 * control octets. Display names, encoded words and octets above 127 in them are
 * not looked at. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

enum { FROM_DOMAINS_MAX = 8 };

struct from_list {
	size_t count;
	/* As they came, parts of the value; no two of them alike but for
	 * case. May hold octets above 127, and be no name at all. */
	struct slice domain[FROM_DOMAINS_MAX];
};

/*
 * value: of the field, with its folds. RES_SYNTAX: no address, or not to be
 * read in one way only; RES_TOOBIG: more than FROM_DOMAINS_MAX domains. *out
 * is then of no use. RES_OK: at least one domain.
 */
enum result from_parse(struct slice value, struct from_list *out) MUST_USE;
