/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/html.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* How many octets a character that begins so has; 0: none begins so. */
static size_t length_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc0 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf8 ? 4 : 0;
}

/* RFC 3629 s3: the shortest form only, no surrogates, an end. */
static bool is_allowed(uint32_t c, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	return c >= least[len] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

/* The number of octets of the character at the front of s, and which it is;
 * 0 when it is not UTF-8. */
static size_t read_character(struct slice s, uint32_t *character)
{
	const unsigned char first = (unsigned char)s.at[0];
	const size_t len = length_of(first);
	uint32_t c = first;

	if (len == 0 || s.len < len)
		return 0;
	if (len > 1)
		c = first & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		const unsigned char next = (unsigned char)s.at[i];

		if ((next & 0xc0U) != 0x80U)
			return 0;
		c = (c << 6) | (next & 0x3fU);
	}
	if (!is_allowed(c, len))
		return 0;
	*character = c;
	return len;
}

static bool is_hidden(uint32_t c)
{
	static const struct {
		uint32_t from;
		uint32_t to;
	} range[] = {
		{ 0x00, 0x1f },
		{ 0x7f, 0x9f },
		{ 0x61c, 0x61c },
		{ 0x200b, 0x200f },
		{ 0x2028, 0x202e },
		{ 0x2060, 0x2069 },
		{ 0xfeff, 0xfeff },
		{ 0xfffe, 0xffff },
	};

	for (size_t i = 0; i < sizeof(range) / sizeof(range[0]); i++)
		if (c >= range[i].from && c <= range[i].to)
			return true;
	return false;
}

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
		return is_hidden(c) ? replacement : NULL;
	}
}

void html_add(struct buf *out, struct slice text)
{
	while (text.len > 0) {
		uint32_t character = 0;
		const char *other;
		size_t len = read_character(text, &character);

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
