/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/catalog.h"

#include <stdlib.h>
#include <string.h>

/* The head of a .mo file (GNU gettext manual, "The Format of GNU MO Files"):
 * words of 32 bits, either end first as the first one tells. */
enum {
	AT_MAGIC = 0,
	AT_REVISION = 4,
	AT_COUNT = 8,
	AT_TEXTS = 12, /* where the table of the English texts is */
	AT_TRANSLATIONS = 16,
	HEAD_SIZE = 20,
	ENTRY_SIZE = 8, /* length, offset */
	REVISION_MAJOR_SHIFT = 16
};

static const unsigned char magic_little[4] = { 0xde, 0x12, 0x04, 0x95 };
static const unsigned char magic_big[4] = { 0x95, 0x04, 0x12, 0xde };

struct catalog {
	struct slice mo;
	bool is_big_endian;
	uint32_t count;
	uint32_t texts;
	uint32_t translations;
};

static uint32_t word_at(const struct catalog *c, size_t at)
{
	const unsigned char *o = (const unsigned char *)c->mo.at + at;

	if (c->is_big_endian)
		return (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 |
			(uint32_t)o[2] << 8 | (uint32_t)o[3];
	return (uint32_t)o[3] << 24 | (uint32_t)o[2] << 16 |
		(uint32_t)o[1] << 8 | (uint32_t)o[0];
}

static bool is_inside(const struct catalog *c, uint32_t at, uint64_t len)
{
	return at <= c->mo.len && len <= c->mo.len - at;
}

/* The text of an entry of a table; false: it is not in the file, or does not
 * end in the NUL that belongs there. */
static bool read_text(
	const struct catalog *c, uint32_t table, uint32_t i, struct slice *out)
{
	const size_t entry = table + (size_t)i * ENTRY_SIZE;
	const uint32_t len = word_at(c, entry);
	const uint32_t at = word_at(c, entry + 4);

	if (!is_inside(c, at, (uint64_t)len + 1) || c->mo.at[at + len] != '\0')
		return false;
	*out = slice_make(c->mo.at + at, len);
	return true;
}

static int compare(struct slice a, struct slice b)
{
	const size_t len = a.len < b.len ? a.len : b.len;
	const int order = len > 0 ? memcmp(a.at, b.at, len) : 0;

	if (order != 0)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

/* Up to a NUL: what stands behind it is a plural. */
static struct slice singular(struct slice text)
{
	return slice_part(text, 0, slice_find(text, '\0'));
}

static bool is_sound(const struct catalog *c)
{
	const uint64_t size = (uint64_t)c->count * ENTRY_SIZE;
	struct slice before = { 0 };
	struct slice text = { 0 };
	struct slice translation = { 0 };

	if (!is_inside(c, c->texts, size) ||
		!is_inside(c, c->translations, size))
		return false;
	for (uint32_t i = 0; i < c->count; i++) {
		if (!read_text(c, c->texts, i, &text) ||
			!read_text(c, c->translations, i, &translation))
			return false;
		text = singular(text);
		if (i > 0 && compare(before, text) >= 0)
			return false;
		before = text;
	}
	return true;
}

enum result catalog_open(struct catalog **out, struct slice mo)
{
	struct catalog c = { .mo = mo };
	struct catalog *made;

	*out = NULL;
	if (mo.len < HEAD_SIZE)
		return RES_CORRUPT;
	c.is_big_endian =
		memcmp(mo.at + AT_MAGIC, magic_big, sizeof(magic_big)) == 0;
	if (!c.is_big_endian &&
		memcmp(mo.at + AT_MAGIC, magic_little, sizeof(magic_little)) !=
			0)
		return RES_CORRUPT;
	if (word_at(&c, AT_REVISION) >> REVISION_MAJOR_SHIFT > 1)
		return RES_CORRUPT;
	c.count = word_at(&c, AT_COUNT);
	c.texts = word_at(&c, AT_TEXTS);
	c.translations = word_at(&c, AT_TRANSLATIONS);
	if (!is_sound(&c))
		return RES_CORRUPT;
	made = malloc(sizeof(*made));
	if (made == NULL)
		return RES_NOMEM;
	*made = c;
	*out = made;
	return RES_OK;
}

void catalog_close(struct catalog *c)
{
	free(c);
}

/* The translation of entry i, or text: a plural is none of ours. */
static struct slice translation_of(
	const struct catalog *c, uint32_t i, struct slice text)
{
	struct slice whole = { 0 };
	struct slice found = { 0 };

	if (!read_text(c, c->texts, i, &whole) || whole.len != text.len ||
		!read_text(c, c->translations, i, &found))
		return text;
	found = singular(found);
	return found.len > 0 ? found : text;
}

struct slice catalog_find(const struct catalog *c, struct slice text)
{
	uint32_t low = 0;
	uint32_t high = c != NULL ? c->count : 0;

	/* The entry of the empty text is the header of the file. */
	while (low < high && text.len > 0) {
		const uint32_t middle = low + (high - low) / 2;
		struct slice there = { 0 };
		int order = 0;

		if (!read_text(c, c->texts, middle, &there))
			return text;
		order = compare(text, singular(there));
		if (order == 0)
			return translation_of(c, middle, text);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return text;
}
