/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/dmarcparts - a report cut into letters that are not too big.
 *
 * The same rows give the same parts, so that a part that has gone is known
 * again. Threads: plain data.
 */
#pragma once

#include "ctl/dmarcletter.h"
#include "store/aggregate.h"

enum { DMARCPARTS_MAX = 1024, DMARCPARTS_XML_MAX = 64 * 1024 * 1024 };

struct dmarcparts_one {
	struct dmarcletter letter;
	char id[DMARCLETTER_ID_MAX];
	struct buf xml;
	struct buf packed;
};

struct dmarcparts {
	struct dmarcparts_one *part;
	size_t count;
};

/* letter: without its part. rows and what it names are borrowed as long as the
 * parts live. RES_SYNTAX: the record is none; RES_MISSING: no row; RES_TOOBIG:
 * one row alone is more than dmarc.size_max; RES_NOMEM. On error *out is empty.
 */
enum result dmarcparts_make(const struct dmarcletter *letter,
	const struct aggregate_rows *rows, struct dmarcparts *out) MUST_USE;
void dmarcparts_clear(struct dmarcparts *p);
