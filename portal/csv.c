/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/csv.h"

#include <inttypes.h>
#include <string.h>

/* What begins with these is a formula for one program or another, as is what
 * has a TAB or CR in front, which cannot be: controls are blanks by then. */
static bool is_formula(struct slice value)
{
	const struct slice text = slice_trim(value);

	return text.len > 0 && memchr("=+-@|%", text.at[0], 6) != NULL;
}

static bool needs_quotes(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		const char c = value.at[i];

		if (c == '"' || c == ',' || c == ';' || c == '\'' || c == ' ' ||
			(unsigned char)c < ' ')
			return true;
	}
	return false;
}

static void separate(struct buf *out)
{
	if (out->len > 0 && out->at[out->len - 1] != '\n')
		buf_add_char(out, ',');
}

void csv_text(struct buf *out, struct slice value)
{
	const bool is_escaped = is_formula(value);
	const bool is_quoted = is_escaped || needs_quotes(value);

	separate(out);
	if (is_quoted)
		buf_add_char(out, '"');
	if (is_escaped)
		buf_add_char(out, '\'');
	for (size_t i = 0; i < value.len; i++) {
		const char c = value.at[i];

		if (c == '"')
			buf_add_char(out, '"');
		buf_add_char(out, (unsigned char)c < ' ' || c == 127 ? ' ' : c);
	}
	if (is_quoted)
		buf_add_char(out, '"');
}

void csv_number(struct buf *out, uint64_t value)
{
	separate(out);
	buf_add_format(out, "%" PRIu64, value);
}

void csv_end(struct buf *out)
{
	buf_add_text(out, "\r\n");
}
