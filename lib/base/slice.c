/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/slice.h"

#include <string.h>

static char fold(char c)
{
	return (c >= 'A' && c <= 'Z') ? (char)(c - 'A' + 'a') : c;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_of(const char *text)
{
	return slice_make(text, text == NULL ? 0 : strlen(text));
}

struct slice slice_make(const void *at, size_t len)
{
	return (struct slice){ .at = at, .len = len };
}

bool slice_is_empty(struct slice s)
{
	return s.len == 0;
}

bool slice_is_equal(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	return a.len == 0 || memcmp(a.at, b.at, a.len) == 0;
}

int slice_order(struct slice s, const char *text)
{
	for (size_t i = 0; i < s.len; i++)
		if (text[i] == '\0' || s.at[i] != text[i])
			return text[i] == '\0' ? 1
					       : (unsigned char)s.at[i] -
					(unsigned char)text[i];
	return text[s.len] == '\0' ? 0 : -1;
}

bool slice_is_equal_nocase(struct slice a, struct slice b)
{
	return a.len == b.len && slice_has_prefix_nocase(a, b);
}

bool slice_has_prefix(struct slice s, struct slice prefix)
{
	if (prefix.len > s.len)
		return false;
	return prefix.len == 0 || memcmp(s.at, prefix.at, prefix.len) == 0;
}

bool slice_has_prefix_nocase(struct slice s, struct slice prefix)
{
	if (prefix.len > s.len)
		return false;
	for (size_t i = 0; i < prefix.len; i++) {
		if (fold(s.at[i]) != fold(prefix.at[i]))
			return false;
	}
	return true;
}

struct slice slice_part(struct slice s, size_t from, size_t len)
{
	/* Nothing may be added to a NULL, not even 0. */
	if (s.at == NULL)
		return s;
	if (from > s.len)
		from = s.len;
	if (len > s.len - from)
		len = s.len - from;
	return slice_make(s.at + from, len);
}

struct slice slice_trim(struct slice s)
{
	while (s.len > 0 && is_blank(s.at[0])) {
		s.at++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

size_t slice_find(struct slice s, char c)
{
	const char *hit = s.len == 0 ? NULL : memchr(s.at, c, s.len);

	return hit == NULL ? s.len : (size_t)(hit - s.at);
}

size_t slice_find_last(struct slice s, char c)
{
	for (size_t i = s.len; i > 0; i--) {
		if (s.at[i - 1] == c)
			return i - 1;
	}
	return s.len;
}

bool slice_cut(struct slice *rest, char sep, struct slice *out)
{
	size_t at = slice_find(*rest, sep);

	if (rest->len == 0)
		return false;
	*out = slice_part(*rest, 0, at);
	*rest = slice_part(*rest, at + 1, rest->len);
	return true;
}

enum result slice_parse_u64(
	struct slice s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	bool overflow = false;

	if (s.len == 0)
		return RES_SYNTAX;
	/* To the end also after an overflow: "99999999999999999999x" is no
	 * number at all. */
	for (size_t i = 0; i < s.len; i++) {
		uint64_t digit = (uint64_t)(unsigned char)s.at[i] - '0';

		if (digit > 9)
			return RES_SYNTAX;
		if (value > (UINT64_MAX - digit) / 10)
			overflow = true;
		else
			value = value * 10 + digit;
	}
	if (overflow || value < min || value > max)
		return RES_RANGE;
	*out = value;
	return RES_OK;
}
