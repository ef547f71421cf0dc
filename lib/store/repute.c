/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/repute.h"

#include "base/buf.h"
#include "conf/conf.h"
#include "store/ledgerlua.h"
#include "store/sums.h"

#include <stdlib.h>

enum {
	BATCH = 32, /* senders that one script counts */
	TEXT_MAX = 32768,
	KEY_MAX = 512,
	DAY_S = 86400,
	HALF_LIVES = 10,
	RAMP_REST_DAYS = 30,
	KEEP_DAYS_MAX = 400
};

struct sum {
	double good;
	double bad;
};

struct repute {
	struct sums *sums; /* by key without the prefix */
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

static void add(void *sum, const void *what)
{
	struct sum *s = sum;
	const struct sum *more = what;

	s->good += more->good;
	s->bad += more->bad;
}

static void add_common(
	struct sums_call *c, const struct conf *conf, int64_t now_ms)
{
	sums_number(c, now_ms * 1000);
	sums_number(c, (int64_t)conf->reputation.half_life_s * 1000);
	sums_number(c, repute_keep_s(conf) * 1000);
}

static void add_values(struct sums_call *c, struct slice key, const void *sum)
{
	const struct sum *s = sum;

	(void)key;
	sums_decimal(c, s->good);
	sums_decimal(c, s->bad);
}

static const struct sums_plan plan = {
	.script = repute_text,
	.max = REPUTE_SENDERS_MAX,
	.size = sizeof(struct sum),
	.key_max = KEY_MAX,
	.batch = BATCH,
	.text_max = TEXT_MAX,
	.keys = 1,
	.add = add,
	.common = add_common,
	.values = add_values,
};

enum result repute_open(struct repute **out, struct conf *conf,
	struct writer *writer, const struct clock *time)
{
	struct repute *r = calloc(1, sizeof(*r));
	enum result res;

	*out = NULL;
	if (r == NULL)
		return RES_NOMEM;
	res = sums_open(&r->sums, &plan, conf, writer, time);
	if (res != RES_OK) {
		free(r);
		return res;
	}
	*out = r;
	return RES_OK;
}

void repute_close(struct repute *r)
{
	if (r == NULL)
		return;
	sums_close(r->sums);
	free(r);
}

void repute_add(struct repute *r, enum ledger_limit kind, struct slice who,
	double good, double bad)
{
	const struct sum what = { good, bad };
	struct buf key;

	if (slice_is_empty(who))
		return;
	buf_init(&key, KEY_MAX);
	buf_add_text(&key, repute_key(kind));
	buf_add(&key, who);
	/* What did not fit has no key, and is dropped. */
	sums_add(r->sums,
		buf_result(&key) == RES_OK ? buf_slice(&key) : slice_of(""),
		&what);
	buf_clear(&key);
}

void repute_flush(struct repute *r, const struct conf *conf)
{
	sums_flush(r->sums, conf);
}

void repute_count(struct repute *r, struct repute_counts *out)
{
	struct sums_counts counts;

	sums_count(r->sums, &counts);
	*out = (struct repute_counts){ counts.waiting, counts.dropped };
}
