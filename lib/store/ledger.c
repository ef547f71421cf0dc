/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/ledger.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "store/breaker.h"
#include "store/ledgerlua.h"
#include "store/pool.h"
#include "store/repute.h"
#include "store/script.h"
#include "store/spent.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	MS_PER_S = 1000,
	HOUR_MS = 3600000,
	US_PER_MS = 1000,
	COMPLAIN_EVERY_MS = 60000,
	RECORD_UNIT = 1000, /* of the script's answer: thousandths */
	SPENT_KEY_MAX = 320,
	NUMBER_MAX = 32
};

struct ledger {
	struct conf *conf;
	const struct clock *clock;
	const struct clock *time; /* NULL: that of Redis */
	struct pool *pool;
	struct breaker breaker;
	struct spent *spent;
	atomic_bool was_open;
	_Atomic int64_t complain_ms; /* not before this */
	_Atomic uint64_t asked;
	_Atomic uint64_t timeouts;
	_Atomic uint64_t failed;
	_Atomic uint64_t skipped;
};

/* Keys: buckets, records, the ramp's if any, the greylist's two if any. */
static const char ledger_text[] = LEDGER_LUA
	"local now_us = micros(ARGV[1])\n"
	"local now = math.floor(now_us / 1000)\n"
	"local kinds, take = ARGV[2], tonumber(ARGV[3])\n"
	"local burst = tonumber(ARGV[4])\n"
	"local records, half = tonumber(ARGV[10]), tonumber(ARGV[11])\n"
	"local rep_keep, enough = tonumber(ARGV[12]), tonumber(ARGV[13])\n"
	"local share = tonumber(ARGV[14])\n"
	"local out, full, at = {now}, false, 0\n"
	"local function put(n) out[#out + 1] = n end\n"
	/* A bucket is the time when it will be full; it holds an hour's worth
	 * divided by burst. What is too much for a full one is let through
	 * and owed: it would never fit. */
	"local tats = {}\n"
	"for i = 1, #kinds do\n"
	"  local limit = tonumber(ARGV[5 + string.sub(kinds, i, i)])\n"
	"  local step = 3600000000 / limit\n"
	"  local room = math.max(1, limit / burst)\n"
	"  local tat = number(redis.call('GET', KEYS[i]))\n"
	"  tat = math.min(math.max(tat, now_us), now_us + 3600000000)\n"
	"  local wait = tat - now_us + (math.min(take, room) - room) * step\n"
	"  wait = math.max(0, math.ceil(wait / 1000 - 0.001))\n"
	"  full = full or wait > 0\n"
	"  put(wait)\n"
	"  tats[i] = tat + take * step\n"
	"end\n"
	"at = #kinds\n"
	"local record = {}\n"
	"for i = 1, records do\n"
	"  local r = read(KEYS[at + i], half, now)\n"
	"  r.key = KEYS[at + i]\n"
	"  record[i] = r\n"
	"  put(math.floor(r.good * 1000 + 0.5))\n"
	"  put(math.floor(r.bad * 1000 + 0.5))\n"
	"  put(r.first)\n"
	"end\n"
	"at = at + records\n"
	/* The first day of a new sender is that of its record. */
	"local ramp, day, most, wait = tonumber(ARGV[15]), 0, 0, 0\n"
	"local ramp_key, count, ends\n"
	"if ramp > 0 then\n"
	"  at = at + 1\n"
	"  ramp_key = KEYS[at]\n"
	"  local r = record[ramp]\n"
	"  if r.first == 0 or r.first > now then\n"
	"    r.first = now\n"
	"    redis.call('HSET', r.key, 'first', whole(now))\n"
	"    redis.call('PEXPIRE', r.key, rep_keep)\n"
	"  end\n"
	"  day = math.floor((now - r.first) / 86400000) + 1\n"
	"  if day > tonumber(ARGV[18]) then day = 0 end\n"
	"end\n"
	"if day > 0 then\n"
	"  most = tonumber(ARGV[16])\n"
	"  for i = 2, day do\n"
	"    most = math.min(most * tonumber(ARGV[17]), 1e12)\n"
	"  end\n"
	"  most = math.floor(most)\n"
	"  ends = record[ramp].first + day * 86400000\n"
	"  local had, n = string.match(redis.call('GET', ramp_key) or '',\n"
	"    '^(%d+):(%d+)$')\n"
	"  count = tonumber(had) == day and tonumber(n) or 0\n"
	"  if count + take > most then wait = ends - now full = true end\n"
	"end\n"
	"put(day) put(most) put(wait)\n"
	/* All or none. */
	"if not full then\n"
	"  for i = 1, #kinds do\n"
	"    redis.call('SET', KEYS[i], whole(tats[i]), 'PX',\n"
	"      whole(math.max(1, math.ceil((tats[i] - now_us) / 1000))))\n"
	"  end\n"
	"  if day > 0 then\n"
	"    redis.call('SET', ramp_key, day .. ':' .. whole(count + take),\n"
	"      'PX', whole(math.max(1, ends - now)))\n"
	"  end\n"
	"end\n"
	/* RFC 6647 s2.3, s5 */
	"local function greylist(first, known, r)\n"
	"  local low, high = tonumber(ARGV[21]), tonumber(ARGV[22])\n"
	"  local keep = ARGV[23]\n"
	"  if r then\n"
	"    local sum = r.good + r.bad\n"
	"    if sum < enough or r.bad < sum * share then return 5, 0 end\n"
	"  end\n"
	"  if redis.call('PEXPIRE', known, keep) == 1 then return 4, 0 end\n"
	"  local since = number(redis.call('GET', first))\n"
	"  if since == 0 or since > now or now - since > high then\n"
	"    redis.call('SET', first, whole(now), 'PX', high)\n"
	"    return 1, now + low\n"
	"  end\n"
	"  if now - since < low then return 2, since + low end\n"
	"  redis.call('SET', known, whole(now), 'PX', keep)\n"
	"  redis.call('DEL', first)\n"
	"  return 3, 0\n"
	"end\n"
	"local answer, until_ms = 0, 0\n"
	"if ARGV[19] == '1' then\n"
	"  answer, until_ms = greylist(KEYS[at + 1], KEYS[at + 2],\n"
	"    record[tonumber(ARGV[20])])\n"
	"end\n"
	"put(answer) put(until_ms)\n"
	"return out\n";

static const char *const limit_keys[LEDGER_LIMITS] = {
	[LEDGER_ADDRESS] = "rate:address:",
	[LEDGER_NETWORK] = "rate:network:",
	[LEDGER_DOMAIN] = "rate:domain:",
	[LEDGER_RECIPIENT] = "rate:recipient:",
	[LEDGER_USER] = "rate:user:",
};

const char *ledger_limit_name(enum ledger_limit l)
{
	switch (l) {
	case LEDGER_ADDRESS:
		return "address";
	case LEDGER_NETWORK:
		return "network";
	case LEDGER_DOMAIN:
		return "domain";
	case LEDGER_RECIPIENT:
		return "recipient";
	case LEDGER_USER:
		return "user";
	case LEDGER_LIMITS:
		break;
	}
	return "unknown";
}

unsigned ledger_hour(const struct conf *conf, enum ledger_limit l)
{
	switch (l) {
	case LEDGER_ADDRESS:
		return conf->rate.address_hour;
	case LEDGER_NETWORK:
		return conf->rate.network_hour;
	case LEDGER_DOMAIN:
		return conf->rate.domain_hour;
	case LEDGER_RECIPIENT:
		return conf->rate.recipient_hour;
	case LEDGER_USER:
		return conf->rate.user_hour;
	case LEDGER_LIMITS:
		break;
	}
	return 0;
}

enum result ledger_open(struct ledger **out, struct conf *conf,
	const struct clock *clock, const struct clock *time)
{
	struct ledger *l = calloc(1, sizeof(*l));

	*out = NULL;
	if (l == NULL)
		return RES_NOMEM;
	l->conf = conf_hold(conf);
	l->clock = clock;
	l->time = time;
	breaker_init(&l->breaker, conf->redis.breaker_failures,
		conf->redis.breaker_probe_ms);
	l->pool = pool_new_to_write(conf);
	l->spent = spent_new(conf->rate.keys_max);
	if (l->pool == NULL || l->spent == NULL) {
		ledger_close(l);
		return RES_NOMEM;
	}
	*out = l;
	return RES_OK;
}

void ledger_close(struct ledger *l)
{
	if (l == NULL)
		return;
	pool_free(l->pool);
	spent_free(l->spent);
	breaker_clear(&l->breaker);
	conf_release(l->conf);
	free(l);
}

/* ---- the question ---- */

void ledger_add_limit(struct ledger_question *q, const struct conf *conf,
	enum ledger_limit limit, struct slice who)
{
	if (ledger_hour(conf, limit) == 0 || slice_is_empty(who) ||
		q->bucket_count >= LEDGER_BUCKETS_MAX)
		return;
	q->bucket[q->bucket_count++] =
		(struct ledger_bucket){ .limit = limit, .who = who };
}

size_t ledger_add_record(
	struct ledger_question *q, enum ledger_limit kind, struct slice who)
{
	assert(q->record_count < LEDGER_RECORDS_MAX);
	q->record[q->record_count] =
		(struct ledger_record){ .kind = kind, .who = who };
	return q->record_count++;
}

static void add_keys(struct script_call *c, struct slice prefix,
	const struct ledger_question *q)
{
	for (size_t i = 0; i < q->bucket_count; i++)
		script_key_of(c, prefix, limit_keys[q->bucket[i].limit],
			q->bucket[i].who);
	for (size_t i = 0; i < q->record_count; i++)
		script_key_of(c, prefix, repute_key(q->record[i].kind),
			q->record[i].who);
	if (q->ramp.is_wanted)
		script_key_of(
			c, prefix, "rate:ramp:", q->record[q->ramp.record].who);
	if (!q->grey.is_wanted)
		return;
	script_key_of(c, prefix, "grey:first:", q->grey.tuple);
	script_key_of(c, prefix, "grey:known:", q->grey.who);
}

static void add_rate(struct script_call *c, const struct conf *conf,
	const struct ledger_question *q, char kinds[LEDGER_BUCKETS_MAX])
{
	for (size_t i = 0; i < q->bucket_count; i++)
		kinds[i] = (char)('0' + q->bucket[i].limit);
	script_arg(c, slice_make(kinds, q->bucket_count));
	script_number(c, q->take);
	script_number(c, conf->rate.burst);
	for (int i = 0; i < LEDGER_LIMITS; i++)
		script_number(c, ledger_hour(conf, (enum ledger_limit)i));
}

static void add_rest(struct script_call *c, const struct conf *conf,
	const struct ledger_question *q, struct slice factor)
{
	const struct conf_greylist *grey = &conf->greylist;

	script_number(c, (int64_t)q->record_count);
	script_number(c, (int64_t)conf->reputation.half_life_s * MS_PER_S);
	script_number(c, repute_keep_s(conf) * MS_PER_S);
	script_number(c, conf->reputation.min_messages);
	script_arg(c, slice_of(LEDGER_BAD_SHARE_TEXT));
	script_number(c, q->ramp.is_wanted ? (int64_t)q->ramp.record + 1 : 0);
	script_number(c, conf->rate.ramp_first);
	script_arg(c, factor);
	script_number(c, conf->rate.ramp_days);
	script_number(c, q->grey.is_wanted);
	script_number(c, q->grey.record + 1);
	script_number(c, (int64_t)grey->min_s * MS_PER_S);
	script_number(c, (int64_t)grey->window_s * MS_PER_S);
	script_number(c, (int64_t)grey->keep_s * MS_PER_S);
}

/* ---- the answer ---- */

/* One question on its way. */
struct asking {
	struct ledger *ledger;
	const struct conf *conf;
	const struct script_call *call;
	struct ledger_question *q;
};

struct reading {
	const struct redis_reply *reply;
	size_t at;
};

static int64_t next(struct reading *r)
{
	return redis_element(r->reply, r->at++).number;
}

static int64_t seconds(int64_t ms)
{
	return (ms + MS_PER_S - 1) / MS_PER_S;
}

static void note_spent(struct ledger *l, const struct ledger_bucket *b,
	int64_t wait_ms, int64_t until_s)
{
	struct buf key;

	buf_init(&key, SPENT_KEY_MAX);
	buf_add_text(&key, limit_keys[b->limit]);
	buf_add(&key, b->who);
	if (buf_result(&key) == RES_OK)
		spent_note(l->spent, buf_slice(&key),
			clock_mono_ms(l->clock) + wait_ms, until_s);
	buf_clear(&key);
}

/* Who takes many at once waits until there is room for all of them; memory
 * only knows when there is none for one. */
static int64_t wait_of_one(
	const struct asking *a, enum ledger_limit limit, int64_t wait_ms)
{
	double hour = ledger_hour(a->conf, limit);
	double room = hour / a->conf->rate.burst;
	double more = a->q->take < room ? a->q->take : room;

	if (more > 1)
		wait_ms -= (int64_t)((more - 1) * HOUR_MS / hour);
	return wait_ms;
}

static void read_buckets(
	const struct asking *a, struct reading *r, int64_t now_ms)
{
	for (size_t i = 0; i < a->q->bucket_count; i++) {
		struct ledger_bucket *b = &a->q->bucket[i];
		int64_t wait_ms = next(r);

		if (wait_ms <= 0)
			continue;
		b->until_s = seconds(now_ms + wait_ms);
		wait_ms = wait_of_one(a, b->limit, wait_ms);
		if (wait_ms > 0)
			note_spent(a->ledger, b, wait_ms,
				seconds(now_ms + wait_ms));
	}
}

static void read_records(struct reading *r, struct ledger_question *q)
{
	for (size_t i = 0; i < q->record_count; i++) {
		q->record[i].good = (double)next(r) / RECORD_UNIT;
		q->record[i].bad = (double)next(r) / RECORD_UNIT;
		q->record[i].first_s = next(r) / MS_PER_S;
	}
}

static enum result read_answer(
	const struct asking *a, const struct redis_reply *reply)
{
	struct ledger_question *q = a->q;
	struct reading r = { reply, 0 };
	int64_t now_ms, wait_ms;

	if (reply->type != REDIS_ARRAY ||
		reply->count != 6 + q->bucket_count + 3 * q->record_count)
		return RES_INTERNAL;
	now_ms = next(&r);
	read_buckets(a, &r, now_ms);
	read_records(&r, q);
	q->ramp.day = (unsigned)next(&r);
	q->ramp.most = (double)next(&r);
	wait_ms = next(&r);
	q->ramp.until_s = wait_ms > 0 ? seconds(now_ms + wait_ms) : 0;
	q->grey.answer = (enum ledger_grey)next(&r);
	q->grey.until_s = seconds(next(&r));
	return RES_OK;
}

/* ---- asking ---- */

/* What a fault of ours, of a key or of the accounts in Redis brings about; each
 * message would say it again. */
static void complain(struct ledger *l, enum result kind, struct slice text)
{
	int64_t now_ms = clock_mono_ms(l->clock);
	int64_t next_ms = atomic_load(&l->complain_ms);
	struct logline line;

	if ((kind != RES_DENIED && kind != RES_TYPE && kind != RES_INTERNAL) ||
		(next_ms != 0 && now_ms < next_ms) ||
		!atomic_compare_exchange_strong(
			&l->complain_ms, &next_ms, now_ms + COMPLAIN_EVERY_MS))
		return;
	log_start(&line, LOG_LEVEL_ERROR, "ledger");
	log_text(&line, "result", result_name(kind));
	log_slice(&line, "message", text);
	log_send(&line);
}

static enum result run(const struct asking *a, struct redis *r)
{
	struct redis_reply reply;
	enum result res = script_ask(r, ledger_text, a->call, &reply);

	if (res == RES_OK)
		return read_answer(a, &reply);
	if (reply.type == REDIS_ERROR)
		complain(a->ledger, res, reply.text);
	return res;
}

/* The server may have closed a connection that was open before, or be no
 * primary any more. */
static bool is_stale(const struct pool_loan *loan, enum result res)
{
	return res == RES_READONLY ||
		(res != RES_OK && pool_is_reused(loan) &&
			redis_is_broken(pool_redis(loan)));
}

static enum result exchange(const struct asking *a)
{
	struct pool *pool = a->ledger->pool;
	struct pool_loan *loan;
	enum result res = pool_take(pool, &loan);

	if (res != RES_OK)
		return res;
	res = run(a, pool_redis(loan));
	if (is_stale(loan, res)) {
		res = pool_reopen(pool, loan);
		if (res == RES_OK)
			res = run(a, pool_redis(loan));
	}
	pool_give(pool, loan);
	return res;
}

/* A key of the wrong type is the fault of that key alone. */
static bool is_answered(enum result res)
{
	return res == RES_OK || res == RES_TYPE;
}

static void tell_state(struct ledger *l, enum result res)
{
	bool is_open = breaker_is_open(&l->breaker);

	if (atomic_exchange(&l->was_open, is_open) == is_open)
		return;
	if (is_open)
		log_message(LOG_LEVEL_ERROR, "ledger",
			"Redis does not answer (%s): limits, reputation and "
			"greylist can not be told",
			result_name(res));
	else
		log_message(LOG_LEVEL_NOTICE, "ledger", "Redis answers again");
}

static void count(struct ledger *l, enum result res, int64_t start_ms)
{
	int64_t now_ms = clock_mono_ms(l->clock);
	bool is_late = now_ms - start_ms >= l->conf->redis.timeout_ms;

	atomic_fetch_add(&l->asked, 1);
	if (res == RES_TIMEOUT || (res == RES_DOWN && is_late))
		atomic_fetch_add(&l->timeouts, 1);
	else if (res != RES_OK)
		atomic_fetch_add(&l->failed, 1);
	breaker_report(&l->breaker, is_answered(res), now_ms);
	tell_state(l, res);
}

bool ledger_is_nothing(const struct ledger_question *q)
{
	return q->bucket_count == 0 && q->record_count == 0 &&
		!q->grey.is_wanted;
}

enum result ledger_ask(
	struct ledger *l, const struct conf *conf, struct ledger_question *q)
{
	struct script_call call = { .count = 0 };
	const struct asking asking = { l, conf, &call, q };
	char kinds[LEDGER_BUCKETS_MAX];
	char factor[NUMBER_MAX];
	int64_t start_ms = clock_mono_ms(l->clock);
	enum result res;

	if (ledger_is_nothing(q))
		return RES_OK;
	if (!breaker_allows(&l->breaker, start_ms)) {
		atomic_fetch_add(&l->skipped, 1);
		return RES_DOWN;
	}
	snprintf(factor, sizeof(factor), "%.17g", conf->rate.ramp_factor);
	add_keys(&call, slice_of(l->conf->redis.prefix), q);
	script_number(&call,
		l->time == NULL ? 0 : clock_wall_ms(l->time) * US_PER_MS);
	add_rate(&call, conf, q, kinds);
	add_rest(&call, conf, q, slice_of(factor));
	res = exchange(&asking);
	count(l, res, start_ms);
	return res;
}

bool ledger_is_spent(struct ledger *l, enum ledger_limit limit,
	struct slice who, int64_t *until_s)
{
	struct buf key;
	bool is_spent = false;

	buf_init(&key, SPENT_KEY_MAX);
	buf_add_text(&key, limit_keys[limit]);
	buf_add(&key, who);
	if (buf_result(&key) == RES_OK)
		is_spent = spent_find(l->spent, buf_slice(&key),
			clock_mono_ms(l->clock), until_s);
	buf_clear(&key);
	return is_spent;
}

void ledger_count(struct ledger *l, struct ledger_counts *out)
{
	*out = (struct ledger_counts){
		.asked = atomic_load(&l->asked),
		.timeouts = atomic_load(&l->timeouts),
		.failed = atomic_load(&l->failed),
		.skipped = atomic_load(&l->skipped),
		.spent = spent_count(l->spent),
		.breaker_open = breaker_is_open(&l->breaker),
	};
}
