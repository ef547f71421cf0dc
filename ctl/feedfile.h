/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/feedfile - a file of networks, read and checked as a whole.
 *
 * cidr: one network a line; blank lines and lines that begin with # or ; are
 * skipped; what stands behind a # or ; after the network is its reason.
 * drop-json: one object a line, {"cidr": ..., "sblid": ..., "rir": ...}, and
 * at the end one of the type "metadata" whose "records" must be the number of
 * lines before it, so that a file that was cut off is noticed.
 *
 * Somebody else wrote the file: lines are bounded, control characters are
 * faults, and a network that cannot be meant (shorter than /8 or /16, not of
 * the public internet, or one that we trust) is one too. Threads: one.
 */
#pragma once

#include "base/buf.h"
#include "net/cidrset.h"

struct arena;

enum feedfile_format { FEEDFILE_CIDR = 0, FEEDFILE_DROP_JSON };

struct feedfile_item {
	struct cidr net;
	struct slice reason; /* may be empty */
	struct slice ref; /* the number of the feed's owner, or empty */
};

struct feedfile {
	struct feedfile_item *item; /* sorted by network, each once */
	size_t count;
	size_t repeated; /* networks that stood there more than once */
	size_t faults; /* lines that were not taken */
	struct buf why; /* the first of them, "line N: ..." each */
	struct arena *text;
	/* while reading */
	size_t size;
	size_t records; /* of the metadata line */
	bool has_metadata;
};

struct feedfile_request {
	struct slice text;
	enum feedfile_format format;
	size_t reason_max;
	const struct cidrset *trusted;
	bool take_any; /* networks that cannot be meant, too (--force) */
};

/* RES_NOMEM; RES_OK also with faults. feedfile_clear in any case. */
enum result feedfile_read(
	const struct feedfile_request *rq, struct feedfile *out) MUST_USE;
void feedfile_clear(struct feedfile *f);

bool feedfile_has(const struct feedfile *f, const struct cidr *net);
