/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/aggregate.h"

#include "base/buf.h"
#include "base/clock.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

enum {
	KEYS = 4,
	BATCH = 16, /* rows to a script */
	/* day, domain, row and record, each with a NUL but the last */
	KEY_MAX = SUMS_DAY_MAX + HOSTNAME_MAX + AGGREGATE_ROW_MAX + 1 +
		AGGREGATE_RECORD_MAX,
	NAME_MAX_LEN =
		SUMS_DAY_MAX + HOSTNAME_MAX + 32, /* "dmarc:" and words */
	TEXT_MAX = 131072
};

struct aggregate {
	struct sums *sums;
	const struct clock *clock;
};

/* What stands in the key of a sum. */
struct parts {
	struct slice day;
	struct slice domain;
	struct slice row;
	struct slice record;
};

/*
 * KEYS of each: domains, rows, more, octets. ARGV: life, most rows of a domain,
 * most domains, most octets; then domain, row, messages, record of each. Of the
 * fields of a domain one is its policy; "more" is there only when the others
 * are full.
 */
static const char add_text[] =
	"local life, room = ARGV[1], tonumber(ARGV[4])\n"
	"for i = 0, #KEYS / 4 - 1 do\n"
	"  local all, of, more, octets = unpack(KEYS, 4 * i + 1, 4 * i + 4)\n"
	"  local name, row, n, record = unpack(ARGV, 4 * i + 5, 4 * i + 8)\n"
	"  local is_new = redis.call('SISMEMBER', all, name) == 0\n"
	"  local function take(text)\n"
	"    return redis.call('INCRBY', octets, #text) <= room\n"
	"  end\n"
	"  if is_new and (redis.call('SCARD', all) >= tonumber(ARGV[3])\n"
	"    or not take(name .. name .. record)) then\n"
	"    redis.call('INCRBY', more, n)\n"
	"    redis.call('EXPIRE', more, life)\n"
	"  else\n"
	"    redis.call('SADD', all, name)\n"
	"    redis.call('EXPIRE', all, life)\n"
	"    redis.call('HSET', of, 'policy', record)\n"
	"    if redis.call('HEXISTS', of, row) == 0\n"
	"      and (redis.call('HLEN', of) > tonumber(ARGV[2])\n"
	"        or not take(row)) then\n"
	"      row = 'more'\n"
	"    end\n"
	"    redis.call('HINCRBY', of, row, n)\n"
	"    redis.call('EXPIRE', of, life)\n"
	"  end\n"
	"  if redis.call('EXISTS', octets) == 1 then\n"
	"    redis.call('EXPIRE', octets, life)\n"
	"  end\n"
	"end\n"
	"return 0\n";

static void add(void *sum, const void *what)
{
	uint64_t *count = sum;

	*count += *(const uint64_t *)what;
}

static struct parts cut(struct slice key)
{
	struct parts p = { .day = slice_of("") };

	slice_cut(&key, '\0', &p.day);
	slice_cut(&key, '\0', &p.domain);
	slice_cut(&key, '\0', &p.row);
	p.record = key;
	return p;
}

static void name(struct sums_call *c, struct slice key, const void *sum)
{
	struct parts p = cut(key);
	struct buf b;

	(void)sum;
	buf_init(&b, NAME_MAX_LEN);
	buf_add_format(&b, "dmarc:%.*s:domains", SLICE_ARG(p.day));
	sums_key(c, buf_slice(&b));
	buf_reset(&b);
	buf_add_format(&b, "dmarc:%.*s:of:%.*s", SLICE_ARG(p.day),
		SLICE_ARG(p.domain));
	sums_key(c, buf_slice(&b));
	buf_reset(&b);
	buf_add_format(&b, "dmarc:%.*s:more", SLICE_ARG(p.day));
	sums_key(c, buf_slice(&b));
	buf_reset(&b);
	buf_add_format(&b, "dmarc:%.*s:octets", SLICE_ARG(p.day));
	sums_key(c, buf_slice(&b));
	buf_clear(&b);
}

static void common(struct sums_call *c, const struct conf *conf, int64_t now_ms)
{
	(void)now_ms;
	sums_number(c, conf->dmarc.keep_s);
	sums_number(c, conf->dmarc.rows_max);
	sums_number(c, conf->dmarc.domains_max);
	sums_number(c, (int64_t)conf->dmarc.rows_octets);
}

static void values(struct sums_call *c, struct slice key, const void *sum)
{
	const uint64_t *count = sum;
	struct parts p = cut(key);

	sums_text(c, p.domain);
	sums_text(c, p.row);
	sums_number(c, (int64_t)*count);
	sums_text(c, p.record);
}

static const struct sums_plan plan = {
	.script = add_text,
	.max = AGGREGATE_SUMS_MAX,
	.size = sizeof(uint64_t),
	.key_max = KEY_MAX,
	.batch = BATCH,
	.text_max = TEXT_MAX,
	.keys = KEYS,
	.add = add,
	.name = name,
	.common = common,
	.values = values,
};

enum result aggregate_open(struct aggregate **out, struct conf *conf,
	struct writer *writer, const struct clock *clock)
{
	struct aggregate *a = calloc(1, sizeof(*a));
	enum result res;

	*out = NULL;
	if (a == NULL)
		return RES_NOMEM;
	a->clock = clock;
	res = sums_open(&a->sums, &plan, conf, writer, clock);
	if (res != RES_OK) {
		free(a);
		return res;
	}
	*out = a;
	return RES_OK;
}

void aggregate_close(struct aggregate *a)
{
	if (a == NULL)
		return;
	sums_close(a->sums);
	free(a);
}

/* A record that is too long loses its last tags: it is what is reported as
 * published, and whom to send to if DNS cannot say. */
static struct slice clip(struct slice record)
{
	struct slice kept;

	if (record.len <= AGGREGATE_RECORD_MAX)
		return record;
	kept = slice_part(record, 0, AGGREGATE_RECORD_MAX);
	return slice_part(kept, 0, slice_find_last(kept, ';'));
}

void aggregate_add(struct aggregate *a, const struct conf *conf,
	const char *domain, struct slice record, struct slice row)
{
	const uint64_t one = 1;
	char day[SUMS_DAY_MAX];
	struct buf key;

	if (!conf->dmarc.rows || slice_is_empty(row) ||
		row.len > AGGREGATE_ROW_MAX)
		return;
	buf_init(&key, KEY_MAX);
	buf_add_text(&key, sums_day(clock_wall_ms(a->clock), day));
	buf_add_char(&key, '\0');
	buf_add_text(&key, domain);
	buf_add_char(&key, '\0');
	buf_add(&key, row);
	buf_add_char(&key, '\0');
	buf_add(&key, clip(record));
	if (buf_result(&key) == RES_OK)
		sums_add(a->sums, buf_slice(&key), &one);
	buf_clear(&key);
}

void aggregate_flush(struct aggregate *a, const struct conf *conf)
{
	sums_flush(a->sums, conf);
}

void aggregate_count(struct aggregate *a, struct sums_counts *out)
{
	sums_count(a->sums, out);
}
