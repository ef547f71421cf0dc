/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/htmlentity.h"

enum { NAME_LEN_MAX = 17, BARE_LEN_MAX = 6, DIGITS_MAX = 10 };

struct entity {
	const char name[NAME_LEN_MAX + 1];
	uint16_t character;
	bool is_bare; /* may stand without ";" */
};

#define HTML_ENTITY(name, character, is_bare) { name, character, is_bare },
static const struct entity entities[] = {
#include "mail/entities.def"
};
#undef HTML_ENTITY

/* What a number from 0x80 on means in truth (WHATWG HTML s13.2.5.80). */
static const uint16_t windows_1252[32] = { 0x20ac, 0x81, 0x201a, 0x192, 0x201e,
	0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d,
	0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013,
	0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178 };

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		(c >= 'A' && c <= 'Z');
}

static unsigned digit_of(char c, unsigned base)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (base == 16 && c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (base == 16 && c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return base;
}

static uint32_t meant_by(uint32_t number)
{
	if (number >= 0x80 && number < 0xa0)
		return windows_1252[number - 0x80];
	return number == 0 || number > 0x10ffff ? 0xfffd : number;
}

/* Digits beyond the greatest character are read on, and say U+FFFD. */
static size_t read_number(struct slice text, uint32_t *character)
{
	const bool is_hex = text.len > 2 && (text.at[2] | 0x20) == 'x';
	const unsigned base = is_hex ? 16 : 10;
	const size_t begin = is_hex ? 3 : 2;
	uint32_t number = 0;
	size_t at = begin;

	while (at < text.len && digit_of(text.at[at], base) < base) {
		if (number <= 0x10ffff)
			number = number * base + digit_of(text.at[at], base);
		at++;
	}
	if (at == begin)
		return 0;
	*character = meant_by(number);
	return at < text.len && text.at[at] == ';' ? at + 1 : at;
}

static const struct entity *find(struct slice name)
{
	size_t low = 0, high = sizeof(entities) / sizeof(entities[0]);

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		const int order = slice_order(name, entities[mid].name);

		if (order == 0)
			return &entities[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

/* A name without ";" is the longest one that is known so. */
static size_t read_bare(
	struct slice name, bool is_attribute, uint32_t *character)
{
	size_t len = name.len;

	if (len > BARE_LEN_MAX)
		len = BARE_LEN_MAX;
	for (; len >= 2; len--) {
		const struct entity *found = find(slice_part(name, 0, len));

		if (found != NULL && found->is_bare) {
			if (is_attribute && len < name.len)
				return 0;
			*character = found->character;
			return len + 1;
		}
	}
	return 0;
}

size_t htmlentity_read(
	struct slice text, bool is_attribute, uint32_t *character)
{
	struct slice name;
	size_t len = 1;

	if (text.len < 3)
		return 0;
	if (text.at[1] == '#')
		return read_number(text, character);
	while (len < text.len && len <= NAME_LEN_MAX && is_alnum(text.at[len]))
		len++;
	name = slice_part(text, 1, len - 1);
	if (len < text.len && text.at[len] == ';') {
		const struct entity *found = find(name);

		if (found != NULL) {
			*character = found->character;
			return len + 1;
		}
	}
	if (is_attribute && len < text.len && text.at[len] == '=')
		return 0;
	return read_bare(name, is_attribute, character);
}
