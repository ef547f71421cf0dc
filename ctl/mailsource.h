/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/mailsource - the messages that a path stands for.
 *
 * A file is one message, or a mailbox when it begins with a line "From " (mbox,
 * RFC 4155; ">From " within it is undone). A folder is a Maildir when it has
 * cur or new, which are read; of any other folder the files are, but not what
 * begins with a dot and no folders within. "-" is standard input. Threads: one.
 */
#pragma once

#include "base/buf.h"

struct mailsource {
	size_t octets_max; /* of a message; the rest of it is left out */
	/* name and text live during the call. False: enough. */
	bool (*each)(void *ctx, const char *name, struct slice text);
	void *ctx;
};

/*
 * RES_OK, also after "enough". RES_MISSING: path, or a file of the folder,
 * cannot be opened; RES_DOWN: cannot be read; RES_NOMEM: *why says which and
 * why, for a human. What came before was handed on.
 */
enum result mailsource_walk(
	const struct mailsource *s, const char *path, struct buf *why) MUST_USE;
