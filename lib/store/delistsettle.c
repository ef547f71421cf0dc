/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/delist.h"

#include "base/buf.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "store/delistcore.h"
#include "store/mailq.h"
#include "store/standing.h"

enum { AUDIT_MAX = 100000 };

/*
 * KEYS: 1 request, 2 3 of its network, 4 audit, 5 mailq, 6 allow, 7
 * exceptions, 8 history, 9 its log, 10 removals, 11 parole, 12 13 14 tokens,
 * from 15 on those of the listing.
 * ARGV: 1 now, 2 RID, 3 number of the token that was shown (0: an admin), 4
 * to, 5 reason, 6 proof, 7 needed, 8 until, 9 level, 10 is_exception, 11
 * counts, 12 who, 13 why, 14 token_s, 15 parole_s, 16 exception_s, 17
 * recheck_s, 18 removals_s, 19 life of what is remembered, 20 of the request,
 * 21 length of the audit, 22 of the log, 23 network, 24 now as text.
 */
#define LUA_BEGIN                                                            \
	"local now, rid, to = tonumber(ARGV[1]), ARGV[2], ARGV[4]\n"         \
	"local shown = tonumber(ARGV[3])\n"                                  \
	"local state = delist_state(KEYS[1], now)\n"                         \
	"local function text(n) return string.format('%.0f', n) end\n"       \
	"local function kind(key) return redis.call('TYPE', key).ok end\n"   \
	"local function is_locked(key)\n"                                    \
	"  if kind(key) ~= 'hash' then return false end\n"                   \
	"  local lock = redis.call('HGET', key, 'lock') or ''\n"             \
	"  lock = string.lower(string.match(lock, '^%s*(.-)%s*$'))\n"        \
	"  return lock == 'yes' or lock == 'true' or lock == 'on'\n"         \
	"    or lock == '1'\n"                                               \
	"end\n" SCRIPT_LUA_DESCRIBE                                          \
	"local function audit(what, key, before)\n"                          \
	"  redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[21], '*',\n"      \
	"    'who', ARGV[12], 'what', what, 'key', key, 'before', before,\n" \
	"    'after', describe(key), 'why', ARGV[13])\n"                     \
	"end\n"

/* Nothing is written before all of this was passed: a script that stops in
 * the middle leaves what it has done. */
#define LUA_CHECK                                                               \
	"if not state then return 'missing' end\n"                              \
	"if not delist_is_open[state] and\n"                                    \
	"  (shown > 0 or state ~= 'review' or\n"                                \
	"    (to ~= 'granted' and to ~= 'denied')) then\n"                      \
	"  return 'exists'\n"                                                   \
	"end\n"                                                                 \
	"if shown > 0 and\n"                                                    \
	"  redis.call('HGET', KEYS[11 + shown], 'id') ~= rid then\n"            \
	"  return 'exists'\n"                                                   \
	"end\n"                                                                 \
	"for i = 15, to == 'granted' and shown > 0 and #KEYS or 0 do\n"         \
	"  if is_locked(KEYS[i]) then return 'exists' end\n"                    \
	"end\n"                                                                 \
	"for i, want in pairs({[4] = 'stream', [5] = 'stream', [7] = 'zset',\n" \
	"  [8] = 'hash', [9] = 'list', [10] = 'zset', [11] = 'hash'}) do\n"     \
	"  local k = kind(KEYS[i])\n"                                           \
	"  if k ~= 'none' and k ~= want then\n"                                 \
	"    return redis.error_reply('WRONGTYPE ' .. KEYS[i])\n"               \
	"  end\n"                                                               \
	"end\n"

/* Fields that each answer moves; proofs add up. */
#define LUA_NOTE                                                                  \
	"local before = redis.call('HMGET', KEYS[1], 'proof', 'letter',\n"        \
	"  'expires', 'ptr_name', 'ref')\n"                                       \
	"local rank = {none = 0, mail = 1, domain = 2, address = 3, admin = 4}\n" \
	"if (rank[ARGV[6]] or 0) > (rank[before[1] or ''] or 0) then\n"           \
	"  redis.call('HSET', KEYS[1], 'proof', ARGV[6])\n"                       \
	"end\n"                                                                   \
	"redis.call('HSET', KEYS[1], 'changed', ARGV[1], 'reason', ARGV[5],\n"    \
	"  'needed', ARGV[7])\n"                                                  \
	"local function answer(job)\n"                                            \
	"  mailq_add(KEYS[5], job, rid, '', ARGV[1])\n"                           \
	"end\n"                                                                   \
	"local has_letter = before[2] == '1' and state ~= 'bounced'\n"            \
	"if delist_is_open[to] and (to ~= 'wait' or ARGV[8] == '0') then\n"       \
	"  return 'ok'\n"                                                         \
	"end\n"

/* Its tokens live until it has been worth waiting. */
#define LUA_WAIT                                                                \
	"if to == 'wait' then\n"                                                \
	"  redis.call('HSET', KEYS[1], 'state', to, 'until', ARGV[8])\n"        \
	"  local ends = tonumber(ARGV[8]) + 1000 * ARGV[14]\n"                  \
	"  if ends > (tonumber(before[3] or '0') or 0) then\n"                  \
	"    local life = math.ceil((ends - now) / 1000)\n"                     \
	"    redis.call('HSET', KEYS[1], 'expires', text(ends))\n"              \
	"    for i = 12, 14 do redis.call('EXPIRE', KEYS[i], text(life)) end\n" \
	"    redis.call('EXPIRE', KEYS[1], text(life + ARGV[20]))\n"            \
	"  end\n"                                                               \
	"  if has_letter and state ~= 'wait' then answer('answer') end\n"       \
	"  return 'ok'\n"                                                       \
	"end\n"

#define LUA_GRANT                                                                \
	"local function unlist()\n"                                              \
	"  local gone = 0\n"                                                     \
	"  for i = 15, #KEYS do\n"                                               \
	"    local was = describe(KEYS[i])\n"                                    \
	"    gone = gone + redis.call('DEL', KEYS[i])\n"                         \
	"    if was ~= '' then audit('delist', KEYS[i], was) end\n"              \
	"  end\n"                                                                \
	"  return gone > 0 and 'delisted'\n"                                     \
	"end\n"                                                                  \
	"local function except()\n"                                              \
	"  local k, was = kind(KEYS[6]), describe(KEYS[6])\n"                    \
	"  if k ~= 'none' and (k ~= 'hash' or\n"                                 \
	"    redis.call('HGET', KEYS[6], 'origin') ~= 'delist') then\n"          \
	"    return nil\n"                                                       \
	"  end\n"                                                                \
	"  redis.call('DEL', KEYS[6])\n"                                         \
	"  redis.call('HSET', KEYS[6], 'reason', ARGV[13], 'class', 'policy',\n" \
	"    'origin', 'delist', 'ptr', before[4] or '', 'since', ARGV[24],\n"   \
	"    'by', ARGV[12], 'ref', before[5] or '')\n"                          \
	"  redis.call('EXPIRE', KEYS[6], ARGV[16])\n"                            \
	"  redis.call('ZADD', KEYS[7], text(now + 1000 * ARGV[17]), ARGV[23])\n" \
	"  if redis.call('TTL', KEYS[7]) < tonumber(ARGV[16]) then\n"            \
	"    redis.call('EXPIRE', KEYS[7], ARGV[16])\n"                          \
	"  end\n"                                                                \
	"  audit('delist', KEYS[6], was)\n"                                      \
	"  return 'excepted'\n"                                                  \
	"end\n"                                                                  \
	"local function remember(what)\n"                                        \
	"  redis.call('HSET', KEYS[8], 'delisted_ms', ARGV[1])\n"                \
	"  if ARGV[9] ~= '0' then\n"                                             \
	"    redis.call('HSET', KEYS[8], 'clean_ms', ARGV[1],\n"                 \
	"      'level', ARGV[9])\n"                                              \
	"    redis.call('DEL', KEYS[11])\n"                                      \
	"    redis.call('HSET', KEYS[11], 'since_ms', ARGV[1], 'until_ms',\n"    \
	"      text(now + 1000 * ARGV[15]), 'level', ARGV[9], 'marks', '0')\n"   \
	"    redis.call('EXPIRE', KEYS[11], ARGV[15])\n"                         \
	"  end\n"                                                                \
	"  redis.call('LPUSH', KEYS[9], ARGV[1] .. ' ' .. what .. ' ' ..\n"      \
	"    ARGV[9])\n"                                                         \
	"  redis.call('LTRIM', KEYS[9], 0, ARGV[22] - 1)\n"                      \
	"  if ARGV[11] == '1' then\n"                                            \
	"    redis.call('ZADD', KEYS[10], ARGV[1], rid)\n"                       \
	"    redis.call('ZREMRANGEBYSCORE', KEYS[10], '-inf',\n"                 \
	"      text(now - 1000 * ARGV[18]))\n"                                   \
	"  end\n"                                                                \
	"  for i = 8, 10 do redis.call('EXPIRE', KEYS[i], ARGV[19]) end\n"       \
	"end\n"

#define LUA_END                                                                \
	"redis.call('HSET', KEYS[1], 'state', to, 'until', '0')\n"             \
	"redis.call('EXPIRE', KEYS[1], text(ARGV[14] + ARGV[20]))\n"           \
	"redis.call('DEL', KEYS[12], KEYS[13], KEYS[14])\n"                    \
	"delist_free(rid, KEYS[2], KEYS[3])\n"                                 \
	"local done\n"                                                         \
	"if to == 'granted' then\n"                                            \
	"  if ARGV[10] == '1' then done = except() else done = unlist() end\n" \
	"  local t = redis.call('TIME')\n"                                     \
	"  redis.call('HSET', KEYS[1], 'granted',\n"                           \
	"    text(1000 * t[1] + math.floor(t[2] / 1000)))\n"                   \
	"end\n"                                                                \
	"if done then\n"                                                       \
	"  remember(done)\n"                                                   \
	"else\n"                                                               \
	"  redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[21], '*',\n"        \
	"    'who', ARGV[12], 'what', 'delist', 'key', KEYS[1], 'before',\n"   \
	"    cjson.encode({state = state}), 'after',\n"                        \
	"    cjson.encode({state = to, reason = ARGV[5]}), 'why', ARGV[13])\n" \
	"end\n"                                                                \
	"if has_letter then answer('answer') end\n"                            \
	"if to == 'review' then answer('review') end\n"                        \
	"return 'ok'\n"

static const char settle_text[] = DELIST_LUA MAILQ_LUA_ADD LUA_BEGIN LUA_CHECK
	LUA_NOTE LUA_WAIT LUA_GRANT LUA_END;

static void add_keys(struct script_call *c, const struct conf *conf,
	const struct delist_base *base, const struct delist_settlement *s)
{
	struct slice prefix = slice_of(conf->redis.prefix), none = { 0 };
	struct slice net = slice_of(base->net);
	struct buf name;

	delist_base_keys(c, conf, base);
	script_key_of(c, prefix, "audit", none);
	script_key_of(c, prefix, "mailq", none);
	script_key_of(c, prefix, "allow:", net);
	script_key_of(c, prefix, "delist:exceptions", none);
	script_key_of(c, prefix, "hist:", net);
	buf_init(&name, CIDR_TEXT_MAX + sizeof(":done"));
	buf_add_format(&name, "%s:log", base->net);
	script_key_of(c, prefix, "hist:", buf_slice(&name));
	buf_reset(&name);
	buf_add_format(&name, "%s:done", base->net);
	script_key_of(c, prefix, "hist:", buf_slice(&name));
	buf_clear(&name);
	script_key_of(c, prefix, "parole:", net);
	delist_token_keys(c, conf, base);
	for (size_t i = 0; i < s->key_count; i++)
		script_key(c, s->keys[i]);
}

static void add_lives(struct script_call *c, const struct conf_delist *d)
{
	script_number(c, d->token_s);
	script_number(c, d->parole_s);
	script_number(c, d->exception_s);
	script_number(c, d->recheck_s);
	script_number(c, d->removals_s);
	script_number(c, STANDING_KEEP_S);
	script_number(c, DELIST_KEEP_S);
	script_number(c, AUDIT_MAX);
	script_number(c, STANDING_LOG_MAX);
}

static void add_decision(
	struct script_call *c, const struct delist_settlement *s)
{
	script_arg(c, slice_of(delist_state_name(s->to)));
	script_arg(c, slice_of(s->reason));
	script_arg(c, slice_of(s->proof));
	script_arg(c, slice_of(s->needed));
	script_number(c, s->until_ms);
	script_number(c, s->level);
	script_number(c, s->is_exception);
	script_number(c, s->counts);
	script_arg(c, s->who);
	script_arg(c, s->why);
}

/* Can the script be told to do that at all? */
static enum result check(const struct delist_settlement *s)
{
	bool is_end = s->to == DELIST_GRANTED || s->to == DELIST_DENIED ||
		s->to == DELIST_REVIEW;

	if (!is_end && !delist_is_open(s->to))
		return RES_INTERNAL;
	return s->key_count > DELIST_KEYS_MAX ? RES_TOOBIG : RES_OK;
}

/* *number: 1 for that of MAIL, 2 of ADDRESS, 0 for an admin. */
static enum result find_token(const struct delist_settlement *s,
	const struct delist_base *base, size_t *number)
{
	size_t at = DELIST_TOKENS;
	enum result res;

	*number = 0;
	if (slice_is_empty(s->token))
		return RES_OK;
	res = delist_token_index(s->token, base, &at);
	if (res == RES_OK && at > 1)
		res = RES_MISSING; /* of another request, or to cancel it */
	*number = at + 1;
	return res;
}

static enum result read_answer(const struct redis_reply *reply)
{
	if (slice_is_equal(reply->text, slice_of("ok")))
		return RES_OK;
	if (slice_is_equal(reply->text, slice_of("exists")))
		return RES_EXISTS;
	if (slice_is_equal(reply->text, slice_of("missing")))
		return RES_MISSING;
	return RES_INTERNAL;
}

enum result delist_settle(struct redis *r, const struct conf *conf,
	const struct delist_settlement *s, int64_t now_ms)
{
	char since[CLOCK_TEXT_MAX];
	struct script_call call = { 0 };
	struct delist_base base;
	struct redis_reply reply;
	size_t number = 0;
	enum result res = check(s);

	if (res == RES_OK)
		res = delist_base_read(r, conf, s->rid, &base);
	if (res == RES_OK)
		res = find_token(s, &base, &number);
	if (res != RES_OK)
		return res;
	add_keys(&call, conf, &base, s);
	script_number(&call, now_ms);
	script_arg(&call, slice_of(base.rid));
	script_number(&call, (int64_t)number);
	add_decision(&call, s);
	add_lives(&call, &conf->delist);
	script_arg(&call, slice_of(base.net));
	script_arg(&call, slice_of(clock_format_utc(now_ms, since)));
	res = script_run(r, settle_text, &call, &reply);
	return res == RES_OK ? read_answer(&reply) : res;
}
