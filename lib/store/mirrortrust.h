/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/mirrortrust - the trusted domains of the mirror.
 * Part of store/mirror, see store/mirrorcore.h. Thread: the mirror's own.
 *
 * They are few and have no details, so their names wait in a queue of their
 * own and are all asked about together: is the key there, and how long?
 */
#pragma once

#include "store/mirrorcore.h"

/* Is it a key of ours that says whom to trust? */
bool mirror_trust_is_key(const struct mirror *m, struct slice key);

/* A key that was pushed, RES_FULL: too many wait; or found by a load, then
 * what has no room is left out. RES_NOMEM. */
enum result mirror_trust_push(struct mirror *m, struct slice key) MUST_USE;
enum result mirror_trust_load(struct mirror *m, struct slice key) MUST_USE;

/*
 * Asks Redis about all that wait and puts what it says into the table, and
 * into the one aside. An account that may not read them goes on without: then
 * nobody can tell who is trusted.
 * Errors of the connection as of facts_read.
 */
enum result mirror_trust_apply(struct mirror *m) MUST_USE;
