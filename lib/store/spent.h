/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/spent - limits known to be used up, until there is room again.
 *
 * A bounded table in memory; who has not come back for longest is forgotten
 * first, and then Redis is asked again. Times are monotonic milliseconds of
 * the caller's clock. Threads: any (own lock).
 */
#pragma once

#include "base/slice.h"

struct spent;

/* NULL: no memory. */
struct spent *spent_new(size_t max);
void spent_free(struct spent *s); /* NULL is fine */

/* No room until end_ms; until_s is that moment in wall time. */
void spent_note(
	struct spent *s, struct slice key, int64_t end_ms, int64_t until_s);
/* False: it may have room. */
bool spent_find(
	struct spent *s, struct slice key, int64_t now_ms, int64_t *until_s);
size_t spent_count(struct spent *s);
