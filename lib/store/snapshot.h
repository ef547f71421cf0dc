/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/snapshot - the lists on disk, for a start without Redis.
 *
 * One file: entries with their flags and other spellings, whom to trust, the
 * generation, the
 * wall time of the last proof of being in step, a version, counts and a chain
 * of SHA-256 over all of it. Octets are in network order, so that the file
 * reads the same on any machine. Expiry is kept as wall time. A file that is
 * cut, changed anywhere, or of another version or prefix is refused whole.
 * Neither way holds the file in memory. Threads: one at a time a path; saving
 * reads the table as its one changing thread may (no lock).
 */
#pragma once

#include "store/prefixes.h"
#include "store/trustnames.h"

struct clock;

enum { SNAPSHOT_GENERATION_MAX = 128, SNAPSHOT_WHY_MAX = 128 };

/* What is kept besides the entries. */
struct snapshot_facts {
	char generation[SNAPSHOT_GENERATION_MAX];
	int64_t synced_ms; /* wall time of the last proof of being in step */
	/* Saved: borrowed, NULL for none. Loaded: given, on RES_OK never NULL;
	 * what has no room in it (trust_max) is left out. */
	struct trustnames *trust;
};

/*
 * Writes PATH.tmp with mode 0600, syncs it, renames it over path. A second
 * process that saves to the same path meanwhile gets RES_EXISTS. RES_DENIED,
 * RES_MISSING (the folder), RES_DOWN (the disk): path is as it was.
 */
enum result snapshot_save(const char *path, const struct prefixes *p,
	struct slice prefix, const struct snapshot_facts *facts,
	const struct clock *clock) MUST_USE;

/* What load must know, and what it tells. */
struct snapshot_load {
	struct slice prefix; /* of the keys: another one is RES_CORRUPT */
	size_t entries_max;
	size_t scopes_max;
	size_t trust_max;
	struct snapshot_facts facts; /* told, on RES_OK */
	size_t expired; /* told: entries left out, their time over */
	char why[SNAPSHOT_WHY_MAX]; /* told on error: one line for the log */
};

/*
 * Reads path into a new table, given to the caller. *out is NULL on error.
 * RES_CORRUPT: cut, changed, another version or prefix; RES_FULL: more than
 * the bounds allow; RES_MISSING, RES_DENIED, RES_DOWN: the file itself;
 * RES_NOMEM.
 */
enum result snapshot_load(const char *path, struct snapshot_load *load,
	const struct clock *clock, struct prefixes **out) MUST_USE;
