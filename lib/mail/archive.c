/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/archive.h"

#include "mail/archivecore.h"

enum {
	TAR_BLOCK = 512,
	TAR_NAME = 100,
	TAR_SIZE_AT = 124,
	TAR_TYPE_AT = 156,
	TAR_MARK_AT = 257,
	GZIP_HEAD = 10,
	GZIP_EXTRA = 4,
	GZIP_NAME = 8,
	CAB_HEAD = 36,
	CAB_FILE = 16,
	ISO_SECTOR = 2048,
	ISO_HEAD = 16 * ISO_SECTOR,
	ISO_ROOT_AT = ISO_HEAD + 156,
	ISO_RECORD = 33
};

static struct slice up_to_nul(struct slice text)
{
	return slice_part(text, 0, slice_find(text, '\0'));
}

/* ---- tar (POSIX.1-1988 ustar, and what GNU puts before a long name) ---- */

/* Octal digits; 0: none, or too many to be here. */
static uint64_t tar_size(const struct lister *l, size_t at)
{
	const struct slice text = slice_part(l->in, at + TAR_SIZE_AT, 12);
	uint64_t size = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '7')
			continue;
		size = size << 3 | (uint64_t)(text.at[i] - '0');
	}
	return size;
}

static void list_tar(struct lister *l)
{
	struct slice long_name = slice_of("");
	size_t at = 0;

	while (l->in.len - at >= TAR_BLOCK && l->in.at[at] != '\0') {
		const char type = l->in.at[at + TAR_TYPE_AT];
		const uint64_t size = tar_size(l, at);
		struct slice name = up_to_nul(slice_part(l->in, at, TAR_NAME));

		at += TAR_BLOCK;
		if (type == 'L') {
			long_name = up_to_nul(slice_part(l->in, at,
				size < l->in.len ? size : l->in.len));
		} else if (type != 'x' && type != 'g') {
			if (long_name.len > 0)
				name = long_name;
			long_name = slice_of("");
			if (!lister_show(l, name, false))
				return;
		}
		if (size > l->in.len - at) {
			lister_break(l);
			return;
		}
		at += (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
		if (at > l->in.len)
			return;
	}
}

/* ---- gzip (RFC 1952 s2.3) ---- */

static void list_gzip(struct lister *l)
{
	const uint64_t flags = lister_number(l, 3, 1);
	size_t at = GZIP_HEAD;

	if ((flags & GZIP_NAME) == 0)
		return;
	if ((flags & GZIP_EXTRA) != 0)
		at += 2 + lister_number(l, at, 2);
	(void)lister_show(
		l, up_to_nul(slice_part(l->in, at, l->in.len)), false);
}

/* ---- cabinet ---- */

static void list_cabinet(struct lister *l)
{
	const uint64_t count = lister_number(l, 28, 2);
	size_t at = lister_number(l, 16, 4);

	for (uint64_t i = 0; i < count; i++) {
		struct slice name;

		if (at > l->in.len || l->in.len - at <= CAB_FILE) {
			lister_break(l);
			return;
		}
		name = up_to_nul(slice_part(l->in, at + CAB_FILE, l->in.len));
		if (!lister_show(l, name, false))
			return;
		at += CAB_FILE + name.len + 1;
	}
}

/* ---- ISO 9660 (ECMA-119 s9.1), its first folder ---- */

static void list_image(struct lister *l)
{
	const uint64_t from = lister_number(l, ISO_ROOT_AT + 2, 4) * ISO_SECTOR;
	const uint64_t len = lister_number(l, ISO_ROOT_AT + 10, 4);
	size_t at = from, end;

	if (from > l->in.len || len > l->in.len - from) {
		lister_break(l);
		return;
	}
	for (end = from + len; at < end;) {
		const uint64_t record = lister_number(l, at, 1);
		const uint64_t name = lister_number(l, at + 32, 1);

		if (record == 0) { /* none goes over the end of a sector */
			at = (at / ISO_SECTOR + 1) * ISO_SECTOR;
			continue;
		}
		/* "." and ".." are one octet, 0 and 1. */
		if (name > 1 && name + ISO_RECORD <= record &&
			!lister_show(l,
				slice_part(l->in, at + ISO_RECORD, name),
				false))
			return;
		at += record;
	}
}

/* ---- which one it is ---- */

static const struct format {
	unsigned at;
	struct slice mark;
	void (*list)(struct lister *l);
} formats[] = {
	{ 0, { "PK\3\4", 4 }, archivezip_list },
	{ 0, { "PK\5\6", 4 }, archivezip_list },
	{ 0, { "PK\7\10", 4 }, archivezip_list },
	{ 0, { "Rar!\x1a\7", 6 }, archiverar_list },
	{ 0, { "7z\xbc\xaf\x27\x1c", 6 }, archiveseven_list },
	{ 0, { "\x1f\x8b", 2 }, list_gzip },
	{ 0, { "MSCF", 4 }, list_cabinet },
	{ TAR_MARK_AT, { "ustar", 5 }, list_tar },
	{ ISO_HEAD + 1, { "CD001", 5 }, list_image },
};

struct archive archive_list(struct slice octets, bool is_cut, unsigned max,
	archive_take *take, void *ctx)
{
	struct archive out = { .entries = 0 };
	struct lister l = {
		.in = octets,
		.is_cut = is_cut,
		.max = max,
		.take = take,
		.ctx = ctx,
		.out = &out,
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		const struct format *f = &formats[i];

		if (!slice_is_equal(
			    slice_part(octets, f->at, f->mark.len), f->mark))
			continue;
		out.is_known = true;
		f->list(&l);
		break;
	}
	return out;
}
