/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/dmarcuri - where reports about a domain are to go: the value of rua= or
 * ruf= (RFC 9989 s4.7, RFC 9990 s3.5).
 *
 * Only "mailto:" of one plain address (mail/mailbox) is taken; header fields
 * behind "?" are dropped. A size limit is "!" digits and one of k m g t, or
 * none of these. Threads: plain data.
 */
#pragma once

#include "mail/mailbox.h"

enum { DMARCURI_MAX = 5 }; /* of one record, the first ones */

struct dmarcuri {
	char mailbox[MAILBOX_TEXT_MAX];
	uint64_t limit; /* octets of a letter; 0: none was given */
};

/* What can be used, each address once; returns how many. *ignored (may be
 * NULL): what is of another kind, broken, doubled or too much. */
size_t dmarcuri_parse(
	struct slice list, struct dmarcuri out[DMARCURI_MAX], size_t *ignored);
