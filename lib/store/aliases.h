/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/aliases - odd spellings of entries, word for word.
 *
 * A bounded multimap from an entry (by a number that hashes it and the entry
 * itself) to the keys that name it. Threads: as store/prefixes says.
 */
#pragma once

#include "store/keys.h"

struct aliases;

/* Which entry; zero the whole struct before filling it. */
struct alias_owner {
	struct cidr net;
	uint32_t kind;
	uint32_t scope;
};

/* At most max texts, per_owner of one entry. NULL: no memory. */
struct aliases *aliases_new(size_t max, size_t per_owner, uint64_t seed);
void aliases_free(struct aliases *a); /* NULL is fine */

/* RES_EXISTS: it is there already. RES_FULL, RES_NOMEM. */
enum result aliases_add(struct aliases *a, const struct alias_owner *o,
	struct slice text) MUST_USE;
/* False: it was not there. */
bool aliases_remove(
	struct aliases *a, const struct alias_owner *o, struct slice text);
/* Calls each (may be NULL) for the texts of o; returns how many. */
size_t aliases_each(const struct aliases *a, const struct alias_owner *o,
	void (*each)(void *ctx, struct slice text), void *ctx);

size_t aliases_count(const struct aliases *a);
size_t aliases_memory(const struct aliases *a);
