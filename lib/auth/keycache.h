/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/keycache - public keys that have been parsed before, the last used ones.
 *
 * An RSA key that is new doubles the cost of a verification, and few sealers
 * and signers send most of the mail. A key is known by its own octets, not by
 * its name: what DNS says now always counts. Threads: any (own lock).
 */
#pragma once

#include "base/pubkey.h"

struct keycache;

struct keycache *keycache_new(size_t max) MUST_USE; /* NULL: no memory */
void keycache_free(struct keycache *c); /* NULL is fine */
size_t keycache_count(struct keycache *c);

/* As pubkey_parse; what it refuses is not kept. */
enum result keycache_find(struct keycache *c, enum pubkey_type type,
	struct slice octets, struct pubkey **out) MUST_USE;
