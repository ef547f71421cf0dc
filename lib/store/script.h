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

enum { SCRIPT_ARGS_MAX = 96, SCRIPT_TEXT_MAX = 8192 };

/*
 * Collects keys, then arguments; start with the zero of it. Texts are borrowed
 * until script_run. Too many make script_run say RES_TOOBIG.
 */
struct script_call {
	struct slice argv[SCRIPT_ARGS_MAX];
	size_t count;
	size_t key_count;
	size_t text_len;
	char text[SCRIPT_TEXT_MAX]; /* of the two below */
};

void script_key(struct script_call *c, struct slice key);
void script_arg(struct script_call *c, struct slice value);
/* The same, copied into the call: a key as keys_format makes it, a number. */
void script_key_of(struct script_call *c, struct slice prefix,
	const char *fixed, struct slice rest);
void script_number(struct script_call *c, int64_t number);

/*
 * EVAL. An error reply is not RES_OK but its redis_error_kind; what only a
 * fault of ours or of the accounts in Redis can bring about (RES_DENIED,
 * RES_TYPE, RES_INTERNAL) is logged. RES_TIMEOUT, RES_DOWN: whether the script
 * ran or will run is unknown, so it must bear being run again.
 */
enum result script_run(struct redis *r, const char *text,
	const struct script_call *call, struct redis_reply *out) MUST_USE;

/* The same, and who asks tells the log: out->text is what the server says. */
enum result script_ask(struct redis *r, const char *text,
	const struct script_call *call, struct redis_reply *out) MUST_USE;

/* Within a script that has kind(key), the type of a key: describe(key), what an
 * entry of a list is, as JSON for the audit; "" for none. */
#define SCRIPT_LUA_DESCRIBE                                                      \
	"local function describe(key)\n"                                         \
	"  local was, k = {}, kind(key)\n"                                       \
	"  if k == 'none' then return '' end\n"                                  \
	"  if k == 'hash' then\n"                                                \
	"    local f = redis.call('HGETALL', key)\n"                             \
	"    for i = 1, #f, 2 do was[f[i]] = string.sub(f[i + 1], 1, 512) end\n" \
	"  elseif k == 'string' then\n"                                          \
	"    was.reason = redis.call('GETRANGE', key, 0, 511)\n"                 \
	"  else\n"                                                               \
	"    was.type = k\n"                                                     \
	"  end\n"                                                                \
	"  local ttl = redis.call('TTL', key)\n"                                 \
	"  if ttl >= 0 then was.ttl_s = ttl end\n"                               \
	"  return cjson.encode(was)\n"                                           \
	"end\n"
