/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/sums.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/table.h"
#include "conf/conf.h"
#include "store/keys.h"
#include "store/writer.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	BACKLOG_MAX = 256, /* jobs of the writer */
	WORD = sizeof(uint64_t)
};

struct sum {
	size_t key_len;
	uint64_t value[]; /* size octets of the plan, then the key */
};

struct sums {
	const struct sums_plan *plan;
	struct conf *conf;
	struct writer *writer;
	const struct clock *time;
	pthread_mutex_t lock;
	struct table *table; /* key -> struct sum, which is not its own */
	struct sum **list; /* the same, in the order of coming */
	size_t count;
	uint64_t dropped;
};

/* The arguments of one script; their text stands in one buffer, which moves
 * while it grows, so that they are cut out of it at the end. */
struct sums_call {
	struct buf text;
	struct slice prefix;
	size_t end[SUMS_ARGS_MAX];
	size_t count;
	bool is_full;
};

static size_t key_offset(const struct sums_plan *p)
{
	return (p->size + WORD - 1) / WORD * WORD;
}

static struct slice key_of(const struct sums_plan *p, const struct sum *s)
{
	return slice_make((const char *)s->value + key_offset(p), s->key_len);
}

/* ---- birth and death ---- */

enum result sums_open(struct sums **out, const struct sums_plan *plan,
	struct conf *conf, struct writer *writer, const struct clock *time)
{
	struct sums *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return RES_NOMEM;
	s->plan = plan;
	s->conf = conf_hold(conf);
	s->writer = writer;
	s->time = time;
	pthread_mutex_init(&s->lock, NULL);
	s->table = table_new(plan->max, NULL);
	s->list = calloc(plan->max, sizeof(struct sum *));
	if (s->table == NULL || s->list == NULL) {
		sums_close(s);
		return RES_NOMEM;
	}
	*out = s;
	return RES_OK;
}

static void flush(struct sums *s, const struct conf *conf);

void sums_close(struct sums *s)
{
	if (s == NULL)
		return;
	if (s->table != NULL && s->list != NULL)
		flush(s, s->conf);
	for (size_t i = 0; i < s->count; i++)
		free(s->list[i]);
	table_free(s->table);
	free(s->list);
	pthread_mutex_destroy(&s->lock);
	conf_release(s->conf);
	free(s);
}

/* ---- adding ---- */

/* Under the lock. NULL: no room, or no memory. */
static struct sum *find_or_make(struct sums *s, struct slice key)
{
	struct sum *sum = table_find(s->table, key);
	size_t offset = key_offset(s->plan);

	if (sum != NULL || s->count >= s->plan->max)
		return sum;
	sum = calloc(1, sizeof(*sum) + offset + key.len);
	if (sum == NULL)
		return NULL;
	sum->key_len = key.len;
	memcpy((char *)sum->value + offset, key.at, key.len);
	if (table_put(s->table, key, sum) != RES_OK) {
		free(sum);
		return NULL;
	}
	s->list[s->count++] = sum;
	return sum;
}

void sums_add(struct sums *s, struct slice key, const void *what)
{
	struct sum *sum = NULL;

	pthread_mutex_lock(&s->lock);
	if (key.len > 0 && key.len <= s->plan->key_max)
		sum = find_or_make(s, key);
	if (sum != NULL)
		s->plan->add(sum->value, what);
	else
		s->dropped++;
	pthread_mutex_unlock(&s->lock);
}

/* ---- what a plan's functions say ---- */

static void end_argument(struct sums_call *c)
{
	if (c->count < SUMS_ARGS_MAX)
		c->end[c->count++] = c->text.len;
	else
		c->is_full = true;
}

void sums_key(struct sums_call *c, struct slice rest)
{
	keys_format(&c->text, c->prefix, "", rest);
	end_argument(c);
}

void sums_text(struct sums_call *c, struct slice text)
{
	buf_add(&c->text, text);
	end_argument(c);
}

void sums_number(struct sums_call *c, int64_t number)
{
	buf_add_format(&c->text, "%" PRId64, number);
	end_argument(c);
}

void sums_decimal(struct sums_call *c, double number)
{
	buf_add_format(&c->text, "%.3f", number);
	end_argument(c);
}

const char *sums_day(int64_t wall_ms, char out[SUMS_DAY_MAX])
{
	time_t at = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL ||
		strftime(out, SUMS_DAY_MAX, "%Y%m%d", &tm) == 0)
		memcpy(out, "00000000", SUMS_DAY_MAX);
	return out;
}

/* ---- flushing ---- */

static void add_keys(const struct sums *s, struct sums_call *c,
	struct sum *const *sums, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct slice key = key_of(s->plan, sums[i]);

		if (s->plan->name == NULL)
			sums_key(c, key);
		else
			s->plan->name(c, key, sums[i]->value);
	}
}

static void add_values(const struct sums *s, const struct conf *conf,
	struct sums_call *c, struct sum *const *sums, size_t count)
{
	if (s->plan->common != NULL)
		s->plan->common(
			c, conf, s->time == NULL ? 0 : clock_wall_ms(s->time));
	for (size_t i = 0; i < count; i++)
		s->plan->values(c, key_of(s->plan, sums[i]), sums[i]->value);
}

/* The prefix does not change without a restart. */
static enum result queue(struct sums *s, const struct conf *conf,
	struct sum *const *sums, size_t count)
{
	struct slice argv[SUMS_ARGS_MAX];
	struct sums_call c = { .prefix = slice_of(s->conf->redis.prefix) };
	struct writer_job *job;
	enum result res;
	size_t from = 0;

	buf_init(&c.text, s->plan->text_max);
	sums_text(&c, slice_of("EVAL"));
	sums_text(&c, slice_of(s->plan->script));
	sums_number(&c, (int64_t)(count * s->plan->keys));
	add_keys(s, &c, sums, count);
	assert(c.is_full || c.count == 3 + count * s->plan->keys);
	add_values(s, conf, &c, sums, count);
	res = c.is_full ? RES_TOOBIG : buf_result(&c.text);
	for (size_t i = 0; i < c.count && res == RES_OK; i++) {
		argv[i] = slice_make(c.text.at + from, c.end[i] - from);
		from = c.end[i];
	}
	if (res == RES_OK) {
		job = writer_job_new();
		writer_job_command(job, argv, c.count);
		res = writer_add(s->writer, job);
	}
	buf_clear(&c.text);
	return res;
}

/* Takes all sums away from those who add; NULL: there are none, or no memory,
 * and they stay. */
static struct sum **take_all(struct sums *s, size_t *count)
{
	struct sum **fresh = NULL;
	struct sum **all = NULL;

	pthread_mutex_lock(&s->lock);
	*count = s->count;
	if (s->count > 0)
		fresh = calloc(s->plan->max, sizeof(struct sum *));
	if (fresh != NULL) {
		all = s->list;
		s->list = fresh;
		s->count = 0;
		table_clear(s->table);
	}
	pthread_mutex_unlock(&s->lock);
	return all;
}

static void flush(struct sums *s, const struct conf *conf)
{
	size_t count, lost = 0;
	struct sum **all = take_all(s, &count);

	if (all == NULL)
		return;
	for (size_t i = 0; i < count; i += s->plan->batch) {
		size_t n =
			count - i < s->plan->batch ? count - i : s->plan->batch;

		if (queue(s, conf, all + i, n) != RES_OK)
			lost += n;
	}
	for (size_t i = 0; i < count; i++)
		free(all[i]);
	free(all);
	pthread_mutex_lock(&s->lock);
	s->dropped += lost;
	pthread_mutex_unlock(&s->lock);
}

/* While Redis is away it goes on summing up: evidence of refusals waits in the
 * same queue, and needs the room more. */
void sums_flush(struct sums *s, const struct conf *conf)
{
	struct writer_counts counts;

	writer_count(s->writer, &counts);
	if (counts.waiting <= BACKLOG_MAX)
		flush(s, conf);
}

void sums_count(struct sums *s, struct sums_counts *out)
{
	pthread_mutex_lock(&s->lock);
	*out = (struct sums_counts){ s->count, s->dropped };
	pthread_mutex_unlock(&s->lock);
}
