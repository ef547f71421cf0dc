/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/reportpack - a report as it was attached: gzip (RFC 1952), a zip
 * (PKWARE's APPNOTE.TXT), or not packed at all; told apart by its first octets,
 * whatever its name says. For the child process of ctl/reportxml.
 * Threads: any.
 */
#pragma once

#include "base/buf.h"

enum { REPORTPACK_ENTRIES_MAX = 16 }; /* of a zip that are looked at */

/*
 * Adds what is in there to out, which bounds it. Of a zip the first file whose
 * name ends in .xml, or else the first one. RES_CORRUPT: it cannot be unpacked
 * (cut off, wrong checksum, encrypted, packed in another way, no file in it);
 * RES_TOOBIG: more than out takes; RES_NOMEM.
 */
enum result reportpack_open(struct slice packed, struct buf *out) MUST_USE;
