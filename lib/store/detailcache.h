/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/detailcache - details that were read, until their key changes.
 *
 * By canonical key. What was asked for before a change and arrives after it
 * must not be kept: take a ticket before asking, and hand it in with the
 * answer. Bounded; the least recently used goes first. Times are monotonic
 * milliseconds of the caller's clock. Threads: any (own lock).
 */
#pragma once

#include "store/details.h"

struct arena;
struct detailcache;

/* NULL: no memory. */
struct detailcache *detailcache_new(size_t max);
void detailcache_free(struct detailcache *c); /* NULL is fine */

uint64_t detailcache_ticket(struct detailcache *c, struct slice name);

/*
 * True: *out, its key and text owned by a, and *expire_ms when the key's life
 * is over (0: never).
 */
bool detailcache_find(struct detailcache *c, struct slice name, struct arena *a,
	struct details *out, int64_t *expire_ms);

/* Keeps a copy, unless something changed since the ticket was taken. */
void detailcache_keep(struct detailcache *c, struct slice name, uint64_t ticket,
	const struct details *d, int64_t expire_ms);

/* The empty name means all. */
void detailcache_forget(struct detailcache *c, struct slice name);

size_t detailcache_count(struct detailcache *c);
