/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/sums.h"

#include "store/writer.h"
#include "support/case.h"
#include "support/ledger_rig.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAIT_MS = 20000, ROOM = 100, LONG = 40 };

/* "NAME NUL ROW": a hash of rows, and a set of their names. */
static const char script[] =
	"for i = 1, #KEYS / 2 do\n"
	"  redis.call('HINCRBY', KEYS[2 * i - 1], ARGV[2 * i], ARGV[2 * i + 1])"
	"\n"
	"  redis.call('SADD', KEYS[2 * i], KEYS[2 * i - 1])\n"
	"  redis.call('PEXPIREAT', KEYS[2 * i - 1], ARGV[1])\n"
	"  redis.call('PEXPIREAT', KEYS[2 * i], ARGV[1])\n"
	"end\n"
	"return 1\n";

static void add_number(void *sum, const void *what)
{
	uint32_t *n = sum;
	const uint32_t *more = what;

	*n += *more;
}

static void name(struct sums_call *c, struct slice key, const void *sum)
{
	(void)sum;
	sums_key(c, slice_part(key, 0, slice_find(key, '\0')));
	sums_key(c, slice_of("names"));
}

static void common(struct sums_call *c, const struct conf *conf, int64_t now_ms)
{
	(void)conf;
	sums_number(c, now_ms + 86400000);
}

static void values(struct sums_call *c, struct slice key, const void *sum)
{
	const uint32_t *n = sum;
	size_t at = slice_find(key, '\0');

	sums_text(c, slice_part(key, at + 1, key.len));
	sums_number(c, *n);
}

static const struct sums_plan plan = {
	.script = script,
	.max = ROOM,
	.size = sizeof(uint32_t),
	.key_max = LONG,
	.batch = 16,
	.text_max = 8192,
	.keys = 2,
	.add = add_number,
	.name = name,
	.common = common,
	.values = values,
};

struct world {
	struct ledger_rig rig;
	struct writer *writer;
	struct sums *sums;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	ledger_rig_make(&w->rig, "", "");
	assert_int_equal(
		writer_open(&w->writer, w->rig.conf, clock_system()), RES_OK);
	assert_int_equal(writer_start(w->writer), RES_OK);
	assert_int_equal(sums_open(&w->sums, &plan, w->rig.conf, w->writer,
				 clock_system()),
		RES_OK);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	sums_close(w->sums);
	writer_close(w->writer);
	ledger_rig_remove(&w->rig);
	free(w);
	return 0;
}

static void flush(struct world *w, uint64_t written)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	int64_t end_ms = clock_mono_ms(clock_system()) + WAIT_MS;
	struct writer_counts counts;

	sums_flush(w->sums, w->rig.conf);
	do {
		nanosleep(&nap, NULL);
		writer_count(w->writer, &counts);
	} while (counts.written < written &&
		clock_mono_ms(clock_system()) < end_ms);
	assert_int_equal(counts.written, written);
	assert_int_equal(counts.failed, 0);
}

static void add(struct world *w, struct slice key, uint32_t n)
{
	sums_add(w->sums, key, &n);
}

static void rows_of_any_octets_are_summed_up_under_their_keys(void **state)
{
	struct world *w = *state;
	char got[64];

	add(w, slice_make("a\0x y", 5), 2);
	add(w, slice_make("a\0x y", 5), 3);
	add(w, slice_make("a\0z", 3), 1);
	add(w, slice_make("b\0z", 3), 4);
	flush(w, 1);
	assert_true(redis_server_do(w->rig.server,
		(const char *const[]){ "HGET", "rp:a", "x y", NULL }, got,
		sizeof(got)));
	assert_string_equal(got, "5");
	assert_true(redis_server_do(w->rig.server,
		(const char *const[]){ "HGET", "rp:b", "z", NULL }, got,
		sizeof(got)));
	assert_string_equal(got, "4");
	assert_true(redis_server_do(w->rig.server,
		(const char *const[]){ "SCARD", "rp:names", NULL }, got,
		sizeof(got)));
	assert_string_equal(got, "2");
	assert_int_equal(ledger_rig_endless(&w->rig), 0);
}

static void what_has_no_room_or_no_key_is_counted_as_lost(void **state)
{
	struct world *w = *state;
	char key[LONG + 2];
	struct sums_counts counts;

	memset(key, 'k', sizeof(key));
	add(w, slice_make(key, LONG), 1);
	add(w, slice_make(key, LONG + 1), 1);
	add(w, slice_of(""), 1);
	sums_count(w->sums, &counts);
	assert_int_equal(counts.waiting, 1);
	assert_int_equal(counts.dropped, 2);
	for (int i = 0; i < ROOM; i++) {
		snprintf(key, sizeof(key), "n%d", i);
		add(w, slice_of(key), 1);
	}
	sums_count(w->sums, &counts);
	assert_int_equal(counts.waiting, ROOM);
	assert_int_equal(counts.dropped, 3);
	flush(w, (ROOM + 15) / 16);
	sums_count(w->sums, &counts);
	assert_int_equal(counts.waiting, 0);
	add(w, slice_of("n0"), 1);
	sums_count(w->sums, &counts);
	assert_int_equal(counts.dropped, 3);
}

static void what_waits_at_the_end_is_written(void **state)
{
	struct world *w = *state;
	char got[64];

	add(w, slice_make("a\0z", 3), 7);
	sums_close(w->sums);
	w->sums = NULL;
	writer_close(w->writer);
	w->writer = NULL;
	assert_true(redis_server_do(w->rig.server,
		(const char *const[]){ "HGET", "rp:a", "z", NULL }, got,
		sizeof(got)));
	assert_string_equal(got, "7");
}

enum { THREADS = 4, ADDS = 5000 };

static void *add_many(void *ctx)
{
	struct world *w = ctx;

	for (int i = 0; i < ADDS; i++) {
		add(w, slice_make("a\0x", 3), 1);
		add(w, slice_make("a\0y", 3), 1);
	}
	return NULL;
}

static void nothing_is_lost_while_sessions_add_and_it_is_written(void **state)
{
	struct world *w = *state;
	pthread_t thread[THREADS];
	char got[64];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, add_many, w), 0);
	for (int i = 0; i < 50; i++)
		sums_flush(w->sums, w->rig.conf);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	sums_close(w->sums);
	w->sums = NULL;
	writer_close(w->writer);
	w->writer = NULL;
	for (const char *row = "xy"; *row != '\0'; row++) {
		const char field[] = { *row, '\0' };

		assert_true(redis_server_do(w->rig.server,
			(const char *const[]){ "HGET", "rp:a", field, NULL },
			got, sizeof(got)));
		assert_string_equal(got, "20000");
	}
}

static void days_are_those_of_utc(void **state)
{
	char day[SUMS_DAY_MAX];

	(void)state;
	assert_string_equal(sums_day(0, day), "19700101");
	assert_string_equal(sums_day(1769903999999, day), "20260131");
	assert_string_equal(sums_day(1769904000000, day), "20260201");
}

#define WITH_REDIS(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		WITH_REDIS(rows_of_any_octets_are_summed_up_under_their_keys),
		WITH_REDIS(what_has_no_room_or_no_key_is_counted_as_lost),
		WITH_REDIS(what_waits_at_the_end_is_written),
		WITH_REDIS(
			nothing_is_lost_while_sessions_add_and_it_is_written),
		cmocka_unit_test(days_are_those_of_utc),
	};

	return cmocka_run_group_tests_name("store/sums", cases, NULL, NULL);
}
