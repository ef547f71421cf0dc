/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/base64.h"

#include "base/arena.h"

enum { QUANTUM = 4, PADDING_MAX = 2 };

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Below 64, or more when c is none. */
static unsigned value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0') + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : 64;
}

/* RES_SYNTAX: padding that does not fill the last quantum. */
static enum result cut_padding(struct slice *text)
{
	size_t whole = text->len;

	while (text->len > 0 && whole - text->len < PADDING_MAX &&
		text->at[text->len - 1] == '=')
		text->len--;
	if (text->len % QUANTUM == 1)
		return RES_SYNTAX;
	return whole == text->len || whole % QUANTUM == 0 ? RES_OK : RES_SYNTAX;
}

enum result base64_decode(struct slice text, struct arena *a, struct slice *out)
{
	unsigned bits = 0, held = 0;
	size_t len = 0;
	uint8_t *to;
	enum result res = cut_padding(&text);

	if (res != RES_OK)
		return res;
	to = arena_alloc(a, text.len + 1);
	if (to == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < text.len; i++) {
		unsigned value = value_of(text.at[i]);

		if (value >= 64)
			return RES_SYNTAX;
		held = (held << 6 | value) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			to[len++] = (uint8_t)(held >> bits);
		}
	}
	*out = slice_make(to, len);
	return RES_OK;
}

enum result base64_encode(
	struct slice octets, struct arena *a, struct slice *out)
{
	const uint8_t *from = (const uint8_t *)octets.at;
	size_t len = 0;
	char *to = arena_alloc(a, (octets.len / 3 + 1) * QUANTUM + 1);

	if (to == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < octets.len; i += 3) {
		size_t left = octets.len - i;
		unsigned group = (unsigned)from[i] << 16 |
			(left > 1 ? (unsigned)from[i + 1] << 8 : 0) |
			(left > 2 ? from[i + 2] : 0);

		to[len++] = digits[group >> 18];
		to[len++] = digits[group >> 12 & 63];
		to[len++] = left > 1 ? digits[group >> 6 & 63] : '=';
		to[len++] = left > 2 ? digits[group & 63] : '=';
	}
	*out = slice_make(to, len);
	return RES_OK;
}

void base64_lines(struct slice octets, struct buf *out)
{
	for (size_t i = 0; i < octets.len; i += 3) {
		const struct slice three = slice_part(octets, i, 3);
		uint32_t bits = 0;
		char four[QUANTUM] = { '=', '=', '=', '=' };

		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 |
				(k < three.len ? (uint8_t)three.at[k] : 0);
		for (size_t k = 0; k <= three.len; k++)
			four[k] = digits[bits >> (18 - 6 * k) & 63];
		buf_add(out, slice_make(four, sizeof(four)));
		if ((i + 3) % BASE64_LINE_OCTETS == 0 || i + 3 >= octets.len)
			buf_add_char(out, '\n');
	}
}
