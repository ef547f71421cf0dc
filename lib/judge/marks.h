/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/marks - what we change in the header of a message.
 *
 * First incoming fields that claim to be ours go, each name from the highest
 * number down: Postfix numbers anew after each deletion, Sendmail does not,
 * and this is right in both. Ours come after that, for an insertion counts as
 * number 1. What the MTA does not take is logged.
 * Threads: the session's own.
 */
#pragma once

#include "base/buf.h"

struct fields;
struct mta;

struct marks {
	const struct mta *mta;
	const char *session; /* for the log */
	bool may_insert; /* what the MTA agreed to */
	bool may_delete;
};

/* Authentication-Results that claim our name. */
void marks_remove_results(const struct marks *m, const struct fields *f);
/* All count fields of that name. */
void marks_remove_all(const struct marks *m, const char *name, unsigned count);

/* Puts a field on top of the header: the last one inserted stands highest. The
 * value begins with its blank; res is whether it could be made. */
void marks_insert(const struct marks *m, const char *name, enum result res,
	const struct buf *value);
