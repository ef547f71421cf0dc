/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/scopes - recipient domains with lists of their own, as small numbers.
 *
 * Number 0 is the global scope and always there. A number stays with its name
 * while entries of it exist, then it is used again. Threads: as
 * store/prefixes says.
 */
#pragma once

#include "store/keys.h"

struct scopes;

/* The prefix lengths that entries of a family have: bit l of 129, by kind. */
struct lengths {
	uint64_t bits[LIST_KINDS][3];
};

struct scope {
	struct slice name;
	size_t entries;
	/* Lengths ever used since the scope is in use, IPv4 and IPv6. */
	struct lengths lengths[2];
};

/* NULL: no memory. */
struct scopes *scopes_new(size_t max, uint64_t seed);
void scopes_free(struct scopes *s); /* NULL is fine */

/* False: no such scope. */
bool scopes_find(const struct scopes *s, struct slice name, uint32_t *id);
/* Finds or adds it, with no entries yet. RES_FULL, RES_NOMEM. */
enum result scopes_intern(
	struct scopes *s, struct slice name, uint32_t *id) MUST_USE;
/* Borrowed until the next intern or drop. */
struct scope *scopes_at(const struct scopes *s, uint32_t id);
/* Forgets a scope without entries; not the global one. */
void scopes_drop_empty(struct scopes *s, uint32_t id);

size_t scopes_count(const struct scopes *s); /* without the global one */
size_t scopes_memory(const struct scopes *s);

static inline void lengths_add(struct lengths *l, unsigned kind, unsigned len)
{
	l->bits[kind][len / 64] |= UINT64_C(1) << len % 64;
}

static inline void lengths_remove(
	struct lengths *l, unsigned kind, unsigned len)
{
	l->bits[kind][len / 64] &= ~(UINT64_C(1) << len % 64);
}

static inline bool lengths_has(
	const struct lengths *l, unsigned kind, unsigned len)
{
	return (l->bits[kind][len / 64] >> len % 64 & 1) != 0;
}
