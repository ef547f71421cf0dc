/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/filename.h"

#include "base/utf8.h"

enum { BLANKS_MIN = 5 };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice trim_end(struct slice name)
{
	while (name.len > 0 &&
		(is_blank(name.at[name.len - 1]) ||
			name.at[name.len - 1] == '.' ||
			name.at[name.len - 1] == '\0'))
		name.len--;
	return name;
}

struct slice filename_ending(struct slice name)
{
	size_t at;

	name = trim_end(name);
	for (at = name.len; at > 0; at--) {
		const char c = name.at[at - 1];

		if (c == '.')
			return slice_part(name, at, name.len);
		if (c == '/' || c == '\\')
			break;
	}
	return slice_of("");
}

bool filename_is_of(struct slice name, const struct filename_endings *e)
{
	struct slice ending = filename_ending(name);

	/* "SETUP.EXE;1" of an image */
	ending = slice_part(ending, 0, slice_find(ending, ';'));
	if (ending.len == 0)
		return false;
	for (size_t i = 0; i < e->count; i++)
		if (slice_is_equal_nocase(ending, slice_of(e->names[i])))
			return true;
	return false;
}

/* Marks that turn around what stands behind them (UAX 9). */
static bool turns_around(struct slice name)
{
	size_t len;
	uint32_t c;

	for (; name.len > 0; name = slice_part(name, len, name.len)) {
		len = utf8_read(name, &c);
		if (len == 0)
			len = 1;
		else if ((c >= 0x202a && c <= 0x202e) ||
			(c >= 0x2066 && c <= 0x2069))
			return true;
	}
	return false;
}

static bool has_many_blanks(struct slice name)
{
	size_t row = 0;

	for (size_t i = 0; i < name.len; i++) {
		row = is_blank(name.at[i]) ? row + 1 : 0;
		if (row >= BLANKS_MIN)
			return true;
	}
	return false;
}

static bool is_of_document(struct slice name)
{
	static const char *const endings[] = { "pdf", "doc", "docx", "xls",
		"xlsx", "ppt", "pptx", "odt", "ods", "rtf", "txt", "csv", "jpg",
		"jpeg", "png", "gif", "bmp", "tif", "tiff", "mp3", "mp4", "avi",
		"mov", "wav", "htm", "html", "xml", "eml", "zip" };
	const struct slice ending = filename_ending(name);

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (slice_is_equal_nocase(ending, slice_of(endings[i])))
			return true;
	return false;
}

bool filename_is_disguised(struct slice name)
{
	const struct slice ending = filename_ending(name);

	if (turns_around(name))
		return true;
	name = trim_end(name);
	if (ending.len == 0 || ending.len + 1 > name.len)
		return false;
	name.len -= ending.len + 1;
	return is_of_document(name) || has_many_blanks(name);
}
