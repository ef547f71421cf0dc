/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/utf8.h"

#include <string.h>

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

size_t utf8_read(struct slice s, uint32_t *character)
{
	const unsigned char first = s.len > 0 ? (unsigned char)s.at[0] : 0;
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

size_t utf8_write(uint32_t c, char out[UTF8_LEN_MAX])
{
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = 0xfffd;
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

bool utf8_is_hidden(uint32_t c)
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

/* Eight octets of ASCII at once, where there are as many. */
static size_t skip_ascii(struct slice s, size_t at)
{
	uint64_t eight;

	for (; s.len - at >= sizeof(eight); at += sizeof(eight)) {
		memcpy(&eight, s.at + at, sizeof(eight));
		if ((eight & 0x8080808080808080U) != 0)
			break;
	}
	return at;
}

size_t utf8_ascii(struct slice s)
{
	size_t at = skip_ascii(s, 0);

	while (at < s.len && (unsigned char)s.at[at] < 0x80)
		at++;
	return at;
}

size_t utf8_whole(struct slice s)
{
	size_t at = skip_ascii(s, 0);

	while (at < s.len) {
		const unsigned char first = (unsigned char)s.at[at];
		uint32_t character;
		size_t len;

		if (first < 0x80) {
			at = skip_ascii(s, at + 1);
			continue;
		}
		/* Most of what is not ASCII. */
		if (first >= 0xc2 && first < 0xe0 && at + 1 < s.len &&
			((unsigned char)s.at[at + 1] & 0xc0U) == 0x80U) {
			at += 2;
			continue;
		}
		len = utf8_read(slice_part(s, at, s.len), &character);
		if (len == 0)
			break;
		at += len;
	}
	return at;
}

struct slice utf8_cut(struct slice s, size_t most)
{
	if (most >= s.len)
		return s;
	while (most > 0 && ((unsigned char)s.at[most] & 0xc0) == 0x80)
		most--;
	return slice_part(s, 0, most);
}

bool utf8_is_whole(struct slice s)
{
	return utf8_whole(s) == s.len;
}
