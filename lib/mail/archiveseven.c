/* SPDX-License-Identifier: BSD-2-Clause */
/* 7z, by 7zFormat.txt of the LZMA SDK. */
#include "mail/archivecore.h"

#include "base/utf8.h"

#include <string.h>

enum {
	HEAD_LEN = 32,
	ID_HEADER = 1,
	ID_NAMES = 0x11,
	ID_PACKED = 0x17,
	NAME_MAX_LEN = 512,
	NAMES_MIN = 5
};

/* The coder of AES-256 with SHA-256. */
static const char aes[] = "\x06\xf1\x07\x01";

static bool holds(struct slice text, const char *octets, size_t len)
{
	for (size_t at = 0; text.len - at >= len; at++) {
		const char *found =
			memchr(text.at + at, octets[0], text.len - at);

		if (found == NULL)
			break;
		at = (size_t)(found - text.at);
		if (text.len - at >= len && memcmp(found, octets, len) == 0)
			return true;
		if (text.len - at < len)
			break;
	}
	return false;
}

/* A 7z number: the ones in front of the first octet say how many follow. */
static bool read_size(struct slice text, size_t *at, uint64_t *out)
{
	unsigned first, mask = 0x80;
	uint64_t number = 0;

	if (*at >= text.len)
		return false;
	first = (unsigned char)text.at[(*at)++];
	for (unsigned i = 0; i < 8; i++, mask >>= 1) {
		if ((first & mask) == 0) {
			*out = number |
				(uint64_t)(first & (mask - 1)) << (8 * i);
			return true;
		}
		if (*at >= text.len)
			return false;
		number |= (uint64_t)(unsigned char)text.at[(*at)++] << (8 * i);
	}
	*out = number;
	return true;
}

/* Names in UTF-16LE, a NUL behind each. */
static void show_names(struct lister *l, struct slice names, bool is_encrypted)
{
	char name[NAME_MAX_LEN];
	size_t len = 0;

	for (size_t i = 0; i + 1 < names.len; i += 2) {
		const uint32_t c = (unsigned char)names.at[i] |
			(uint32_t)(unsigned char)names.at[i + 1] << 8;

		if (c != 0) {
			if (len + UTF8_LEN_MAX <= sizeof(name))
				len += utf8_write(c, name + len);
			continue;
		}
		if (!lister_show(l, slice_make(name, len), is_encrypted))
			return;
		len = 0;
	}
}

/* The names are looked for by their shape: a size, "not elsewhere", and an even
 * number of octets that end in NUL. The structures before them are many. */
static void find_names(struct lister *l, struct slice header)
{
	const bool is_encrypted = holds(header, aes, sizeof(aes) - 1);

	for (size_t i = 1; i < header.len; i++) {
		size_t at = i + 1;
		uint64_t size;
		struct slice names;

		if ((unsigned char)header.at[i] != ID_NAMES ||
			!read_size(header, &at, &size) || size < NAMES_MIN ||
			size % 2 == 0 || size > header.len - at ||
			header.at[at] != 0)
			continue;
		names = slice_part(header, at + 1, size - 1);
		if (names.at[names.len - 1] != 0 ||
			names.at[names.len - 2] != 0 || names.at[0] == 0)
			continue;
		show_names(l, names, is_encrypted);
		return;
	}
}

void archiveseven_list(struct lister *l)
{
	const uint64_t offset = lister_number(l, 12, 8);
	const uint64_t size = lister_number(l, 20, 8);
	struct slice header;

	if (l->in.len < HEAD_LEN || offset > l->in.len - HEAD_LEN ||
		size > l->in.len - HEAD_LEN - offset) {
		lister_break(l);
		return;
	}
	header = slice_part(l->in, HEAD_LEN + offset, size);
	if (header.len == 0)
		return;
	if (header.at[0] == ID_HEADER)
		find_names(l, header);
	else if (header.at[0] == ID_PACKED &&
		holds(header, aes, sizeof(aes) - 1))
		l->out->is_encrypted = true;
	else
		l->out->is_packed = true;
}
