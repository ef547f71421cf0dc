/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns/dnscache - answers by name and type until their time is over.
 *
 * Bounded in octets; the least recently used goes first. In shards, each with
 * a lock of its own, so that sessions do not wait for each other.
 * Threads: any.
 */
#pragma once

#include "dns/answer.h"

struct dnscache;

/* octets 0: nothing is kept. NULL: no memory. */
struct dnscache *dnscache_new(size_t octets);
void dnscache_free(struct dnscache *c);

/* Given to the caller, or NULL. name in lower case, without its last dot. */
struct dns_answer *dnscache_find(struct dnscache *c, struct slice name,
	enum dns_type type, int64_t now_ms);
/* a is held by the cache. Without memory nothing is kept. */
void dnscache_put(struct dnscache *c, struct slice name, enum dns_type type,
	struct dns_answer *a, int64_t until_ms);
size_t dnscache_octets(struct dnscache *c);
