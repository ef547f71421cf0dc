/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of complaints (store/report.h). */
#include "store/reportcore.h"

#include "base/table.h"
#include "conf/conf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SUBJECTS_MAX = 200000,
	DAYS_MAX = COMPLAINT_KEEP_S / REPORT_DAY_S + 1,
	SCORE_MAX = 32,
	SUBJECT_LEN_MAX = 512
};

struct sum {
	uint64_t count;
	size_t len;
	char subject[];
};

/* Every subject once, in the order of coming. */
struct sums {
	struct table *table;
	struct sum **list;
	size_t count;
};

static enum result add(struct sums *s, struct slice subject, uint64_t count)
{
	struct sum *sum = table_find(s->table, subject);

	if (sum != NULL) {
		sum->count += count;
		return RES_OK;
	}
	if (s->count >= SUBJECTS_MAX || subject.len > SUBJECT_LEN_MAX)
		return RES_OK;
	sum = malloc(sizeof(*sum) + subject.len);
	if (sum == NULL)
		return RES_NOMEM;
	sum->count = count;
	sum->len = subject.len;
	memcpy(sum->subject, subject.at, subject.len);
	s->list[s->count++] = sum;
	return table_put(s->table, subject, sum);
}

static enum result read_day(
	struct redis *r, const struct conf *conf, int64_t at_ms, struct sums *s)
{
	struct script_call key = { .count = 0 };
	char day[REPORT_DAY_MAX];
	struct redis_reply reply;
	enum result res;

	report_key(&key, conf, "complaint:day:", report_day(at_ms, day));
	const struct slice argv[] = { slice_of("HGETALL"), key.argv[0] };

	res = redis_command(r, argv, 2, &reply);
	if (res == RES_OK && reply.type == REDIS_ERROR)
		res = redis_error_kind(reply.text);
	for (size_t i = 0; res == RES_OK && i + 1 < reply.count; i += 2) {
		uint64_t count;

		if (slice_parse_u64(redis_element(&reply, i + 1).text, 0,
			    UINT32_MAX, &count) == RES_OK)
			res = add(s, redis_element(&reply, i).text, count);
	}
	return res;
}

static int compare(const void *a, const void *b)
{
	const struct sum *x = *(struct sum *const *)a;
	const struct sum *y = *(struct sum *const *)b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	order = memcmp(x->subject, y->subject, len);
	if (order != 0 || x->len == y->len)
		return order;
	return x->len < y->len ? -1 : 1;
}

static void clear(struct sums *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->list[i]);
	free(s->list);
	table_free(s->table);
}

enum result complaint_list(struct redis *r, const struct conf *conf,
	int64_t now_ms, unsigned days, size_t most,
	void (*each)(void *ctx, const struct complaint *c), void *ctx)
{
	struct sums s = { .table = table_new(SUBJECTS_MAX, NULL),
		.list = calloc(SUBJECTS_MAX, sizeof(struct sum *)) };
	enum result res =
		s.table == NULL || s.list == NULL ? RES_NOMEM : RES_OK;

	for (unsigned i = 0; res == RES_OK && i < days && i < DAYS_MAX; i++)
		res = read_day(r, conf,
			now_ms - (int64_t)i * REPORT_DAY_S * REPORT_MS, &s);
	if (res == RES_OK && s.count > 0)
		qsort(s.list, s.count, sizeof(struct sum *), compare);
	for (size_t i = 0; res == RES_OK && i < s.count && i < most; i++) {
		const struct complaint c = { .subject = slice_make(
						     s.list[i]->subject,
						     s.list[i]->len),
			.count = s.list[i]->count };

		each(ctx, &c);
	}
	clear(&s);
	return res;
}

enum result complaint_user(struct redis *r, const struct conf *conf,
	const char *account, int64_t now_ms, unsigned *reporters)
{
	struct script_call key = { .count = 0 };
	char after[SCORE_MAX];
	struct redis_reply reply;
	enum result res;

	report_key(&key, conf, "complaint:user:", account);
	snprintf(after, sizeof(after), "(%" PRId64,
		now_ms - (int64_t)conf->reports.window_s * REPORT_MS);
	const struct slice argv[] = { slice_of("ZCOUNT"), key.argv[0],
		slice_of(after), slice_of("+inf") };

	res = redis_command(r, argv, 4, &reply);
	if (res == RES_OK && reply.type == REDIS_ERROR)
		res = redis_error_kind(reply.text);
	if (res == RES_OK)
		*reporters = reply.number > 0 && reply.number < UINT32_MAX
			? (unsigned)reply.number
			: 0;
	return res;
}

/* ---- what came of them ---- */

/* "junk:counted" and its number; what is none of ours is passed over. */
static void take_count(
	struct report_counts *out, struct slice field, struct slice text)
{
	size_t at = slice_find(field, ':');
	struct slice word = slice_part(field, at + 1, field.len);
	enum report_kind kind;
	enum report_effect effect;
	uint64_t count;

	if (slice_parse_u64(text, 0, INT64_MAX, &count) != RES_OK)
		return;
	if (slice_is_equal(field, slice_of("listing:listed")))
		out->listed = count;
	else if (slice_is_equal(field, slice_of("listing:would")))
		out->would = count;
	else if (report_kind_parse(slice_part(field, 0, at), &kind) &&
		report_effect_parse(word, &effect))
		out->of[kind][effect] = count;
}

/* KEYS: counts, train. */
static const char count_text[] = "local out = redis.call('HGETALL', KEYS[1])\n"
				 "out[#out + 1] = 'waiting'\n"
				 "out[#out + 1] = tostring(\n"
				 "  redis.call('ZCARD', KEYS[2]))\n"
				 "return out\n";

enum result report_count(
	struct redis *r, const struct conf *conf, struct report_counts *out)
{
	struct script_call call = { .count = 0 };
	struct redis_reply reply;
	enum result res;

	*out = (struct report_counts){ .listed = 0 };
	report_key(&call, conf, "report:count", "");
	report_key(&call, conf, "report:train", "");
	res = script_run(r, count_text, &call, &reply);
	if (res != RES_OK)
		return res;
	for (size_t i = 0; i + 1 < reply.count; i += 2) {
		struct slice name = redis_element(&reply, i).text;
		struct slice text = redis_element(&reply, i + 1).text;

		if (!slice_is_equal(name, slice_of("waiting")) ||
			slice_parse_u64(text, 0, INT64_MAX, &out->waiting) !=
				RES_OK)
			take_count(out, name, text);
	}
	return RES_OK;
}
