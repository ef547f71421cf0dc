/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/tracebind - ties a trace to its message, so that it proves nothing of
 * another one.
 *
 * Takes the header fields as they come and keeps a digest of the first of each:
 * c CFBL-Address, d Date, f From, i CFBL-Feedback-ID, m Message-ID. Blanks and
 * folds do not count, nor does the case of names. A field that the MTA adds
 * later is not bound: the letters say which were there. Threads: one at a time.
 */
#pragma once

#include "base/hmac.h"
#include "mail/trace.h"

enum { TRACEBIND_FIELDS = 5 };

struct tracebind {
	bool has[TRACEBIND_FIELDS];
	uint8_t digest[TRACEBIND_FIELDS][SHA256_LEN];
	bool failed; /* no memory */
};

/* Zeroed before the first field. */
void tracebind_add(struct tracebind *b, struct slice name, struct slice value);
/* Letters of those that are there; of c and i only with_cfbl. */
void tracebind_letters(
	const struct tracebind *b, bool with_cfbl, char out[TRACE_BOUND_MAX]);
/* The digest of the fields that letters name. RES_MISSING: one is not there, so
 * the message is another; RES_NOMEM. */
enum result tracebind_digest(const struct tracebind *b, const char *letters,
	uint8_t out[SHA256_LEN]) MUST_USE;
