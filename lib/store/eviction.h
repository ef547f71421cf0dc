/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/eviction - may this server throw our lists away when memory is short?
 *
 * maxmemory-policy allkeys-* deletes any key, blocks too, without a word; the
 * lists have to live under noeviction or volatile-*. Threads: as store/redis.
 */
#pragma once

#include "base/slice.h"

struct redis;

enum eviction {
	EVICTION_UNKNOWN = 0, /* the account may ask neither CONFIG nor INFO */
	EVICTION_SAFE,
	EVICTION_LATER, /* allkeys-*, but no maxmemory is set yet */
	EVICTION_RISK /* allkeys-* and a limit */
};

const char *eviction_name(enum eviction e);

enum { EVICTION_POLICY_MAX = 32 };

/*
 * CONFIG GET, or INFO memory when that is not allowed. policy gets the
 * server's word with a NUL, "" if unknown. RES_TIMEOUT, RES_DOWN: the
 * connection is broken; *out and policy untouched.
 */
enum result eviction_read(struct redis *r, enum eviction *out,
	char policy[EVICTION_POLICY_MAX]) MUST_USE;
