/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/reportpack.h"

#include "base/deflate.h"

/* Of a local file header, APPNOTE.TXT 4.3.7. */
enum {
	HEADER_LEN = 30,
	FLAGS_AT = 6,
	METHOD_AT = 8,
	CRC_AT = 14,
	SIZE_AT = 18, /* packed */
	NAME_LEN_AT = 26,
	MORE_LEN_AT = 28,
	FLAG_ENCRYPTED = 1,
	FLAG_SIZE_LATER = 8, /* it, and the checksum, stand behind the data */
	METHOD_STORED = 0,
	METHOD_DEFLATE = 8
};

static const char header_mark[] = "PK\3\4";

struct entry {
	struct slice name;
	struct slice rest; /* its data, and all behind it */
	unsigned flags, method;
	uint32_t crc, size;
};

static uint32_t number(struct slice s, size_t at, unsigned octets)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < octets; i++)
		n |= (uint32_t)(unsigned char)s.at[at + i] << (8 * i);
	return n;
}

static bool read_entry(struct slice zip, struct entry *out)
{
	size_t name, more;

	if (zip.len < HEADER_LEN ||
		!slice_has_prefix(zip, slice_of(header_mark)))
		return false;
	name = number(zip, NAME_LEN_AT, 2);
	more = number(zip, MORE_LEN_AT, 2);
	if (zip.len - HEADER_LEN < name + more)
		return false;
	out->flags = number(zip, FLAGS_AT, 2);
	out->method = number(zip, METHOD_AT, 2);
	out->crc = number(zip, CRC_AT, 4);
	out->size = number(zip, SIZE_AT, 4);
	out->name = slice_part(zip, HEADER_LEN, name);
	out->rest = slice_part(zip, HEADER_LEN + name + more, zip.len);
	return true;
}

static bool ends_in(struct slice name, const char *end)
{
	struct slice e = slice_of(end);

	return name.len >= e.len &&
		slice_is_equal_nocase(
			slice_part(name, name.len - e.len, e.len), e);
}

static bool is_folder(const struct entry *e)
{
	return ends_in(e->name, "/");
}

static bool has_size(const struct entry *e)
{
	return (e->flags & FLAG_SIZE_LATER) == 0 && e->size <= e->rest.len;
}

/* False: there is no file in it. */
static bool choose(struct slice zip, struct entry *out)
{
	struct entry e = { .flags = 0 };
	bool found = false;

	for (unsigned i = 0; i < REPORTPACK_ENTRIES_MAX && read_entry(zip, &e);
		i++) {
		if (!is_folder(&e) && (!found || ends_in(e.name, ".xml"))) {
			*out = e;
			found = true;
		}
		if ((found && ends_in(out->name, ".xml")) || !has_size(&e))
			break;
		zip = slice_part(e.rest, e.size, e.rest.len);
	}
	return found;
}

static enum result open_zip(struct slice zip, struct buf *out)
{
	size_t before = out->len;
	enum result res;
	struct entry e = { .flags = 0 };

	if (!choose(zip, &e) || (e.flags & FLAG_ENCRYPTED) != 0)
		return RES_CORRUPT;
	if (e.method == METHOD_DEFLATE) {
		/* Its end is known from the stream itself. */
		res = deflate_unpack_raw(e.rest, out);
	} else if (e.method == METHOD_STORED && has_size(&e)) {
		buf_add(out, slice_part(e.rest, 0, e.size));
		res = buf_result(out);
	} else {
		return RES_CORRUPT;
	}
	if (res == RES_OK && (e.flags & FLAG_SIZE_LATER) == 0 &&
		deflate_crc(slice_part(buf_slice(out), before, out->len)) !=
			e.crc)
		return RES_CORRUPT;
	return res;
}

enum result reportpack_open(struct slice packed, struct buf *out)
{
	if (deflate_is_gzip(packed))
		return deflate_unpack_gzip(packed, out);
	if (slice_has_prefix(packed, slice_of(header_mark)))
		return open_zip(packed, out);
	buf_add(out, packed);
	return buf_result(out);
}
