/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/tally.h"

#include "support/case.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 5000, CASES = 50 };

struct seen {
	uint64_t sum;
	size_t cases;
	int64_t last_ms;
};

static void see(void *ctx, const struct tally_sum *s)
{
	struct seen *seen = ctx;

	seen->sum += s->count;
	seen->cases++;
	seen->last_ms = s->last_ms;
}

static struct tally_sum one(unsigned number, int64_t last_ms)
{
	struct tally_sum s = {
		.code = "BLOCKED_SELF", .action = "reject", .last_ms = last_ms
	};

	snprintf(s.ref, sizeof(s.ref), "%017u", number);
	return s;
}

static void adds_up(void **state)
{
	struct tally *t = tally_new();
	struct tally_sum first = one(1, 10), again = one(1, 30);
	struct seen seen = { 0 };

	(void)state;
	assert_true(tally_add(t, &first));
	assert_true(tally_add(t, &again));
	tally_take(t, see, &seen);
	assert_int_equal(seen.cases, 1);
	assert_int_equal(seen.sum, 2);
	assert_int_equal(seen.last_ms, 30);
	tally_take(t, see, &seen);
	assert_int_equal(seen.sum, 2);
	tally_free(t);
}

static void is_bounded(void **state)
{
	struct tally *t = tally_new();
	struct tally_sum s;
	struct seen seen = { 0 };

	(void)state;
	for (unsigned i = 0; i < TALLY_MAX; i++) {
		s = one(i, 1);
		assert_true(tally_add(t, &s));
	}
	s = one(TALLY_MAX, 1);
	assert_false(tally_add(t, &s));
	s = one(0, 1);
	assert_true(tally_add(t, &s));
	tally_take(t, see, &seen);
	assert_int_equal(seen.cases, TALLY_MAX);
	assert_int_equal(seen.sum, TALLY_MAX + 1);
	s = one(TALLY_MAX, 1);
	assert_true(tally_add(t, &s));
	tally_free(t);
}

static void *add_many(void *ctx)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct tally_sum s = one(i % CASES, 1);

		(void)tally_add(ctx, &s);
	}
	return NULL;
}

static void loses_none_between_threads(void **state)
{
	struct tally *t = tally_new();
	struct seen seen = { 0 };
	pthread_t thread[THREADS];

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, add_many, t), 0);
	for (size_t i = 0; i < 100; i++)
		tally_take(t, see, &seen);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	tally_take(t, see, &seen);
	assert_int_equal(seen.sum, THREADS * ROUNDS);
	tally_free(t);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("refusals of one case add up until taken", adds_up, NULL),
		CASE("no more cases than the bound", is_bounded, NULL),
		CASE("no refusal is lost between threads",
			loses_none_between_threads, NULL),
	};

	return cmocka_run_group_tests_name("store/tally", cases, NULL, NULL);
}
