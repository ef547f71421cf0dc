/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/pending - names that changed in Redis and were not looked at yet.
 *
 * Each name once, in the order in which it was last pushed, with the time at
 * which it was pushed first. Taken from either end: the newest, so that an
 * admin's edit does not wait behind an import; the oldest, so that nothing
 * waits for ever. Bounded. Threads: one owner.
 */
#pragma once

#include "base/slice.h"

struct pending;

/* At most max names. NULL: no memory. */
struct pending *pending_new(size_t max);
void pending_free(struct pending *p); /* NULL is fine */
void pending_clear(struct pending *p);

/*
 * The name is copied; one that waits already becomes the newest and keeps its
 * time. RES_FULL: no room, nothing has changed; RES_NOMEM.
 */
enum result pending_push(
	struct pending *p, struct slice name, int64_t now_ms) MUST_USE;

/* Takes the newest or the oldest name out; it is valid until the next call
 * for p. False: empty. */
bool pending_take_newest(struct pending *p, struct slice *name);
bool pending_take_oldest(struct pending *p, struct slice *name);

/* Calls each for the names pushed since the last time, newest first; they stay
 * where they are. each must not change p. */
void pending_show_new(struct pending *p,
	void (*each)(void *ctx, struct slice name), void *ctx);

size_t pending_count(const struct pending *p);
/* When the name at the old end was pushed first; now_ms when empty. */
int64_t pending_oldest_ms(const struct pending *p, int64_t now_ms);
