/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/nodes.h"

#include "store/keys.h"
#include "store/node.h"
#include "store/script.h"

#include <string.h>

enum {
	MS_PER_S = 1000,
	SILENT_MS = 30000,
	/* What the answer that proves a mirror and the word of it took on their
	 * way: so much younger than the change must the proof be. */
	MARGIN_MS = 50
};

/*
 * KEYS: the ids. ARGV: prefix of a heartbeat, its life, silent, change and
 * margin, most.
 * The time of the proof by our clock: now, less the age of the heartbeat, less
 * how old the proof was by the clock of its writer when that was written.
 */
static const char count_text[] =
	"local t = redis.call('TIME')\n"
	"local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)\n"
	"local ids = redis.call('HKEYS', KEYS[1])\n"
	"local alive, active = 0, 0\n"
	"for i = 1, math.min(#ids, tonumber(ARGV[5])) do\n"
	"  local key = ARGV[1] .. ids[i]\n"
	"  local left = redis.call('PTTL', key)\n"
	"  local age = tonumber(ARGV[2]) - left\n"
	"  if left > 0 and age <= tonumber(ARGV[3]) then\n"
	"    alive = alive + 1\n"
	"    local f = redis.call('HMGET', key, 'state', 'pending',\n"
	"      'clock_ms', 'synced_ms')\n"
	"    local clock, synced = tonumber(f[3]), tonumber(f[4])\n"
	"    if f[1] == 'live' and f[2] == '0' and clock and synced and\n"
	"      now - age - (clock - synced) >= tonumber(ARGV[4]) then\n"
	"      active = active + 1\n"
	"    end\n"
	"  end\n"
	"end\n"
	"return { alive, active }\n";

enum result nodes_count_active(struct redis *r, struct slice prefix,
	int64_t since_ms, struct nodes_count *out)
{
	struct script_call call = { .count = 0 };
	struct redis_reply reply;
	struct buf head;
	enum result res;

	memset(out, 0, sizeof(*out));
	buf_init(&head, LIST_NAME_MAX);
	keys_format(&head, prefix, "node:", slice_of(""));
	script_key_of(&call, prefix, "node:", slice_of(NODE_IDS));
	script_arg(&call, buf_slice(&head));
	script_number(&call, (int64_t)NODE_LIFE_S * MS_PER_S);
	script_number(&call, SILENT_MS);
	script_number(&call, since_ms + MARGIN_MS);
	script_number(&call, NODES_READ_MAX);
	res = script_run(r, count_text, &call, &reply);
	buf_clear(&head);
	if (res != RES_OK)
		return res;
	out->alive = (size_t)redis_element(&reply, 0).number;
	out->active = (size_t)redis_element(&reply, 1).number;
	return RES_OK;
}

enum result nodes_time(struct redis *r, int64_t *now_ms)
{
	const struct slice word = slice_of("TIME");
	struct redis_reply reply;
	uint64_t s, us;
	enum result res = redis_command(r, &word, 1, &reply);

	*now_ms = 0;
	if (res != RES_OK)
		return res;
	if (reply.type == REDIS_ERROR)
		return redis_error_kind(reply.text);
	if (slice_parse_u64(redis_element(&reply, 0).text, 0,
		    INT64_MAX / MS_PER_S - 1, &s) != RES_OK ||
		slice_parse_u64(redis_element(&reply, 1).text, 0, 999999,
			&us) != RES_OK)
		return RES_INTERNAL;
	*now_ms = (int64_t)s * MS_PER_S + (int64_t)us / MS_PER_S;
	return RES_OK;
}
