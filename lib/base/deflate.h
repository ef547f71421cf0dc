/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/deflate - packs to gzip (RFC 1952), unpacks gzip and bare DEFLATE
 * (RFC 1951: an entry of a zip). The only file that knows zlib.
 *
 * What comes out is bounded by the buffer, whatever the packed octets claim:
 * a bomb costs no more than out->max and the time to fill it. Threads: any.
 */
#pragma once

#include "base/buf.h"

/* Adds one gzip file, with no name and no time in it. RES_TOOBIG, RES_NOMEM. */
enum result deflate_gzip(struct slice in, struct buf *out) MUST_USE;

/*
 * Adds what is packed in there. RES_CORRUPT: no gzip, cut off, or its checksum
 * is wrong; RES_TOOBIG: more than out takes; RES_NOMEM. What was unpacked until
 * then is in out. Members that follow one another are one text (RFC 1952 s2.2);
 * what is behind them and begins no member is left out.
 */
enum result deflate_unpack_gzip(struct slice in, struct buf *out) MUST_USE;

/* The same for bare DEFLATE, which has no checksum of its own. */
enum result deflate_unpack_raw(struct slice in, struct buf *out) MUST_USE;
/* CRC-32 as gzip and zip mean it. */
uint32_t deflate_crc(struct slice in);

/* Does it begin as gzip does? */
bool deflate_is_gzip(struct slice in);
