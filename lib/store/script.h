/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/script - a change of several keys as one, by a script in Redis.
 *
 * Every change of the portal's state is one script: it looks at the old state,
 * writes the new one and its line in the audit, or does nothing at all. Time
 * is handed in, so that a test can hold it still. Threads: as store/redis.
 */
#pragma once

#include "store/redis.h"

enum { SCRIPT_ARGS_MAX = 96 };

/*
 * Collects keys, then arguments; texts are borrowed until script_run. Too many
 * make script_run say RES_TOOBIG.
 */
struct script_call {
	struct slice argv[SCRIPT_ARGS_MAX];
	size_t count;
	size_t key_count;
};

void script_key(struct script_call *c, struct slice key);
void script_arg(struct script_call *c, struct slice value);

/* EVAL. An error reply is RES_OK with *out of type REDIS_ERROR turned into its
 * redis_error_kind, which is returned, and logged once a minute. */
enum result script_run(struct redis *r, const char *text,
	const struct script_call *call, struct redis_reply *out) MUST_USE;
