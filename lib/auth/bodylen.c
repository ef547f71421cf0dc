/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/bodylen.h"

enum { CRLF_LEN = 2 };

void bodylen_init(struct bodylen *b, bool is_relaxed)
{
	*b = (struct bodylen){ .is_relaxed = is_relaxed };
}

static void end_line(struct bodylen *b)
{
	if (b->is_in_line)
		b->len += CRLF_LEN;
	else
		b->blank_lines++;
	b->is_in_line = false;
	b->has_blank = false;
}

static void add_octet(struct bodylen *b, char c)
{
	if (b->is_relaxed && (c == ' ' || c == '\t')) {
		b->has_blank = true;
		return;
	}
	b->len += CRLF_LEN * b->blank_lines + (b->has_blank ? 1 : 0) + 1;
	b->blank_lines = 0;
	b->has_blank = false;
	b->is_in_line = true;
}

void bodylen_add(struct bodylen *b, struct slice piece)
{
	for (size_t i = 0; i < piece.len; i++)
		if (piece.at[i] == '\n')
			end_line(b);
		else if (piece.at[i] != '\r')
			add_octet(b, piece.at[i]);
}

uint64_t bodylen_end(const struct bodylen *b)
{
	if (b->is_in_line)
		return b->len + CRLF_LEN;
	/* s3.4.3: an empty body is a CRLF; s3.4.4: or nothing */
	return b->len == 0 && !b->is_relaxed ? CRLF_LEN : b->len;
}
