/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/repute.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/table.h"
#include "conf/conf.h"
#include "store/keys.h"
#include "store/ledgerlua.h"
#include "store/writer.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	BATCH = 32, /* senders that one script counts */
	HEAD = 6, /* EVAL, text, number of keys; now, half life, life */
	TEXT_MAX = 32768,
	KEY_MAX = 512,
	DAY_S = 86400,
	HALF_LIVES = 10,
	RAMP_REST_DAYS = 30,
	KEEP_DAYS_MAX = 400,
	BACKLOG_MAX = 256 /* jobs of the writer */
};

struct sum {
	double good;
	double bad;
	size_t len; /* of its key, which stands behind it */
	char key[];
};

struct repute {
	struct conf *conf;
	struct writer *writer;
	const struct clock *time;
	pthread_mutex_t lock;
	struct table *table; /* key without the prefix -> struct sum */
	struct sum **list; /* the same, in the order of coming */
	size_t count;
	uint64_t dropped;
};

/* Keys: records. Arguments: now, half life and life in ms, then good and bad
 * of each. */
static const char repute_text[] = LEDGER_LUA LEDGER_LUA_REPUTE
	"local now = math.floor(micros(ARGV[1]) / 1000)\n"
	"for i = 1, #KEYS do\n"
	"  repute(KEYS[i], tonumber(ARGV[2]), now, ARGV[3],\n"
	"    ARGV[2 * i + 2], ARGV[2 * i + 3])\n"
	"end\n"
	"return #KEYS\n";

const char *repute_key(enum ledger_limit kind)
{
	switch (kind) {
	case LEDGER_NETWORK:
		return "rep:network:";
	case LEDGER_DOMAIN:
		return "rep:domain:";
	case LEDGER_ADDRESS:
	case LEDGER_RECIPIENT:
	case LEDGER_USER:
	case LEDGER_LIMITS:
		break;
	}
	return "rep:address:";
}

int64_t repute_keep_s(const struct conf *conf)
{
	int64_t keep_s = (int64_t)conf->reputation.half_life_s * HALF_LIVES;
	int64_t ramp_s =
		((int64_t)conf->rate.ramp_days + RAMP_REST_DAYS) * DAY_S;

	if (keep_s < ramp_s)
		keep_s = ramp_s;
	return keep_s < (int64_t)KEEP_DAYS_MAX * DAY_S
		? keep_s
		: (int64_t)KEEP_DAYS_MAX * DAY_S;
}

enum result repute_open(struct repute **out, struct conf *conf,
	struct writer *writer, const struct clock *time)
{
	struct repute *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (r == NULL)
		return RES_NOMEM;
	r->conf = conf_hold(conf);
	r->writer = writer;
	r->time = time;
	pthread_mutex_init(&r->lock, NULL);
	r->table = table_new(REPUTE_SENDERS_MAX, NULL);
	r->list = calloc(REPUTE_SENDERS_MAX, sizeof(struct sum *));
	if (r->table == NULL || r->list == NULL) {
		repute_close(r);
		return RES_NOMEM;
	}
	*out = r;
	return RES_OK;
}

static void flush(struct repute *r, const struct conf *conf);

void repute_close(struct repute *r)
{
	if (r == NULL)
		return;
	if (r->table != NULL && r->list != NULL)
		flush(r, r->conf);
	table_free(r->table);
	free(r->list);
	pthread_mutex_destroy(&r->lock);
	conf_release(r->conf);
	free(r);
}

/* ---- adding ---- */

/* Under the lock. NULL: no room, or no memory. */
static struct sum *find_or_make(struct repute *r, struct slice key)
{
	struct sum *s = table_find(r->table, key);

	if (s != NULL || r->count >= REPUTE_SENDERS_MAX)
		return s;
	s = malloc(sizeof(*s) + key.len);
	if (s == NULL)
		return NULL;
	s->good = 0;
	s->bad = 0;
	s->len = key.len;
	memcpy(s->key, key.at, key.len);
	if (table_put(r->table, key, s) != RES_OK) {
		free(s);
		return NULL;
	}
	r->list[r->count++] = s;
	return s;
}

void repute_add(struct repute *r, enum ledger_limit kind, struct slice who,
	double good, double bad)
{
	struct sum *s = NULL;
	struct buf key;

	if (slice_is_empty(who))
		return;
	buf_init(&key, KEY_MAX);
	buf_add_text(&key, repute_key(kind));
	buf_add(&key, who);
	pthread_mutex_lock(&r->lock);
	if (buf_result(&key) == RES_OK)
		s = find_or_make(r, buf_slice(&key));
	if (s != NULL) {
		s->good += good;
		s->bad += bad;
	} else {
		r->dropped++;
	}
	pthread_mutex_unlock(&r->lock);
	buf_clear(&key);
}

/* ---- flushing ---- */

/* The arguments of one script; their text stands in one buffer, which moves
 * while it grows, so that they are cut out of it at the end. */
struct batch {
	struct buf text;
	size_t end[HEAD + 3 * BATCH];
	size_t count;
};

static void end_argument(struct batch *b)
{
	b->end[b->count++] = b->text.len;
}

static void add_number(struct batch *b, int64_t n)
{
	buf_add_format(&b->text, "%" PRId64, n);
	end_argument(b);
}

static void add_text(struct batch *b, const char *text)
{
	buf_add_text(&b->text, text);
	end_argument(b);
}

static void add_head(struct batch *b, size_t count)
{
	add_text(b, "EVAL");
	add_text(b, repute_text);
	add_number(b, (int64_t)count);
}

static void add_keys(const struct repute *r, struct batch *b,
	struct sum *const *sums, size_t count)
{
	/* The prefix does not change without a restart. */
	for (size_t i = 0; i < count; i++) {
		keys_format(&b->text, slice_of(r->conf->redis.prefix), "",
			slice_make(sums[i]->key, sums[i]->len));
		end_argument(b);
	}
}

static void add_values(
	const struct repute *r, const struct conf *conf, struct batch *b)
{
	add_number(b, r->time == NULL ? 0 : clock_wall_ms(r->time) * 1000);
	add_number(b, (int64_t)conf->reputation.half_life_s * 1000);
	add_number(b, repute_keep_s(conf) * 1000);
}

static void add_sums(struct batch *b, struct sum *const *sums, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_add_format(&b->text, "%.3f", sums[i]->good);
		end_argument(b);
		buf_add_format(&b->text, "%.3f", sums[i]->bad);
		end_argument(b);
	}
}

static enum result queue(struct repute *r, const struct conf *conf,
	struct sum **sums, size_t count)
{
	struct slice argv[HEAD + 3 * BATCH];
	struct batch b = { .count = 0 };
	struct writer_job *job;
	enum result res;
	size_t from = 0;

	buf_init(&b.text, TEXT_MAX);
	add_head(&b, count);
	add_keys(r, &b, sums, count);
	add_values(r, conf, &b);
	add_sums(&b, sums, count);
	res = buf_result(&b.text);
	for (size_t i = 0; i < b.count && res == RES_OK; i++) {
		argv[i] = slice_make(b.text.at + from, b.end[i] - from);
		from = b.end[i];
	}
	if (res == RES_OK) {
		job = writer_job_new();
		writer_job_command(job, argv, b.count);
		res = writer_add(r->writer, job);
	}
	buf_clear(&b.text);
	return res;
}

/* Takes all sums away from those who add; NULL: there are none, or no memory,
 * and they stay. */
static struct sum **take_all(struct repute *r, size_t *count)
{
	struct sum **fresh = NULL;
	struct sum **all = NULL;

	pthread_mutex_lock(&r->lock);
	*count = r->count;
	if (r->count > 0)
		fresh = calloc(REPUTE_SENDERS_MAX, sizeof(struct sum *));
	if (fresh != NULL) {
		all = r->list;
		r->list = fresh;
		r->count = 0;
		table_clear(r->table);
	}
	pthread_mutex_unlock(&r->lock);
	return all;
}

static void flush(struct repute *r, const struct conf *conf)
{
	size_t count, lost = 0;
	struct sum **all = take_all(r, &count);

	if (all == NULL)
		return;
	for (size_t i = 0; i < count; i += BATCH) {
		size_t n = count - i < BATCH ? count - i : BATCH;

		if (queue(r, conf, all + i, n) != RES_OK)
			lost += n;
	}
	for (size_t i = 0; i < count; i++)
		free(all[i]);
	free(all);
	pthread_mutex_lock(&r->lock);
	r->dropped += lost;
	pthread_mutex_unlock(&r->lock);
}

/* While Redis is away it goes on summing up: evidence of refusals waits in the
 * same queue, and needs the room more. */
void repute_flush(struct repute *r, const struct conf *conf)
{
	struct writer_counts counts;

	writer_count(r->writer, &counts);
	if (counts.waiting <= BACKLOG_MAX)
		flush(r, conf);
}

void repute_count(struct repute *r, struct repute_counts *out)
{
	pthread_mutex_lock(&r->lock);
	*out = (struct repute_counts){ r->count, r->dropped };
	pthread_mutex_unlock(&r->lock);
}
