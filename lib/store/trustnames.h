/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/trustnames - the domains that somebody trusts, in memory.
 *
 * A bounded, sorted array; a few thousand names at most. More than one key of
 * Redis may stand for a name (another spelling of it); it is trusted as long
 * as one of them is there. Threads: a const one under the caller's read lock,
 * changes under its write lock.
 */
#pragma once

#include "store/keys.h"

struct trustnames;

/* At most max keys. NULL: no memory. */
struct trustnames *trustnames_new(size_t max);
void trustnames_free(struct trustnames *t); /* NULL is fine */

/*
 * The key exists: adds it or sets when it ends (monotonic seconds, 0: never).
 * key is what trust_name_parse made name of, copied. RES_FULL, RES_NOMEM:
 * nothing has changed.
 */
enum result trustnames_put(struct trustnames *t, const struct trust_name *name,
	struct slice key, uint32_t expire_s) MUST_USE;
/* The key does not exist (any more). */
void trustnames_remove(
	struct trustnames *t, const struct trust_name *name, struct slice key);

/* Is that domain (folded) itself there, not ended at now_s? */
bool trustnames_has(const struct trustnames *t, enum trust_kind kind,
	struct slice domain, int64_t now_s);

size_t trustnames_count(const struct trustnames *t); /* of keys */
/* The i-th key, in no order that means something. Borrowed until a change. */
struct slice trustnames_at(
	const struct trustnames *t, size_t i, uint32_t *expire_s);
