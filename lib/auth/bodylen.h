/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/bodylen - how long a body is once it is canonical (RFC 6376 s3.4.3,
 * s3.4.4), to tell whether l= covers all of it.
 *
 * Lines end in CRLF; what has a CR or an LF of its own has no canonical form.
 * Nothing is kept but counts. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

struct bodylen {
	bool is_relaxed;
	bool is_in_line; /* the line at hand is not blank */
	bool has_blank; /* one more octet if the line goes on */
	uint64_t blank_lines; /* that count if something follows */
	uint64_t len;
};

void bodylen_init(struct bodylen *b, bool is_relaxed);
/* Pieces may be cut anywhere. */
void bodylen_add(struct bodylen *b, struct slice piece);
/* Octets of the whole; a CRLF that is missing at its end counts. */
uint64_t bodylen_end(const struct bodylen *b);
