/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/file - whole files, read with a bound and written aside then renamed.
 * Threads: any.
 */
#pragma once

#include "base/buf.h"

#include <sys/types.h>

/*
 * Adds the whole file to *out. RES_MISSING, RES_DENIED, RES_TOOBIG (longer
 * than what out may hold), RES_DOWN (any other error of the disk). On error
 * *out holds what it held before.
 */
enum result file_read(const char *path, struct buf *out) MUST_USE;

/* Writes all of it to fd. On error, some of it: what file_result makes of
 * errno, which stays. */
enum result file_write_all(int fd, struct slice data) MUST_USE;

/* What an errno of open, rename ... means: one of those, or RES_NOMEM. */
enum result file_result(int error);

/*
 * Writes path.tmp.XXXXXX with mode, syncs it, renames it over path and syncs
 * the folder. On error path is as it was and nothing is left beside it.
 * RES_MISSING (no such folder), RES_DENIED, RES_DOWN, RES_NOMEM.
 */
enum result file_write(
	const char *path, mode_t mode, struct slice data) MUST_USE;
