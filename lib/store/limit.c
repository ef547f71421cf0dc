/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/limit.h"

#include "base/buf.h"
#include "store/script.h"

#include <inttypes.h>

enum { KEY_MAX = 640, MS = 1000 };

/* Answers {index of the first that is full, milliseconds to wait}. */
static const char take_text[] =
	LIMIT_LUA "local count = #KEYS / 2\n"
		  "local limits = {}\n"
		  "for i = 1, count do\n"
		  "  limits[i] = limit_at(2 * i - 1, 3 * i - 2)\n"
		  "  local wait = limit_wait(limits[i])\n"
		  "  if wait > 0 then return {i - 1, wait} end\n"
		  "end\n"
		  "for i = 1, count do limit_add(limits[i]) end\n"
		  "return {count, 0}\n";

static const char read_text[] =
	LIMIT_LUA "return math.ceil(limit_used(limit_at(1, 1)))\n";

static int64_t window_ms(const struct limit *limit)
{
	return (int64_t)limit->window_s * MS;
}

static void add_key(struct script_call *c, struct slice prefix,
	const struct limit *limit, int64_t slot)
{
	struct buf key;

	buf_init(&key, KEY_MAX);
	buf_add_format(&key, "%s:", limit->name);
	buf_add(&key, limit->who);
	buf_add_format(&key, ":%" PRId64, slot);
	/* A name that is cut would count somebody else. */
	if (buf_result(&key) == RES_OK)
		script_key_of(c, prefix, "rate:", buf_slice(&key));
	else
		c->count = SCRIPT_ARGS_MAX + 1;
	buf_clear(&key);
}

void limit_keys(struct script_call *c, struct slice prefix, int64_t now_ms,
	const struct limit *limit)
{
	int64_t slot = limit->window_s > 0 ? now_ms / window_ms(limit) : 0;

	add_key(c, prefix, limit, slot);
	add_key(c, prefix, limit, slot - 1);
}

void limit_args(
	struct script_call *c, int64_t now_ms, const struct limit *limit)
{
	script_number(c, limit->most);
	script_number(c, window_ms(limit));
	script_number(c, limit->window_s > 0 ? now_ms % window_ms(limit) : 0);
}

enum result limit_take(struct redis *r, struct slice prefix, int64_t now_ms,
	const struct limit *limits, size_t count, size_t *full, int64_t *wait_s)
{
	struct script_call call = { 0 };
	struct redis_reply reply;
	enum result res;

	if (count > LIMIT_MAX)
		return RES_TOOBIG;
	for (size_t i = 0; i < count; i++)
		limit_keys(&call, prefix, now_ms, &limits[i]);
	for (size_t i = 0; i < count; i++)
		limit_args(&call, now_ms, &limits[i]);
	res = script_run(r, take_text, &call, &reply);
	if (res != RES_OK)
		return res;
	if (reply.type != REDIS_ARRAY || reply.count != 2)
		return RES_INTERNAL;
	*full = (size_t)redis_element(&reply, 0).number;
	*wait_s = (redis_element(&reply, 1).number + MS - 1) / MS;
	return RES_OK;
}

enum result limit_read(struct redis *r, struct slice prefix, int64_t now_ms,
	const struct limit *limit, unsigned *used)
{
	struct script_call call = { 0 };
	struct redis_reply reply;
	enum result res;

	limit_keys(&call, prefix, now_ms, limit);
	limit_args(&call, now_ms, limit);
	res = script_run(r, read_text, &call, &reply);
	if (res == RES_OK)
		*used = reply.number > 0 ? (unsigned)reply.number : 0;
	return res;
}
