/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/arena - memory that is freed all at once.
 *
 * A connection and a message have one each, both with a bound from the
 * config. Nothing in it is freed alone. Threads: one owner at a time.
 */
#pragma once

#include "base/slice.h"

struct arena;

/* max is the greatest number of octets ever handed out. NULL: no memory. */
struct arena *arena_new(size_t max);
void arena_free(struct arena *a);

/* Gives all memory back; the arena can be used again. */
void arena_reset(struct arena *a);

/* Zeroed, aligned for any type. NULL: past max, or no memory. */
void *arena_alloc(struct arena *a, size_t len) MUST_USE;

/* A copy owned by a. RES_TOOBIG: no room; *out is then empty. */
enum result arena_copy(
	struct arena *a, struct slice s, struct slice *out) MUST_USE;

/* A copy with a NUL behind it, or NULL. Octets after a NUL in s stay. */
const char *arena_text(struct arena *a, struct slice s) MUST_USE;

/* Octets handed out since new or reset. */
size_t arena_used(const struct arena *a);
