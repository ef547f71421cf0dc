/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/standing.h"

#include "base/clock.h"
#include "conf/conf.h"
#include "store/keys.h"
#include "store/script.h"

#include <stdlib.h>
#include <string.h>

enum { MS_PER_S = 1000, AUDIT_MAX = 100000, DUE_TRIES = 100 };

/*
 * KEYS: history, its log, removals, parole, block, allow, audit.
 * ARGV: now, level_drop_s, removals_s, removals_max, life of what is
 * remembered, length of the audit, who, why; from 9 on those of the script.
 */
#define LUA_COMMON                                                            \
	"local now = tonumber(ARGV[1])\n"                                     \
	"local function num(x)\n"                                             \
	"  x = tonumber(x) or 0\n"                                            \
	"  return math.abs(x) <= 2 ^ 53 and x or 0\n"                         \
	"end\n"                                                               \
	"local function text(n) return string.format('%.0f', n) end\n"        \
	"local function kind(key) return redis.call('TYPE', key).ok end\n"    \
	"local function field(key, name)\n"                                   \
	"  if kind(key) ~= 'hash' then return '' end\n"                       \
	"  return redis.call('HGET', key, name) or ''\n"                      \
	"end\n"                                                               \
	"local function yes(s)\n"                                             \
	"  s = string.lower(string.match(s, '^%s*(.-)%s*$'))\n"               \
	"  return s == 'yes' or s == 'true' or s == 'on' or s == '1'\n"       \
	"end\n"                                                               \
	"local function counts(key)\n"                                        \
	"  local k = kind(key)\n"                                             \
	"  return k == 'string' or\n"                                         \
	"    (k == 'hash' and not yes(field(key, 'shadow')))\n"               \
	"end\n"                                                               \
	"local function on_parole()\n"                                        \
	"  return num(field(KEYS[4], 'until_ms')) > now\n"                    \
	"end\n"                                                               \
	"local function level()\n"                                            \
	"  local n = num(field(KEYS[1], 'level'))\n"                          \
	"  local clean = num(field(KEYS[1], 'clean_ms'))\n"                   \
	"  if clean > 0 and now > clean then\n"                               \
	"    n = n - math.floor((now - clean) / (1000 * num(ARGV[2])))\n"     \
	"  end\n"                                                             \
	"  return math.max(n, 0)\n"                                           \
	"end\n"                                                               \
	"local function state()\n"                                            \
	"  if counts(KEYS[6]) then\n"                                         \
	"    return field(KEYS[6], 'origin') == 'delist' and 'excepted' or\n" \
	"      'allowed'\n"                                                   \
	"  end\n"                                                             \
	"  if counts(KEYS[5]) then\n"                                         \
	"    return yes(field(KEYS[5], 'lock')) and 'locked' or 'listed'\n"   \
	"  end\n"                                                             \
	"  return on_parole() and 'parole' or 'none'\n"                       \
	"end\n"                                                               \
	"local function removals()\n"                                         \
	"  local most, span = num(ARGV[4]), 1000 * num(ARGV[3])\n"            \
	"  local after = '(' .. text(now - span)\n"                           \
	"  local n = redis.call('ZCOUNT', KEYS[3], after, '+inf')\n"          \
	"  if n < most then return n, 0 end\n"                                \
	"  local hit = redis.call('ZRANGEBYSCORE', KEYS[3], after, '+inf',\n" \
	"    'WITHSCORES', 'LIMIT', n - most, 1)\n"                           \
	"  return n, num(hit[2]) + span\n"                                    \
	"end\n"                                                               \
	"local function whole()\n"                                            \
	"  local n, free = removals()\n"                                      \
	"  local out = { state(), text(level()) }\n"                          \
	"  for _, f in ipairs({ 'listed_ms', 'delisted_ms', 'clean_ms',\n"    \
	"    'evidence_ms' }) do\n"                                           \
	"    out[#out + 1] = field(KEYS[1], f)\n"                             \
	"  end\n"                                                             \
	"  for _, f in ipairs({ 'since_ms', 'until_ms', 'marks' }) do\n"      \
	"    out[#out + 1] = on_parole() and field(KEYS[4], f) or ''\n"       \
	"  end\n"                                                             \
	"  out[#out + 1] = text(n)\n"                                         \
	"  out[#out + 1] = text(free)\n"                                      \
	"  for _, line in ipairs(redis.call('LRANGE', KEYS[2], 0, 19)) do\n"  \
	"    out[#out + 1] = line\n"                                          \
	"  end\n"                                                             \
	"  return out\n"                                                      \
	"end\n"

/* What the scripts that change something need beside it. */
#define LUA_CHANGE                                                               \
	SCRIPT_LUA_DESCRIBE                                                      \
	"local function audit(what, key, before, after)\n"                       \
	"  redis.call('XADD', KEYS[7], 'MAXLEN', '~', ARGV[6], '*',\n"           \
	"    'who', ARGV[7], 'what', what, 'key', key, 'before', before,\n"      \
	"    'after', after, 'why', ARGV[8])\n"                                  \
	"end\n"                                                                  \
	"local function note(what, n)\n"                                         \
	"  redis.call('LPUSH', KEYS[2],\n"                                       \
	"    text(now) .. ' ' .. what .. ' ' .. text(n))\n"                      \
	"  redis.call('LTRIM', KEYS[2], 0, 19)\n"                                \
	"  redis.call('EXPIRE', KEYS[2], ARGV[5])\n"                             \
	"end\n" /* The level as it is now goes in with the time it is reckoned   \
		   from. */                                                      \
	"local function seen(n)\n"                                               \
	"  redis.call('HSET', KEYS[1], 'level', text(n), 'clean_ms', ARGV[1],\n" \
	"    'evidence_ms', ARGV[1])\n"                                          \
	"end\n"

/* Own ARGV: listing_s, listing_max_s, review_level, since, parole_marks,
 * is_trap, then field and value of the entry. */
#define LUA_LIST                                                               \
	"local function list(what)\n"                                          \
	"  local n = level()\n"                                                \
	"  if on_parole() then\n"                                              \
	"    n = math.max(n, num(field(KEYS[4], 'level')))\n"                  \
	"    what = 'struck'\n"                                                \
	"  end\n"                                                              \
	"  n = n + 1\n"                                                        \
	"  local life = math.min(num(ARGV[9]) * 2 ^ (n - 1), num(ARGV[10]))\n" \
	"  redis.call('HSET', KEYS[5], 'level', text(n), 'since', ARGV[12],\n" \
	"    'class', n >= num(ARGV[11]) and 'review' or 'self')\n"            \
	"  for i = 15, #ARGV, 2 do\n"                                          \
	"    if ARGV[i + 1] ~= '' then\n"                                      \
	"      redis.call('HSET', KEYS[5], ARGV[i], ARGV[i + 1])\n"            \
	"    end\n"                                                            \
	"  end\n"                                                              \
	"  redis.call('EXPIRE', KEYS[5], text(life))\n"                        \
	"  redis.call('DEL', KEYS[4])\n"                                       \
	"  seen(n)\n"                                                          \
	"  redis.call('HSET', KEYS[1], 'listed_ms', ARGV[1])\n"                \
	"  redis.call('HINCRBY', KEYS[1], 'listings', 1)\n"                    \
	"  redis.call('EXPIRE', KEYS[1], ARGV[5])\n"                           \
	"  note(what, n)\n"                                                    \
	"  audit(what == 'struck' and 'strike' or 'list', KEYS[5], '',\n"      \
	"    describe(KEYS[5]))\n"                                             \
	"end\n"

static const char read_text[] = LUA_COMMON "return whole()\n";

/* An entry that an admin has put there, in shadow for example, stays. */
static const char list_text[] = LUA_COMMON LUA_CHANGE LUA_LIST
	"local s = state()\n"
	"if s ~= 'allowed' and s ~= 'excepted' then\n"
	"  if redis.call('EXISTS', KEYS[5]) == 1 then\n"
	"    seen(level())\n"
	"    redis.call('EXPIRE', KEYS[1], ARGV[5])\n"
	"  else\n"
	"    list('listed')\n"
	"  end\n"
	"end\n"
	"return whole()\n";

/* Who was never listed is not remembered for a year because of one mark. */
static const char mark_text[] = LUA_COMMON LUA_CHANGE LUA_LIST
	"if state() == 'parole' and redis.call('EXISTS', KEYS[5]) == 0 then\n"
	"  local n = redis.call('HINCRBY', KEYS[4], 'marks', 1)\n"
	"  if ARGV[14] == 'yes' or n >= num(ARGV[13]) then\n"
	"    list('struck')\n"
	"    return 1\n"
	"  end\n"
	"end\n"
	"seen(level())\n"
	"local brief = num(field(KEYS[1], 'listings')) == 0 and\n"
	"  num(field(KEYS[1], 'level')) == 0\n"
	"redis.call('EXPIRE', KEYS[1], brief and '604800' or ARGV[5])\n"
	"return 0\n";

/* Own ARGV: yes or no. A STRING becomes a HASH with the same life. */
static const char lock_text[] = LUA_COMMON LUA_CHANGE
	"local k = kind(KEYS[5])\n"
	"if k == 'none' then return 'missing' end\n"
	"if k ~= 'hash' and k ~= 'string' then return 'type' end\n"
	"if yes(field(KEYS[5], 'lock')) == (ARGV[9] == 'yes') then\n"
	"  return 'ok'\n"
	"end\n"
	"local before = describe(KEYS[5])\n"
	"if k == 'string' then\n"
	"  local reason = redis.call('GET', KEYS[5])\n"
	"  local life = redis.call('PTTL', KEYS[5])\n"
	"  redis.call('DEL', KEYS[5])\n"
	"  redis.call('HSET', KEYS[5], 'reason', reason)\n"
	"  if life >= 0 then\n"
	"    redis.call('PEXPIRE', KEYS[5], text(math.max(life, 1)))\n"
	"  end\n"
	"end\n"
	"redis.call('HSET', KEYS[5], 'lock', ARGV[9])\n"
	"local what = ARGV[9] == 'yes' and 'lock' or 'unlock'\n"
	"note(what .. 'ed', level())\n"
	"audit(what, KEYS[5], before, describe(KEYS[5]))\n"
	"return 'ok'\n";

static const char forget_text[] = LUA_COMMON LUA_CHANGE
	"local before = describe(KEYS[1])\n"
	"if redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4]) == 0 then\n"
	"  return 'missing'\n"
	"end\n"
	"audit('forget', KEYS[1], before, '')\n"
	"return 'ok'\n";

/* KEYS: exceptions. ARGV: now. */
static const char first_text[] =
	"return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1],\n"
	"  'LIMIT', 0, 1)\n";

/* KEYS: exceptions, that of the network. ARGV: now, next look, network. Answers
 * its name, "" when there is nothing to look at, or nil when somebody else was
 * quicker. */
static const char due_text[] =
	"local at = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[3]) or 'inf')\n"
	"if at > tonumber(ARGV[1]) then return false end\n"
	"local f = {}\n"
	"if redis.call('TYPE', KEYS[2]).ok == 'hash' then\n"
	"  f = redis.call('HMGET', KEYS[2], 'origin', 'ptr')\n"
	"end\n"
	"if f[1] == 'delist' and f[2] and f[2] ~= '' then\n"
	"  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])\n"
	"  return f[2]\n"
	"end\n"
	"redis.call('ZREM', KEYS[1], ARGV[3])\n"
	"return ''\n";

/* KEYS[8]: exceptions. Own ARGV: network, its name. */
static const char end_text[] = LUA_COMMON LUA_CHANGE
	"if field(KEYS[6], 'origin') == 'delist' and\n"
	"  field(KEYS[6], 'ptr') == ARGV[10] then\n"
	"  local before = describe(KEYS[6])\n"
	"  redis.call('DEL', KEYS[6])\n"
	"  redis.call('ZREM', KEYS[8], ARGV[9])\n"
	"  note('exception-over', level())\n"
	"  audit('exception-end', KEYS[6], before, '')\n"
	"elseif field(KEYS[6], 'origin') ~= 'delist' then\n"
	"  redis.call('ZREM', KEYS[8], ARGV[9])\n"
	"end\n"
	"return 'ok'\n";

static const enum standing_state states[] = { STANDING_NONE, STANDING_LISTED,
	STANDING_LOCKED, STANDING_PAROLE, STANDING_EXCEPTED, STANDING_ALLOWED };

const char *standing_state_name(enum standing_state s)
{
	switch (s) {
	case STANDING_UNKNOWN:
		return "unknown";
	case STANDING_NONE:
		return "none";
	case STANDING_LISTED:
		return "listed";
	case STANDING_LOCKED:
		return "locked";
	case STANDING_PAROLE:
		return "parole";
	case STANDING_EXCEPTED:
		return "excepted";
	case STANDING_ALLOWED:
		return "allowed";
	}
	return "unknown";
}

/* ---- the call ---- */

/* The keys that every script works with, and who and why. */
struct errand {
	struct redis *redis;
	const struct conf *conf;
	const struct cidr *net;
	int64_t now_ms;
	struct slice who;
	struct slice why;
	struct script_call call;
};

static void put_key(struct errand *e, const char *fixed, const char *more)
{
	char net[CIDR_TEXT_MAX];
	char name[CIDR_TEXT_MAX + 8];
	struct buf text;

	buf_init(&text, sizeof(name) - 1);
	buf_add_text(&text, cidr_format(e->net, net));
	buf_add_text(&text, more);
	script_key_of(&e->call, slice_of(e->conf->redis.prefix), fixed,
		buf_slice(&text));
	buf_clear(&text);
}

static void put_keys(struct errand *e)
{
	e->call.count = 0;
	e->call.key_count = 0;
	e->call.text_len = 0;
	put_key(e, "hist:", "");
	put_key(e, "hist:", ":log");
	put_key(e, "hist:", ":done");
	put_key(e, "parole:", "");
	put_key(e, "block:", "");
	put_key(e, "allow:", "");
	script_key_of(&e->call, slice_of(e->conf->redis.prefix), "audit",
		slice_of(""));
}

static void put_args(struct errand *e)
{
	const struct conf_delist *conf = &e->conf->delist;

	script_number(&e->call, e->now_ms);
	script_number(&e->call, conf->level_drop_s);
	script_number(&e->call, conf->removals_s);
	script_number(&e->call, conf->removals_max);
	script_number(&e->call, STANDING_KEEP_S);
	script_number(&e->call, AUDIT_MAX);
	script_arg(&e->call, e->who);
	script_arg(&e->call, e->why);
}

static void put_pair(struct errand *e, const char *name, struct slice value)
{
	script_arg(&e->call, slice_of(name));
	script_arg(&e->call, value);
}

static void put_evidence(struct errand *e, const struct standing_evidence *v,
	char since[CLOCK_TEXT_MAX])
{
	const struct conf_delist *conf = &e->conf->delist;

	script_number(&e->call, conf->listing_s);
	script_number(&e->call, conf->listing_max_s);
	script_number(&e->call, conf->review_level);
	script_arg(&e->call, slice_of(clock_format_utc(e->now_ms, since)));
	script_number(&e->call, conf->parole_marks);
	script_arg(&e->call, slice_of(v->is_trap ? "yes" : "no"));
	put_pair(e, "reason", v->reason);
	put_pair(e, "code", v->code);
	put_pair(e, "origin", v->origin);
	put_pair(e, "ref", v->ref);
	put_pair(e, "by", v->who);
}

/* ---- the answer ---- */

static int64_t number_of(const struct redis_reply *reply, size_t i)
{
	struct redis_reply item = redis_element(reply, i);
	uint64_t number;

	if (item.type != REDIS_STRING ||
		slice_parse_u64(item.text, 0, INT64_MAX, &number) != RES_OK)
		return 0;
	return (int64_t)number;
}

static unsigned count_of(const struct redis_reply *reply, size_t i)
{
	int64_t number = number_of(reply, i);

	return number > UINT32_MAX ? UINT32_MAX : (unsigned)number;
}

/* "TIME WHAT LEVEL"; false: somebody else wrote it. */
static bool read_event(struct slice line, struct standing_event *out)
{
	struct slice word[3];
	uint64_t at_ms, level;

	for (size_t i = 0; i < 3; i++) {
		if (!slice_cut(&line, ' ', &word[i]))
			return false;
	}
	if (slice_parse_u64(word[0], 0, INT64_MAX, &at_ms) != RES_OK ||
		slice_parse_u64(word[2], 0, UINT32_MAX, &level) != RES_OK ||
		word[1].len >= sizeof(out->what))
		return false;
	memset(out, 0, sizeof(*out));
	out->at_ms = (int64_t)at_ms;
	out->level = (unsigned)level;
	memcpy(out->what, word[1].at, word[1].len);
	return true;
}

enum {
	AT_STATE = 0,
	AT_LEVEL,
	AT_LISTED,
	AT_DELISTED,
	AT_CLEAN,
	AT_EVIDENCE,
	AT_SINCE,
	AT_UNTIL,
	AT_MARKS,
	AT_REMOVALS,
	AT_FREE,
	AT_LOG
};

static enum result read_whole(
	const struct redis_reply *reply, struct standing *out)
{
	struct slice word = redis_element(reply, AT_STATE).text;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (slice_is_equal(
			    word, slice_of(standing_state_name(states[i]))))
			out->state = states[i];
	}
	if (out->state == STANDING_UNKNOWN)
		return RES_INTERNAL;
	out->level = count_of(reply, AT_LEVEL);
	out->listed_ms = number_of(reply, AT_LISTED);
	out->delisted_ms = number_of(reply, AT_DELISTED);
	out->clean_ms = number_of(reply, AT_CLEAN);
	out->evidence_ms = number_of(reply, AT_EVIDENCE);
	out->parole_since_ms = number_of(reply, AT_SINCE);
	out->parole_until_ms = number_of(reply, AT_UNTIL);
	out->parole_marks = count_of(reply, AT_MARKS);
	out->removals = count_of(reply, AT_REMOVALS);
	out->removal_free_ms = number_of(reply, AT_FREE);
	for (size_t i = AT_LOG;
		i < reply->count && out->log_count < STANDING_LOG_MAX; i++) {
		if (read_event(redis_element(reply, i).text,
			    &out->log[out->log_count]))
			out->log_count++;
	}
	return RES_OK;
}

/* "ok", or why nothing happened. */
static enum result run_word(struct errand *e, const char *text)
{
	struct redis_reply reply;
	enum result res = script_run(e->redis, text, &e->call, &reply);

	if (res != RES_OK)
		return res;
	if (slice_is_equal(reply.text, slice_of("missing")))
		return RES_MISSING;
	if (slice_is_equal(reply.text, slice_of("type")))
		return RES_TYPE;
	return RES_OK;
}

enum result standing_read(struct redis *r, const struct conf *conf,
	const struct cidr *net, int64_t now_ms, struct standing *out)
{
	struct errand e = {
		.redis = r, .conf = conf, .net = net, .now_ms = now_ms
	};
	struct redis_reply reply;
	enum result res;

	memset(out, 0, sizeof(*out));
	put_keys(&e);
	put_args(&e);
	res = script_run(r, read_text, &e.call, &reply);
	return res == RES_OK ? read_whole(&reply, out) : res;
}

enum { KNOWN_KEYS = 4, KNOWN_CHUNK = 64 };

static enum result ask_known(
	struct redis *r, const struct conf *conf, const struct cidr *net)
{
	static const char *const kinds[KNOWN_KEYS] = {
		"hist:", "parole:", "block:", "allow:"
	};
	struct slice argv[1 + KNOWN_KEYS] = { slice_of("EXISTS") };
	char text[CIDR_TEXT_MAX];
	struct buf key[KNOWN_KEYS];
	enum result res = RES_OK;

	cidr_format(net, text);
	for (size_t i = 0; i < KNOWN_KEYS; i++) {
		buf_init(&key[i], LIST_NAME_MAX);
		keys_format(&key[i], slice_of(conf->redis.prefix), kinds[i],
			slice_of(text));
		argv[i + 1] = buf_slice(&key[i]);
		if (res == RES_OK)
			res = buf_result(&key[i]);
	}
	if (res == RES_OK)
		res = redis_append(r, argv, 1 + KNOWN_KEYS);
	for (size_t i = 0; i < KNOWN_KEYS; i++)
		buf_clear(&key[i]);
	return res;
}

static enum result read_known(struct redis *r, bool *known)
{
	struct redis_reply reply;
	enum result res = redis_read(r, &reply);

	if (res == RES_OK && reply.type == REDIS_ERROR)
		res = redis_error_kind(reply.text);
	*known = res == RES_OK && reply.number > 0;
	return res;
}

/* All answers to what was asked are read, or the next would be taken for those
 * of another question. */
static enum result know_chunk(struct redis *r, const struct conf *conf,
	const struct cidr *net, size_t count, bool *known)
{
	enum result all = RES_OK;
	size_t asked = 0;

	while (asked < count && all == RES_OK) {
		all = ask_known(r, conf, &net[asked]);
		asked += all == RES_OK;
	}
	for (size_t i = 0; i < asked; i++) {
		enum result res = read_known(r, &known[i]);

		if (all == RES_OK)
			all = res;
	}
	return all;
}

enum result standing_known(struct redis *r, const struct conf *conf,
	const struct cidr *net, size_t count, bool *known)
{
	enum result res = RES_OK;

	for (size_t i = 0; i < count && res == RES_OK; i += KNOWN_CHUNK)
		res = know_chunk(r, conf, net + i,
			count - i < KNOWN_CHUNK ? count - i : KNOWN_CHUNK,
			known + i);
	return res;
}

enum result standing_list(struct redis *r, const struct conf *conf,
	const struct cidr *net, int64_t now_ms,
	const struct standing_evidence *v, struct standing *out)
{
	struct errand e = { .redis = r,
		.conf = conf,
		.net = net,
		.now_ms = now_ms,
		.who = v->who,
		.why = v->reason };
	char since[CLOCK_TEXT_MAX];
	struct standing ignored;
	struct redis_reply reply;
	enum result res;

	put_keys(&e);
	put_args(&e);
	put_evidence(&e, v, since);
	res = script_run(r, list_text, &e.call, &reply);
	if (res != RES_OK)
		return res;
	return read_whole(&reply, out != NULL ? out : &ignored);
}

enum result standing_mark(struct redis *r, const struct conf *conf,
	const struct cidr *net, int64_t now_ms,
	const struct standing_evidence *v, bool *listed)
{
	struct errand e = { .redis = r,
		.conf = conf,
		.net = net,
		.now_ms = now_ms,
		.who = v->who,
		.why = v->reason };
	char since[CLOCK_TEXT_MAX];
	struct redis_reply reply;
	enum result res;

	*listed = false;
	put_keys(&e);
	put_args(&e);
	put_evidence(&e, v, since);
	res = script_run(r, mark_text, &e.call, &reply);
	if (res == RES_OK)
		*listed = reply.number == 1;
	return res;
}

enum result standing_lock(struct redis *r, const struct conf *conf,
	const struct cidr *net, int64_t now_ms, bool lock, struct slice who,
	struct slice why)
{
	struct errand e = { .redis = r,
		.conf = conf,
		.net = net,
		.now_ms = now_ms,
		.who = who,
		.why = why };

	put_keys(&e);
	put_args(&e);
	script_arg(&e.call, slice_of(lock ? "yes" : "no"));
	return run_word(&e, lock_text);
}

enum result standing_forget(struct redis *r, const struct conf *conf,
	const struct cidr *net, int64_t now_ms, struct slice who,
	struct slice why)
{
	struct errand e = { .redis = r,
		.conf = conf,
		.net = net,
		.now_ms = now_ms,
		.who = who,
		.why = why };

	put_keys(&e);
	put_args(&e);
	return run_word(&e, forget_text);
}

/* ---- exceptions ---- */

/* The exception whose turn is the longest over. RES_MISSING: none's. */
static enum result find_first(struct redis *r, struct slice prefix,
	int64_t now_ms, char net[LIST_NAME_MAX])
{
	struct script_call call = { .count = 0 };
	struct redis_reply reply;
	struct slice text;
	enum result res;

	script_key_of(&call, prefix, "delist:exceptions", slice_of(""));
	script_number(&call, now_ms);
	res = script_run(r, first_text, &call, &reply);
	if (res != RES_OK)
		return res;
	if (reply.count == 0)
		return RES_MISSING;
	text = redis_element(&reply, 0).text;
	if (text.len >= LIST_NAME_MAX)
		text.len = 0; /* nothing of ours: is taken off as "" */
	memcpy(net, text.at, text.len);
	net[text.len] = '\0';
	return RES_OK;
}

/* RES_EXISTS: there was nothing to look at, and there may be another. */
static enum result take_first(struct redis *r, const struct conf *conf,
	int64_t now_ms, const char *net, struct standing_exception *out)
{
	struct slice prefix = slice_of(conf->redis.prefix);
	struct script_call call = { .count = 0 };
	struct redis_reply reply;
	enum result res;
	size_t len;

	script_key_of(&call, prefix, "delist:exceptions", slice_of(""));
	script_key_of(&call, prefix, "allow:", slice_of(net));
	script_number(&call, now_ms);
	script_number(
		&call, now_ms + (int64_t)conf->delist.recheck_s * MS_PER_S);
	script_arg(&call, slice_of(net));
	res = script_run(r, due_text, &call, &reply);
	if (res != RES_OK)
		return res;
	if (reply.type == REDIS_NIL || reply.text.len == 0)
		return RES_EXISTS;
	/* Nonsense that a person wrote there waits for its next turn. */
	if (cidr_parse(&out->net, slice_of(net)) != RES_OK ||
		hostname_parse(reply.text, out->ptr, &len) != RES_OK)
		return RES_MISSING;
	return RES_OK;
}

enum result standing_exception_due(struct redis *r, const struct conf *conf,
	int64_t now_ms, struct standing_exception *out)
{
	enum result res = RES_EXISTS;

	for (int i = 0; i < DUE_TRIES && res == RES_EXISTS; i++) {
		char net[LIST_NAME_MAX];

		res = find_first(r, slice_of(conf->redis.prefix), now_ms, net);
		if (res == RES_OK)
			res = take_first(r, conf, now_ms, net, out);
	}
	return res == RES_EXISTS ? RES_MISSING : res;
}

enum result standing_exception_end(struct redis *r, const struct conf *conf,
	const struct standing_exception *x, int64_t now_ms, struct slice why)
{
	struct errand e = { .redis = r,
		.conf = conf,
		.net = &x->net,
		.now_ms = now_ms,
		.who = slice_of("portal"),
		.why = why };
	char net[CIDR_TEXT_MAX];

	put_keys(&e);
	script_key_of(&e.call, slice_of(conf->redis.prefix),
		"delist:exceptions", slice_of(""));
	put_args(&e);
	script_arg(&e.call, slice_of(cidr_format(&x->net, net)));
	script_arg(&e.call, slice_of(x->ptr));
	return run_word(&e, end_text);
}
