/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/reportxml - reads an aggregate report about DMARC: the schema of RFC 7489
 * (with its namespace or, as most write it, without) and that of RFC 9990. The
 * only file that knows libxml2, and that only in a child process
 * (ctl/mailchild), which unpacks what came and parses it.
 *
 * A document type is refused before anything in it is read, so that there are
 * no entities but those of XML itself; nothing is fetched; depth, names and
 * texts have bounds. The parent believes no line of the child: addresses,
 * numbers and words are read again there. Threads: one.
 */
#pragma once

#include "base/buf.h"
#include "store/dmarcin.h"

enum {
	REPORTXML_DEPTH_MAX = 32,
	REPORTXML_ROWS_MAX = 100000,
	REPORTXML_UNPACKED_MAX = 64 * 1024 * 1024
};

struct reportxml {
	struct buf text; /* what the slices point into */
	struct dmarcin_report report; /* its rows as they were written */
	size_t bad_rows; /* of no address, of no number, or too many */
};

/*
 * packed: XML, gzip, or a zip whose first file ending in .xml, or only file, is
 * meant; max: octets when unpacked. RES_SYNTAX: none of these, no well-formed
 * XML, one with a document type, or a report that lacks who, which, when or of
 * what domain; RES_TOOBIG; RES_CORRUPT: it cannot be unpacked, or the child
 * died; RES_TIMEOUT; RES_NOMEM. To be cleared in any case.
 */
enum result reportxml_read(
	struct slice packed, size_t max, struct reportxml *out) MUST_USE;
void reportxml_clear(struct reportxml *r);

/* The two halves, for the tests of hostile input. What the child does: adds its
 * lines to out; the result is the last of them. */
void reportxml_parse(struct slice packed, size_t max, struct buf *out);
/* What the parent does with such lines. out is empty. */
enum result reportxml_take(struct slice lines, struct reportxml *out) MUST_USE;
