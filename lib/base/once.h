/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/once - say the same thing once, not ten thousand times.
 *
 * Remembers at most max texts (as hashes; those not asked for longest are
 * forgotten first), so a log line about a bad key is written when the key is
 * new and not at each resync.
 * Threads: any (own lock).
 */
#pragma once

#include "base/slice.h"

struct once;

struct once *once_new(size_t max);
void once_free(struct once *o);

/* True when text was not there; it is from now on. */
bool once_is_first(struct once *o, struct slice text);
/* Forgets text, so that it is new again. */
void once_forget(struct once *o, struct slice text);
