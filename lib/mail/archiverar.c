/* SPDX-License-Identifier: BSD-2-Clause */
/* RAR 4 and 5, by the notes that come with unrar and rarlab's technote. */
#include "mail/archivecore.h"

enum {
	MARK4_LEN = 7,
	MARK5_LEN = 8,
	TYPE4_MAIN = 0x73,
	TYPE4_FILE = 0x74,
	HEAD4_LEN = 7,
	FILE4_LEN = 32,
	FLAG4_MORE = 0x8000, /* data follow the header */
	FLAG4_HIDDEN = 0x80, /* of main: headers are encrypted */
	FLAG4_PASSWORD = 4,
	FLAG4_LARGE = 0x100,
	TYPE5_FILE = 2,
	TYPE5_ENCRYPTION = 4,
	TYPE5_END = 5,
	FLAG5_EXTRA = 1,
	FLAG5_DATA = 2,
	FILE5_TIME = 2,
	FILE5_CRC = 4,
	EXTRA5_ENCRYPTION = 1,
	EXTRAS_MAX = 16
};

/* A name with Unicode has it behind a NUL, packed; what is before will do. */
static struct slice name_of4(const struct lister *l, size_t at, uint64_t flags)
{
	const size_t len = lister_number(l, at + 26, 2);
	const size_t from =
		at + FILE4_LEN + ((flags & FLAG4_LARGE) != 0 ? 8 : 0);
	const struct slice name = slice_part(l->in, from, len);

	return slice_part(name, 0, slice_find(name, '\0'));
}

static void list4(struct lister *l)
{
	size_t at = MARK4_LEN;

	while (l->in.len - at >= HEAD4_LEN) {
		const uint64_t type = lister_number(l, at + 2, 1);
		const uint64_t flags = lister_number(l, at + 3, 2);
		uint64_t size = lister_number(l, at + 5, 2);

		if (type == TYPE4_MAIN && (flags & FLAG4_HIDDEN) != 0) {
			l->out->is_encrypted = true;
			return;
		}
		if (type == TYPE4_FILE &&
			!lister_show(l, name_of4(l, at, flags),
				(flags & FLAG4_PASSWORD) != 0))
			return;
		if (size < HEAD4_LEN) {
			lister_break(l);
			return;
		}
		if ((flags & FLAG4_MORE) != 0 || type == TYPE4_FILE)
			size += lister_number(l, at + 7, 4);
		if (size > l->in.len - at) {
			lister_break(l);
			return;
		}
		at += size;
	}
}

/* A number of 7 bits an octet; moves *at. Past the end, or too long: 0, and
 * *at is the length. */
static uint64_t read_vint(const struct lister *l, size_t *at)
{
	uint64_t number = 0;

	for (unsigned shift = 0; *at < l->in.len && shift < 63; shift += 7) {
		const unsigned char c = (unsigned char)l->in.at[(*at)++];

		number |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80)
			return number;
	}
	*at = l->in.len;
	return 0;
}

/* Is there a record of encryption in the extra area, which ends at end? */
static bool has_encryption5(const struct lister *l, uint64_t extra, size_t end)
{
	size_t at = end - extra;

	for (unsigned i = 0; i < EXTRAS_MAX && at < end; i++) {
		const uint64_t size = read_vint(l, &at);
		size_t type_at = at;

		if (read_vint(l, &type_at) == EXTRA5_ENCRYPTION)
			return true;
		if (size == 0 || size > end - at)
			break;
		at += size;
	}
	return false;
}

static bool show5(struct lister *l, size_t at, uint64_t extra, size_t end)
{
	const uint64_t flags = read_vint(l, &at);
	uint64_t len;

	(void)read_vint(l, &at); /* size */
	(void)read_vint(l, &at); /* attributes */
	if ((flags & FILE5_TIME) != 0)
		at += 4;
	if ((flags & FILE5_CRC) != 0)
		at += 4;
	(void)read_vint(l, &at); /* compression */
	(void)read_vint(l, &at); /* system */
	len = read_vint(l, &at);
	if (at >= end || len > end - at) {
		lister_break(l);
		return false;
	}
	return lister_show(l, slice_part(l->in, at, len),
		extra > 0 && has_encryption5(l, extra, end));
}

/* One block; moves *at behind it. False: no more. */
static bool read_block5(struct lister *l, size_t *at)
{
	size_t here = *at + 4; /* behind the checksum */
	const uint64_t size = read_vint(l, &here);
	const size_t end = here + size;
	uint64_t type, flags, extra, data;

	if (size == 0 || size > l->in.len - here) {
		lister_break(l);
		return false;
	}
	type = read_vint(l, &here);
	flags = read_vint(l, &here);
	extra = (flags & FLAG5_EXTRA) != 0 ? read_vint(l, &here) : 0;
	data = (flags & FLAG5_DATA) != 0 ? read_vint(l, &here) : 0;
	if (type == TYPE5_ENCRYPTION)
		l->out->is_encrypted = true;
	if (type == TYPE5_ENCRYPTION || type == TYPE5_END)
		return false;
	if (extra > size)
		extra = 0;
	if (type == TYPE5_FILE && !show5(l, here, extra, end))
		return false;
	if (data > l->in.len - end) {
		lister_break(l);
		return false;
	}
	*at = end + data;
	return true;
}

void archiverar_list(struct lister *l)
{
	size_t at = MARK5_LEN;

	if (lister_number(l, MARK4_LEN - 1, 1) == 0) {
		list4(l);
		return;
	}
	while (l->in.len > at && l->in.len - at > 4 && read_block5(l, &at))
		;
}
