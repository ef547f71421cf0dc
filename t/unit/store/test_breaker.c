/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/breaker.h"

#include "support/case.h"

static void misses(struct breaker *b, unsigned count, int64_t now_ms)
{
	while (count-- > 0) {
		assert_true(breaker_allows(b, now_ms));
		breaker_report(b, false, now_ms);
	}
}

static void opens_after_misses_in_a_row(void **state)
{
	struct breaker b;

	(void)state;
	breaker_init(&b, 3, 1000);
	misses(&b, 2, 5);
	breaker_report(&b, true, 5);
	misses(&b, 2, 6);
	assert_false(breaker_is_open(&b));
	misses(&b, 1, 7);
	assert_true(breaker_is_open(&b));
	assert_false(breaker_allows(&b, 7));
	breaker_clear(&b);
}

static void lets_one_probe_through_at_a_time(void **state)
{
	struct breaker b;

	(void)state;
	breaker_init(&b, 1, 1000);
	misses(&b, 1, 100);
	assert_false(breaker_allows(&b, 1099));
	assert_true(breaker_allows(&b, 1100));
	assert_false(breaker_allows(&b, 1100));
	breaker_report(&b, false, 1200);
	assert_false(breaker_allows(&b, 2099));
	assert_true(breaker_allows(&b, 2100));
	breaker_report(&b, true, 2150);
	assert_false(breaker_is_open(&b));
	assert_true(breaker_allows(&b, 2150));
	assert_true(breaker_allows(&b, 2150));
	breaker_clear(&b);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(opens_after_misses_in_a_row),
		cmocka_unit_test(lets_one_probe_through_at_a_time),
	};

	return cmocka_run_group_tests_name("store/breaker", cases, NULL, NULL);
}
