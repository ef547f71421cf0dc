/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/mirrorapply - change the tables of the mirror, a few names at a time.
 * Part of store/mirror, see store/mirrorcore.h. Thread: the mirror's own.
 */
#pragma once

#include "store/mirrorcore.h"

/*
 * Of many pending names: lets readers know at once that each has changed,
 * before Redis is asked about it. Until then its entry is there with flags
 * unread, and whoever hits it asks Redis itself.
 */
void mirror_announce(struct mirror *m);

/*
 * Asks Redis about some of the pending names and puts what it says into the
 * table, and into the one aside. Any error of facts_read.
 */
enum result mirror_apply_pending(struct mirror *m) MUST_USE;

/* Reads the flags of some entries that were not read yet. *did: there were
 * some. Errors as above. */
enum result mirror_read_flags(struct mirror *m, bool *did) MUST_USE;

/* Looks again at the entries that somebody marked. Errors as above. */
enum result mirror_apply_marks(struct mirror *m) MUST_USE;

/* A key found by a load goes into the table aside. RES_NOMEM. */
enum result mirror_add_aside(struct mirror *m, struct slice key) MUST_USE;

/* For store/mirrortrust: a line about a key of nonsense, the first time; and
 * what is left of a life (-1: no end) as monotonic seconds, 0 for never. */
void mirror_log_ignored(struct mirror *m, struct slice key, const char *why);
uint32_t mirror_expire_of(const struct mirror *m, int64_t life_ms);

/* Puts the table aside in place of the other one. */
void mirror_swap(struct mirror *m);
/* Throws the table aside away. */
void mirror_drop_aside(struct mirror *m);
