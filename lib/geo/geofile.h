/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * geo/geofile - a copy of a file that nobody else can change.
 *
 * A database is mapped into memory; were it the file of the operator, cutting
 * it short in place would end us with SIGBUS. So it is copied, whole, to a
 * file in TMPDIR (/tmp) that has no name any more once it is mapped: the
 * kernel may drop and read its pages as it likes, which the heap would not
 * allow it. Threads: any.
 */
#pragma once

#include "base/result.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What tells one state of a file from another. Zeroed: no file. */
struct geofile_id {
	uint64_t device;
	uint64_t inode;
	uint64_t size;
	int64_t changed_ns; /* ctime: any write or rename moves it */
	int64_t written_ns; /* mtime */
};

/* RES_MISSING, RES_DENIED, RES_DOWN, RES_TYPE (no plain file): *out is
 * zeroed. */
enum result geofile_identify(const char *path, struct geofile_id *out) MUST_USE;
bool geofile_is_same(const struct geofile_id *a, const struct geofile_id *b);

/*
 * Copies path to a new file, only ours, whose name is put into copy: the
 * caller unlinks it. *id is what was copied, or tried. As above, and
 * RES_TOOBIG: over size_max; RES_CORRUPT: it changed while it was read;
 * RES_FULL: no room or right for the copy. Nothing is left on an error.
 */
enum result geofile_copy(const char *path, size_t size_max,
	struct geofile_id *id, char copy[PATH_MAX]) MUST_USE;
