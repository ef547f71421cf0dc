/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/feedstore - the entries of one feed in Redis, exchanged for new ones.
 *
 *   Pfeed:NAME       HASH: entries, updated, by, file, life_s, list, class
 *   Pfeed:NAME:set   SET of "block:NET" or "allow:NET" that came from it
 *   Pfeed:NAME:new   the same while an import runs
 *   Pfeed:NAME:lock  STRING, whose import runs; ends by itself after 15 s
 *
 * Order: all new entries in, then those away that are in the file no more,
 * then the sets exchanged and the audit written, in one script. An import
 * that dies leaves the old entries where they are; the next one takes over
 * what it had put in. An entry whose origin is another one (an admin's, another
 * feed's) is never touched. Threads: one.
 */
#pragma once

#include "ctl/change.h"
#include "ctl/feedfile.h"

enum { FEEDSTORE_NAME_MAX = 64 };

struct feedstore_request {
	const char *name; /* feedstore_name_is_valid */
	const char *file; /* for the audit */
	enum list_kind kind;
	const char *class;
	int64_t life_s; /* 0: for ever */
	const struct feedfile *feed;
	/* Called now and then with how many entries are done. */
	void (*progress)(void *ctx, size_t done);
	void *ctx;
};

struct feedstore_state {
	int64_t entries; /* of the last complete import, -1: there was none */
	size_t new; /* of the file, not in the set */
	size_t gone; /* of the set, not in the file */
};

struct feedstore_counts {
	int64_t added;
	int64_t changed;
	int64_t same;
	int64_t kept; /* an entry of another origin stands there */
	int64_t removed;
};

bool feedstore_name_is_valid(const char *name);

/* What there is now; changes nothing. */
enum ctl_exit feedstore_look(struct ctl *ctl,
	const struct feedstore_request *rq, struct feedstore_state *out);

enum ctl_exit feedstore_replace(struct ctl *ctl,
	const struct feedstore_request *rq, struct feedstore_counts *out);
