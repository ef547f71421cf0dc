/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/upload.h"

#include "store/keys.h"
#include "store/mailq.h"
#include "store/script.h"

enum { MS = 1000 };

/* forget(key, id): its line among all; the number of octets that wait. */
#define UPLOAD_LUA                                                         \
	"local function walk(key, id)\n"                                   \
	"  local sum = 0\n"                                                \
	"  for _, m in ipairs(redis.call('ZRANGE', key, 0, -1)) do\n"      \
	"    local len, of = string.match(m, '^(%d+):(.+)$')\n"            \
	"    if not len or of == id then redis.call('ZREM', key, m)\n"     \
	"    else sum = sum + tonumber(len) end\n"                         \
	"  end\n"                                                          \
	"  return sum\n"                                                   \
	"end\n"                                                            \
	"local function enter(key, id, len, now, keep)\n"                  \
	"  redis.call('ZADD', key, now + keep * 1000, len .. ':' .. id)\n" \
	"  redis.call('EXPIRE', key, keep)\n"                              \
	"end\n"

/* KEYS: the upload, all of them, the queue. ARGV: id, kind, mail, now_ms,
 * keep_s, how many, how many octets, how many jobs. */
static const char add_text[] = MAILQ_LUA_ADD UPLOAD_LUA
	"local id, mail, now = ARGV[1], ARGV[3], tonumber(ARGV[4])\n"
	"local keep = tonumber(ARGV[5])\n"
	"if redis.call('EXISTS', KEYS[1]) == 1 then return 1 end\n"
	"redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)\n"
	"if walk(KEYS[2], id) + #mail > tonumber(ARGV[7]) or\n"
	"  redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[6]) or\n"
	"  redis.call('XLEN', KEYS[3]) >= tonumber(ARGV[8]) then return 0 end\n"
	"redis.call('SET', KEYS[1], mail, 'EX', keep)\n"
	"enter(KEYS[2], id, #mail, now, keep)\n"
	"mailq_add(KEYS[3], 'report-upload', id, ARGV[2], ARGV[4])\n"
	"return 1\n";

/* KEYS: the upload, all of them. ARGV: id, now_ms, keep_s. */
static const char read_text[] =
	UPLOAD_LUA "local mail = redis.call('GET', KEYS[1])\n"
		   "walk(KEYS[2], ARGV[1])\n"
		   "if not mail then return nil end\n"
		   "local keep = tonumber(ARGV[3])\n"
		   "redis.call('EXPIRE', KEYS[1], keep)\n"
		   "enter(KEYS[2], ARGV[1], #mail, tonumber(ARGV[2]), keep)\n"
		   "return mail\n";

/* KEYS: the upload, all of them. ARGV: id. */
static const char remove_text[] = UPLOAD_LUA "redis.call('DEL', KEYS[1])\n"
					     "walk(KEYS[2], ARGV[1])\n"
					     "return 1\n";

static void add_keys(
	struct script_call *c, struct slice prefix, struct slice id)
{
	script_key_of(c, prefix, "upload:", id);
	script_key_of(c, prefix, "upload:all", slice_of(""));
}

enum result upload_add(struct redis *r, struct slice prefix,
	const struct upload *u, int64_t now_ms)
{
	struct script_call call = { 0 };
	struct redis_reply reply;
	enum result res;

	add_keys(&call, prefix, u->id);
	script_key_of(&call, prefix, "mailq:slow", slice_of(""));
	script_arg(&call, u->id);
	script_arg(&call, u->kind);
	script_arg(&call, u->mail);
	script_number(&call, now_ms);
	script_number(&call, UPLOAD_KEEP_S);
	script_number(&call, UPLOAD_COUNT_MAX);
	script_number(&call, UPLOAD_OCTETS_MAX);
	script_number(&call, MAILQ_WAITING_MAX);
	res = script_run(r, add_text, &call, &reply);
	return res == RES_OK && reply.number == 0 ? RES_FULL : res;
}

enum result upload_read(struct redis *r, struct slice prefix, struct slice id,
	int64_t now_ms, struct slice *mail)
{
	struct script_call call = { 0 };
	struct redis_reply reply;
	enum result res;

	add_keys(&call, prefix, id);
	script_arg(&call, id);
	script_number(&call, now_ms);
	script_number(&call, UPLOAD_KEEP_S);
	res = script_run(r, read_text, &call, &reply);
	if (res == RES_OK && reply.type != REDIS_STRING)
		res = RES_MISSING;
	if (res == RES_OK)
		*mail = reply.text;
	return res;
}

enum result upload_has(
	struct redis *r, struct slice prefix, struct slice id, bool *found)
{
	struct redis_reply reply;
	struct buf key;
	enum result res;

	buf_init(&key, SCRIPT_TEXT_MAX);
	keys_format(&key, prefix, "upload:", id);
	{
		const struct slice argv[] = { slice_of("EXISTS"),
			buf_slice(&key) };

		res = buf_result(&key);
		if (res == RES_OK)
			res = redis_command(r, argv, 2, &reply);
	}
	buf_clear(&key);
	if (res == RES_OK && reply.type == REDIS_ERROR)
		res = redis_error_kind(reply.text);
	if (res == RES_OK)
		*found = reply.number == 1;
	return res;
}

enum result upload_remove(struct redis *r, struct slice prefix, struct slice id)
{
	struct script_call call = { 0 };
	struct redis_reply reply;

	add_keys(&call, prefix, id);
	script_arg(&call, id);
	return script_run(r, remove_text, &call, &reply);
}
