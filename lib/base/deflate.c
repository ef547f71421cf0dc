/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/deflate.h"

/* zlib.h: input is const then. */
#define ZLIB_CONST

#include <limits.h>
#include <zlib.h>

/* zlib's windowBits: negative is bare, 16 more is gzip only. */
enum { WINDOW = 15, WINDOW_GZIP = WINDOW + 16, MEMORY = 8, PIECE = 16384 };

static enum result result_of(int code)
{
	return code == Z_MEM_ERROR ? RES_NOMEM : RES_CORRUPT;
}

static z_stream stream_of(struct slice in)
{
	z_stream z = { .avail_in = (uInt)in.len };

	z.next_in = (const Bytef *)in.at;
	return z;
}

static void add_piece(struct buf *out, const char *piece, const z_stream *z)
{
	buf_add(out, slice_make(piece, PIECE - z->avail_out));
}

enum result deflate_gzip(struct slice in, struct buf *out)
{
	char piece[PIECE];
	z_stream z = stream_of(in);
	int code;

	if (in.len > UINT_MAX)
		return RES_TOOBIG;
	code = deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_GZIP,
		MEMORY, Z_DEFAULT_STRATEGY);
	while (code == Z_OK && buf_result(out) == RES_OK) {
		z.next_out = (Bytef *)piece;
		z.avail_out = PIECE;
		code = deflate(&z, Z_FINISH);
		add_piece(out, piece, &z);
	}
	(void)deflateEnd(&z);
	if (buf_result(out) != RES_OK)
		return buf_result(out);
	return code == Z_STREAM_END ? RES_OK : result_of(code);
}

/* Until the end of the stream, of the input or of the room. */
static int unpack_stream(z_stream *z, struct buf *out)
{
	char piece[PIECE];
	int code = Z_OK;

	while (code == Z_OK && buf_result(out) == RES_OK) {
		z->next_out = (Bytef *)piece;
		z->avail_out = PIECE;
		/* Z_BUF_ERROR: no octet more to be had, it is cut off. */
		code = inflate(z, Z_NO_FLUSH);
		add_piece(out, piece, z);
	}
	return code;
}

static bool another_follows(const z_stream *z)
{
	return deflate_is_gzip(
		slice_make((const char *)z->next_in, z->avail_in));
}

static enum result unpack(struct slice in, int window, struct buf *out)
{
	z_stream z = stream_of(in);
	int code;

	if (in.len > UINT_MAX)
		return RES_TOOBIG;
	code = inflateInit2(&z, window);
	if (code != Z_OK)
		return result_of(code);
	code = unpack_stream(&z, out);
	while (code == Z_STREAM_END && window == WINDOW_GZIP &&
		another_follows(&z) && inflateReset(&z) == Z_OK)
		code = unpack_stream(&z, out);
	(void)inflateEnd(&z);
	if (buf_result(out) != RES_OK)
		return buf_result(out);
	return code == Z_STREAM_END ? RES_OK : result_of(code);
}

enum result deflate_unpack_gzip(struct slice in, struct buf *out)
{
	return unpack(in, WINDOW_GZIP, out);
}

enum result deflate_unpack_raw(struct slice in, struct buf *out)
{
	return unpack(in, -WINDOW, out);
}

uint32_t deflate_crc(struct slice in)
{
	uLong crc = crc32_z(0, NULL, 0);

	if (in.len > 0)
		crc = crc32_z(crc, (const Bytef *)in.at, in.len);
	return (uint32_t)crc;
}

bool deflate_is_gzip(struct slice in)
{
	return slice_has_prefix(in, slice_of("\x1f\x8b"));
}
