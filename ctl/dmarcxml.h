/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/dmarcxml - an aggregate report as XML (RFC 9990 s3.1 and its schema,
 * namespace urn:ietf:params:xml:ns:dmarc-2.0).
 *
 * Elements are in the order of the RFC's tables, which readers of the schema of
 * RFC 7489 take as well. Text of others is escaped, cut to what a name may be,
 * and what XML cannot hold is "?". Threads: plain data.
 */
#pragma once

#include "base/buf.h"
#include "store/aggregate.h"

enum { DMARCXML_TEXT_MAX = 256 }; /* octets of one text, before escaping */

struct dmarcxml_report {
	struct slice org_name;
	struct slice email;
	struct slice contact; /* or "" */
	const char *id;
	int64_t begin_s, end_s;
	struct slice domain; /* where the record was found */
	struct slice record;
	uint64_t more; /* messages that are in no row */
	const struct aggregate_row *row;
	size_t count;
};

/* Rows that cannot be read are left out; *written: those that were not (may be
 * NULL). RES_MISSING: none is left. RES_SYNTAX: the record is none. RES_TOOBIG,
 * RES_NOMEM. */
enum result dmarcxml_write(const struct dmarcxml_report *report,
	struct buf *out, size_t *written) MUST_USE;
