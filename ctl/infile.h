/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/infile - the file that a command was given, or standard input.
 * Threads: one.
 */
#pragma once

#include "base/buf.h"

/*
 * Adds all of it to *out, which bounds it; "-" is standard input. On an error
 * *why says what, for a human. RES_MISSING: cannot be opened; RES_TOOBIG;
 * RES_DOWN: cannot be read; RES_NOMEM.
 */
enum result infile_read(
	const char *path, struct buf *out, struct buf *why) MUST_USE;
