/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/failure.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/hex.h"
#include "base/random.h"
#include "conf/conf.h"
#include "store/keys.h"
#include "store/mailq.h"
#include "store/script.h"
#include "store/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	HOUR_S = 3600,
	BACKLOG_MAX = 64, /* jobs of the writer: other writes matter more */
	ID_OCTETS = (FAILURE_ID_MAX - 1) / 2,
	NUMBER_MAX = 24,
	KEY_MAX = 512
};

/* KEYS: failure, failures, queue. ARGV: id, domain, ruf, fields, header, now,
 * most in an hour, life, an hour, most that may wait. Twice is once. */
static const char add_text[] = MAILQ_LUA_ADD
	"if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end\n"
	"if redis.call('XLEN', KEYS[3]) >= tonumber(ARGV[10]) then return 0 "
	"end\n"
	"local n = redis.call('INCR', KEYS[2])\n"
	"if n == 1 then redis.call('EXPIRE', KEYS[2], ARGV[9]) end\n"
	"if n > tonumber(ARGV[7]) then return 0 end\n"
	"redis.call('HSET', KEYS[1], 'domain', ARGV[2], 'ruf', ARGV[3],\n"
	"  'fields', ARGV[4], 'header', ARGV[5])\n"
	"redis.call('EXPIRE', KEYS[1], ARGV[8])\n"
	"mailq_add(KEYS[3], 'dmarc-failure', ARGV[1], '', ARGV[6])\n"
	"return 1\n";

static void make_id(char out[FAILURE_ID_MAX])
{
	uint8_t octets[ID_OCTETS];

	random_fill(octets, sizeof(octets));
	hex_format(octets, sizeof(octets), out);
}

static void add_key(struct buf *out, const struct conf *conf, const char *fixed,
	struct slice rest)
{
	buf_init(out, KEY_MAX);
	keys_format(out, slice_of(conf->redis.prefix), fixed, rest);
}

static enum result queue(struct writer *w, const struct conf *conf,
	const struct failure *f, int64_t now_ms)
{
	char id[FAILURE_ID_MAX], now[NUMBER_MAX], most[NUMBER_MAX];
	char keep[NUMBER_MAX], hour[NUMBER_MAX], room[NUMBER_MAX];
	struct buf key[3];
	struct writer_job *job = writer_job_new();

	make_id(id);
	snprintf(now, sizeof(now), "%" PRId64, now_ms);
	snprintf(most, sizeof(most), "%u", conf->dmarc.failures_hour);
	snprintf(keep, sizeof(keep), "%d", FAILURE_KEEP_S);
	snprintf(hour, sizeof(hour), "%d", HOUR_S);
	snprintf(room, sizeof(room), "%d", MAILQ_WAITING_MAX);
	add_key(&key[0], conf, "dmarc:failure:", slice_of(id));
	add_key(&key[1], conf, "dmarc:failures:", f->domain);
	add_key(&key[2], conf, "mailq", slice_of(""));
	const struct slice argv[] = { slice_of("EVAL"), slice_of(add_text),
		slice_of("3"), buf_slice(&key[0]), buf_slice(&key[1]),
		buf_slice(&key[2]), slice_of(id), f->domain, f->ruf, f->fields,
		f->header, slice_of(now), slice_of(most), slice_of(keep),
		slice_of(hour), slice_of(room) };

	writer_job_command(job, argv, sizeof(argv) / sizeof(argv[0]));
	for (size_t i = 0; i < 3; i++)
		buf_clear(&key[i]);
	return writer_add(w, job);
}

enum result failure_add(struct writer *w, const struct conf *conf,
	const struct failure *f, int64_t now_ms)
{
	struct writer_counts counts;

	if (f->fields.len > FAILURE_FIELDS_MAX ||
		f->header.len > FAILURE_HEADER_MAX)
		return RES_TOOBIG;
	writer_count(w, &counts);
	if (counts.waiting > BACKLOG_MAX)
		return RES_FULL;
	return queue(w, conf, f, now_ms);
}

/* ---- for the worker ---- */

static void call_of(
	struct script_call *c, const struct conf *conf, struct slice id)
{
	*c = (struct script_call){ .count = 0 };
	script_key_of(c, slice_of(conf->redis.prefix), "dmarc:failure:", id);
}

static enum result read_field(const struct redis_reply *reply, size_t i,
	struct arena *a, struct slice *out)
{
	struct redis_reply field = redis_element(reply, i);

	if (field.type != REDIS_STRING)
		return RES_MISSING;
	return arena_copy(a, field.text, out) == RES_OK ? RES_OK : RES_NOMEM;
}

enum result failure_read(struct redis *r, const struct conf *conf,
	struct slice id, struct arena *a, struct failure *out)
{
	struct script_call call;
	struct redis_reply reply;
	enum result res;

	call_of(&call, conf, id);
	res = script_run(r,
		"return redis.call('HMGET', KEYS[1], 'domain', 'ruf',\n"
		"  'fields', 'header')\n",
		&call, &reply);
	if (res == RES_OK)
		res = read_field(&reply, 0, a, &out->domain);
	if (res == RES_OK)
		res = read_field(&reply, 1, a, &out->ruf);
	if (res == RES_OK)
		res = read_field(&reply, 2, a, &out->fields);
	if (res == RES_OK)
		res = read_field(&reply, 3, a, &out->header);
	return res;
}

static enum result run(struct redis *r, const struct conf *conf,
	struct slice id, const char *to, const char *text, int64_t *number)
{
	struct script_call call;
	struct redis_reply reply;
	enum result res;

	call_of(&call, conf, id);
	script_arg(&call, slice_of(to));
	res = script_run(r, text, &call, &reply);
	if (res == RES_OK && reply.type != REDIS_NUMBER)
		return RES_TYPE;
	if (res == RES_OK)
		*number = reply.number;
	return res;
}

enum result failure_has_gone(struct redis *r, const struct conf *conf,
	struct slice id, const char *to, bool *out)
{
	int64_t number = 0;
	enum result res = run(r, conf, id, to,
		"return redis.call('HEXISTS', KEYS[1], 'to:' .. ARGV[1])\n",
		&number);

	if (res == RES_OK)
		*out = number == 1;
	return res;
}

/* Not one that ended meanwhile: it would have no end. */
enum result failure_gone(struct redis *r, const struct conf *conf,
	struct slice id, const char *to)
{
	int64_t number;

	return run(r, conf, id, to,
		"if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end\n"
		"return redis.call('HSET', KEYS[1], 'to:' .. ARGV[1], '1')\n",
		&number);
}

enum result failure_forget(
	struct redis *r, const struct conf *conf, struct slice id)
{
	int64_t number;

	return run(r, conf, id, "", "return redis.call('DEL', KEYS[1])\n",
		&number);
}
