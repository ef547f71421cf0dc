/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/mailq.h"

#include "base/arena.h"
#include "base/log.h"
#include "store/script.h"

#include <limits.h>

enum {
	MS = 1000,
	SLOW_MARK = 's', /* begins the handle of a job of the slow stream */
	PLAIN_MARK = 'n',
	HANDLE_MIN = 4 /* "n1-0" */
};

/* KEYS: the stream, its fellow, later. ARGV: kind, id, more, now, greatest
 * number. Answers 1, or 0 for no room. */
static const char add_text[] = MAILQ_LUA_ADD
	"local waiting = redis.call('XLEN', KEYS[1])\n"
	"  + redis.call('XLEN', KEYS[2]) + redis.call('ZCARD', KEYS[3])\n"
	"if waiting >= tonumber(ARGV[5]) then return 0 end\n"
	"mailq_add(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4])\n"
	"return 1\n";

/*
 * KEYS: the stream, the slow one, later, last. ARGV: worker, now, slow_ms,
 * claim_ms, keep_ms. Answers {mark, ID, deliveries before, {field, value ...}}
 * or nothing. What is due goes back to its stream first, at most 16 at once,
 * so that one call takes little time.
 */
static const char take_text[] =
	"local worker, now = ARGV[1], tonumber(ARGV[2])\n"
	"local function ready(stream)\n"
	"  if redis.pcall('XPENDING', stream, 'portal').err then\n"
	"    redis.call('XGROUP', 'CREATE', stream, 'portal', '0',\n"
	"      'MKSTREAM')\n"
	"  end\n"
	"end\n"
	"local function back(member)\n"
	"  redis.call('ZREM', KEYS[3], member)\n"
	"  local is_job, job = pcall(cjson.decode, member)\n"
	"  if not is_job or type(job) ~= 'table' then return end\n"
	"  redis.call('XADD', job.slow and KEYS[2] or KEYS[1], '*',\n"
	"    'kind', tostring(job.kind), 'id', tostring(job.id),\n"
	"    'more', tostring(job.more), 'tries', tostring(job.tries),\n"
	"    'since', tostring(job.since))\n"
	"end\n"
	"local function is_old(fields)\n"
	"  for i = 1, #fields, 2 do\n"
	"    if fields[i] == 'since' then\n"
	"      return now - (tonumber(fields[i + 1]) or 0)\n"
	"        > tonumber(ARGV[5])\n"
	"    end\n"
	"  end\n"
	"  return true\n"
	"end\n"
	"local function claim(stream)\n"
	"  local from = '0-0'\n"
	"  for _ = 1, 100 do\n"
	"    local got = redis.call('XAUTOCLAIM', stream, 'portal', worker,\n"
	"      ARGV[4], from, 'COUNT', 1)\n"
	"    local job = got[2][1]\n"
	"    from = got[1]\n"
	"    if job and is_old(job[2]) then\n"
	"      redis.call('XACK', stream, 'portal', job[1])\n"
	"      redis.call('XDEL', stream, job[1])\n"
	"    elseif job then\n"
	"      local seen = redis.call('XPENDING', stream, 'portal', job[1],\n"
	"        job[1], 1)\n"
	"      return job, seen[1][4] - 1\n"
	"    end\n"
	"    if from == '0-0' then return nil end\n"
	"  end\n"
	"end\n"
	"local function fresh(stream)\n"
	"  local got = redis.call('XREADGROUP', 'GROUP', 'portal', worker,\n"
	"    'COUNT', 1, 'STREAMS', stream, '>')\n"
	"  if got then return got[1][2][1], 0 end\n"
	"end\n"
	"local function next_of(stream, mark)\n"
	"  ready(stream)\n"
	"  local job, before = claim(stream)\n"
	"  if not job then job, before = fresh(stream) end\n"
	"  return job and {mark, job[1], before, job[2]}\n"
	"end\n"
	"for _, member in ipairs(redis.call('ZRANGE', KEYS[3], '-inf', ARGV[2],\n"
	"  'BYSCORE', 'LIMIT', 0, 16)) do back(member) end\n"
	"local job = next_of(KEYS[1], 'n')\n"
	"if job then return job end\n"
	"local last = tonumber(redis.call('GET', KEYS[4]) or '0')\n"
	"if math.abs(now - last) < tonumber(ARGV[3]) then return nil end\n"
	"job = next_of(KEYS[2], 's')\n"
	"if job then redis.call('SET', KEYS[4], ARGV[2], 'EX', 86400) end\n"
	"return job\n";

/* KEYS: the stream. ARGV: ID. */
static const char done_text[] =
	"redis.call('XACK', KEYS[1], 'portal', ARGV[1])\n"
	"redis.call('XDEL', KEYS[1], ARGV[1])\n"
	"return 1\n";

/* KEYS: the stream, later. ARGV: ID, when ("" for never), kind, id, more,
 * tries, since, mark. */
static const char later_text[] =
	"local had = redis.call('XACK', KEYS[1], 'portal', ARGV[1])\n"
	"redis.call('XDEL', KEYS[1], ARGV[1])\n"
	"if had == 0 or ARGV[2] == '' then return had end\n"
	"redis.call('ZADD', KEYS[2], ARGV[2], cjson.encode({kind = ARGV[3],\n"
	"  id = ARGV[4], more = ARGV[5], tries = ARGV[6], since = ARGV[7],\n"
	"  slow = ARGV[8] == 's' or nil, was = ARGV[1]}))\n"
	"return had\n";

/* KEYS: the stream, the slow one, later. Answers {in stream, taken of it, in
 * slow, taken of it, later, oldest}. */
static const char count_text[] =
	"local oldest = 0\n"
	"local function see(since)\n"
	"  since = tonumber(since) or 0\n"
	"  if since > 0 and (oldest == 0 or since < oldest) then\n"
	"    oldest = since\n"
	"  end\n"
	"end\n"
	"local function look(stream)\n"
	"  local head = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]\n"
	"  for i = 1, head and #head[2] or 0, 2 do\n"
	"    if head[2][i] == 'since' then see(head[2][i + 1]) end\n"
	"  end\n"
	"  local taken = redis.pcall('XPENDING', stream, 'portal')\n"
	"  return redis.call('XLEN', stream), not taken.err and taken[1] or 0\n"
	"end\n"
	"local plain, plain_taken = look(KEYS[1])\n"
	"local slow, slow_taken = look(KEYS[2])\n"
	"local member = redis.call('ZRANGE', KEYS[3], 0, 0)[1]\n"
	"local is_job, job = pcall(cjson.decode, member or '{}')\n"
	"if is_job and type(job) == 'table' then see(job.since) end\n"
	"return {plain, plain_taken, slow, slow_taken,\n"
	"  redis.call('ZCARD', KEYS[3]), oldest}\n";

static void stream_key(struct script_call *c, struct slice prefix, bool is_slow)
{
	script_key_of(
		c, prefix, is_slow ? "mailq:slow" : "mailq", slice_of(""));
}

static void later_key(struct script_call *c, struct slice prefix)
{
	script_key_of(c, prefix, "mailq:later", slice_of(""));
}

enum result mailq_add(struct redis *r, struct slice prefix,
	const struct mailq_job *job, bool is_slow, int64_t now_ms)
{
	struct script_call call = { 0 };
	struct redis_reply reply;
	enum result res;

	if (job->kind.len > MAILQ_WORD_MAX || job->id.len > MAILQ_WORD_MAX ||
		job->more.len > MAILQ_MORE_MAX)
		return RES_TOOBIG;
	stream_key(&call, prefix, is_slow);
	stream_key(&call, prefix, !is_slow);
	later_key(&call, prefix);
	script_arg(&call, job->kind);
	script_arg(&call, job->id);
	script_arg(&call, job->more);
	script_number(&call, now_ms);
	script_number(&call, MAILQ_WAITING_MAX);
	res = script_run(r, add_text, &call, &reply);
	if (res == RES_OK && reply.number == 0)
		res = RES_FULL;
	return res;
}

static uint64_t number_of(struct slice text)
{
	uint64_t n = 0;

	return slice_parse_u64(text, 0, INT64_MAX, &n) == RES_OK ? n : 0;
}

/* Octets of a handle: the mark of its stream, then the ID of the entry. */
static enum result read_handle(
	struct arena *a, const struct redis_reply *reply, struct mailq_job *out)
{
	struct slice mark = redis_element(reply, 0).text;
	struct slice id = redis_element(reply, 1).text;
	char *text = arena_alloc(a, 1 + id.len);

	if (text == NULL)
		return RES_TOOBIG;
	text[0] = mark.len > 0 ? mark.at[0] : PLAIN_MARK;
	for (size_t i = 0; i < id.len; i++)
		text[1 + i] = id.at[i];
	out->handle = slice_make(text, 1 + id.len);
	return RES_OK;
}

static enum result read_field(struct arena *a, struct slice name,
	struct slice value, struct mailq_job *out)
{
	if (slice_is_equal(name, slice_of("kind")))
		return arena_copy(a, value, &out->kind);
	if (slice_is_equal(name, slice_of("id")))
		return arena_copy(a, value, &out->id);
	if (slice_is_equal(name, slice_of("more")))
		return arena_copy(a, value, &out->more);
	if (slice_is_equal(name, slice_of("tries")))
		out->tries += (unsigned)(number_of(value) & INT_MAX);
	if (slice_is_equal(name, slice_of("since")))
		out->since_ms = (int64_t)number_of(value);
	return RES_OK;
}

static enum result read_job(
	struct arena *a, const struct redis_reply *reply, struct mailq_job *out)
{
	struct redis_reply fields = redis_element(reply, 3);
	struct mailq_job job = { 0 };
	enum result res = read_handle(a, reply, &job);

	job.tries = (unsigned)redis_element(reply, 2).number;
	for (size_t i = 0; res == RES_OK && i + 1 < fields.count; i += 2)
		res = read_field(a, redis_element(&fields, i).text,
			redis_element(&fields, i + 1).text, &job);
	if (res == RES_OK)
		*out = job;
	return res;
}

enum result mailq_take(struct redis *r, struct slice prefix,
	const struct mailq_taking *how, struct arena *a, struct mailq_job *out)
{
	struct script_call call = { 0 };
	struct redis_reply reply;
	enum result res;

	stream_key(&call, prefix, false);
	stream_key(&call, prefix, true);
	later_key(&call, prefix);
	script_key_of(&call, prefix, "mailq:last", slice_of(""));
	script_arg(&call, how->worker);
	script_number(&call, how->now_ms);
	script_number(&call, how->slow_ms);
	script_number(
		&call, how->claim_ms > 0 ? how->claim_ms : MAILQ_CLAIM_S * MS);
	script_number(&call, (int64_t)MAILQ_KEEP_S * MS);
	res = script_run(r, take_text, &call, &reply);
	if (res != RES_OK)
		return res;
	if (reply.type != REDIS_ARRAY || reply.count < 4)
		return RES_MISSING;
	return read_job(a, &reply, out);
}

/* The stream and ID behind a handle. */
static enum result name_entry(struct script_call *c, struct slice prefix,
	const struct mailq_job *job, struct slice *id)
{
	if (job->handle.len < HANDLE_MIN)
		return RES_INTERNAL;
	stream_key(c, prefix, job->handle.at[0] == SLOW_MARK);
	*id = slice_part(job->handle, 1, job->handle.len - 1);
	return RES_OK;
}

enum result mailq_done(
	struct redis *r, struct slice prefix, const struct mailq_job *job)
{
	struct script_call call = { 0 };
	struct redis_reply reply;
	struct slice id;
	enum result res = name_entry(&call, prefix, job, &id);

	if (res != RES_OK)
		return res;
	script_arg(&call, id);
	return script_run(r, done_text, &call, &reply);
}

static void give_up(const struct mailq_job *job)
{
	struct logline line;

	log_start(&line, LOG_LEVEL_ERROR, "mailq");
	log_text(&line, "state", "given-up");
	log_slice(&line, "kind", job->kind);
	log_slice(&line, "id", job->id);
	log_number(&line, "tries", (int64_t)job->tries + 1);
	log_send(&line);
}

enum result mailq_later(struct redis *r, struct slice prefix,
	const struct mailq_job *job, int64_t now_ms, int64_t delay_ms)
{
	bool is_over = now_ms - job->since_ms > (int64_t)MAILQ_KEEP_S * MS;
	struct script_call call = { 0 };
	struct redis_reply reply;
	struct slice id;
	enum result res = name_entry(&call, prefix, job, &id);

	if (res != RES_OK)
		return res;
	later_key(&call, prefix);
	script_arg(&call, id);
	if (is_over)
		script_arg(&call, slice_of(""));
	else
		script_number(&call, now_ms + delay_ms);
	script_arg(&call, job->kind);
	script_arg(&call, job->id);
	script_arg(&call, job->more);
	script_number(&call, (int64_t)job->tries + 1);
	script_number(&call, job->since_ms);
	script_arg(&call, slice_part(job->handle, 0, 1));
	res = script_run(r, later_text, &call, &reply);
	if (res == RES_OK && is_over && reply.number > 0)
		give_up(job);
	return res;
}

enum result mailq_count(
	struct redis *r, struct slice prefix, struct mailq_count *out)
{
	struct script_call call = { 0 };
	struct redis_reply reply;
	uint64_t n[6];
	enum result res;

	stream_key(&call, prefix, false);
	stream_key(&call, prefix, true);
	later_key(&call, prefix);
	res = script_run(r, count_text, &call, &reply);
	if (res != RES_OK)
		return res;
	for (size_t i = 0; i < sizeof(n) / sizeof(n[0]); i++)
		n[i] = (uint64_t)redis_element(&reply, i).number;
	*out = (struct mailq_count){
		.waiting = n[0] - n[1],
		.taken = n[1] + n[3],
		.slow = n[2] - n[3],
		.later = n[4],
		.oldest_ms = (int64_t)n[5],
	};
	return RES_OK;
}
