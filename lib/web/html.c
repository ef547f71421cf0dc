/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/html.h"

#include "base/utf8.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

static const char *reference_of(uint32_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\t':
	case '\n':
		return " ";
	default:
		return utf8_is_hidden(c) ? replacement : NULL;
	}
}

void html_add(struct buf *out, struct slice text)
{
	while (text.len > 0) {
		uint32_t character = 0;
		const char *other;
		size_t len = utf8_read(text, &character);

		other = len == 0 ? replacement : reference_of(character);
		if (len == 0)
			len = 1;
		if (other != NULL)
			buf_add_text(out, other);
		else
			buf_add(out, slice_part(text, 0, len));
		text = slice_part(text, len, text.len);
	}
}

void html_add_text(struct buf *out, const char *text)
{
	html_add(out, slice_of(text));
}
