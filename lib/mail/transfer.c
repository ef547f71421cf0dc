/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/transfer.h"

#include "base/hex.h"

enum { BLANK = 64, PADDING = 65, NONE = 66, DIGITS = 64 };

/* Values of base64 digits by octet, then the words above. */
static const uint8_t base64_values[256] = {
#define N10 NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE
	NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, BLANK, /* 0 */
	BLANK, BLANK, BLANK, BLANK, NONE, NONE, NONE, NONE, NONE, NONE, /* 10 */
	N10, /* 20 */
	NONE, NONE, BLANK, NONE, NONE, NONE, NONE, NONE, NONE, NONE, /* 30 */
	NONE, NONE, NONE, 62, NONE, NONE, NONE, 63, 52, 53, /* 40 */
	54, 55, 56, 57, 58, 59, 60, 61, NONE, NONE, /* 50 */
	NONE, PADDING, NONE, NONE, NONE, 0, 1, 2, 3, 4, /* 60 */
	5, 6, 7, 8, 9, 10, 11, 12, 13, 14, /* 70 */
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, /* 80 */
	25, NONE, NONE, NONE, NONE, NONE, NONE, 26, 27, 28, /* 90 */
	29, 30, 31, 32, 33, 34, 35, 36, 37, 38, /* 100 */
	39, 40, 41, 42, 43, 44, 45, 46, 47, 48, /* 110 */
	49, 50, 51, NONE, NONE, NONE, NONE, NONE, NONE, NONE, /* 120 */
	N10, N10, N10, N10, N10, N10, N10, N10, N10, N10, N10, N10, /* 130 */
	NONE, NONE, NONE, NONE, NONE, NONE /* 250 */
#undef N10
};

static uint8_t value_of(char c)
{
	return base64_values[(unsigned char)c];
}

/* Whole quanta of four digits, the usual case. */
static size_t whole_quanta(char *to, struct slice text, size_t *at)
{
	size_t len = 0, i = *at;

	while (text.len - i >= 4) {
		const uint32_t a = value_of(text.at[i]),
			       b = value_of(text.at[i + 1]),
			       c = value_of(text.at[i + 2]),
			       d = value_of(text.at[i + 3]);

		if ((a | b | c | d) >= DIGITS)
			break;
		to[len++] = (char)(a << 2 | b >> 4);
		to[len++] = (char)(b << 4 | c >> 2);
		to[len++] = (char)(c << 6 | d);
		i += 4;
	}
	*at = i;
	return len;
}

size_t transfer_base64(char *to, struct slice text, size_t *broken)
{
	uint32_t held = 0;
	unsigned bits = 0;
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t value;

		if (bits == 0)
			len += whole_quanta(to + len, text, &i);
		if (i == text.len)
			break;
		value = value_of(text.at[i]);
		if (value >= DIGITS) {
			*broken += value == NONE;
			if (value == PADDING)
				bits = 0;
			continue;
		}
		held = (held << 6 | value) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			to[len++] = (char)(held >> bits);
		}
	}
	return len;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* Behind the blanks and the line end at that index; at: there is none. The end
 * of the text is one. */
static size_t line_end(struct slice text, size_t at)
{
	size_t i = at;

	while (i < text.len && is_space(text.at[i]))
		i++;
	if (i == text.len)
		return i;
	if (text.at[i] == '\r' && i + 1 < text.len && text.at[i + 1] == '\n')
		return i + 2;
	return text.at[i] == '\n' ? i + 1 : at;
}

/* What is written for "=", which is at that index; moves the index. */
static size_t unquote(char *to, struct slice text, size_t *at, size_t *broken)
{
	size_t next;

	if (hex_read(slice_part(text, *at + 1, text.len), to)) {
		*at += 3;
		return 1;
	}
	next = line_end(text, *at + 1);
	if (next > *at + 1 || next == text.len) {
		*at = next;
		return 0;
	}
	*to = '=';
	++*at;
	++*broken;
	return 1;
}

/* Drops the blanks at the end of a line, but those from "kept" on back: they
 * were written as octets. */
static size_t drop_blanks(const char *to, size_t len, size_t kept)
{
	while (len > kept && is_space(to[len - 1]))
		len--;
	return len;
}

/* A line end comes after what was written. */
static size_t end_line(char *to, size_t len, size_t kept)
{
	const bool has_cr = len > kept && to[len - 1] == '\r';

	len = drop_blanks(to, len - has_cr, kept);
	if (has_cr)
		to[len++] = '\r';
	to[len++] = '\n';
	return len;
}

size_t transfer_quoted(char *to, struct slice text, size_t *broken)
{
	size_t at = 0, len = 0, kept = 0;

	while (at < text.len) {
		const char c = text.at[at];

		if (c == '=') {
			len += unquote(to + len, text, &at, broken);
			kept = len;
		} else if (c == '\n') {
			len = end_line(to, len, kept);
			at++;
		} else {
			to[len++] = c;
			at++;
		}
	}
	return drop_blanks(to, len, kept);
}

size_t transfer_q(char *to, struct slice text, size_t *broken)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == '_')
			c = ' ';
		else if (c == '=' &&
			hex_read(slice_part(text, i + 1, text.len), &c))
			i += 2;
		else if (c == '=')
			++*broken;
		to[len++] = c;
	}
	return len;
}
