/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/spent.h"

#include "support/case.h"

static int64_t until(struct spent *s, const char *key, int64_t now_ms)
{
	int64_t until_s = 0;

	return spent_find(s, slice_of(key), now_ms, &until_s) ? until_s : 0;
}

static void a_limit_is_used_up_until_its_end(void **state)
{
	struct spent *s = spent_new(10);

	(void)state;
	assert_non_null(s);
	spent_note(s, slice_of("a"), 1000, 77);
	assert_int_equal(until(s, "a", 999), 77);
	assert_int_equal(until(s, "b", 999), 0);
	assert_int_equal(until(s, "a", 1000), 0);
	/* And is forgotten then. */
	assert_int_equal(spent_count(s), 0);
	spent_free(s);
}

static void what_is_told_last_counts(void **state)
{
	struct spent *s = spent_new(10);

	(void)state;
	assert_non_null(s);
	spent_note(s, slice_of("a"), 1000, 77);
	spent_note(s, slice_of("a"), 2000, 78);
	assert_int_equal(until(s, "a", 1500), 78);
	assert_int_equal(spent_count(s), 1);
	spent_free(s);
}

static void there_is_room_for_so_many_and_the_oldest_goes(void **state)
{
	struct spent *s = spent_new(2);

	(void)state;
	assert_non_null(s);
	spent_note(s, slice_of("a"), 1000, 1);
	spent_note(s, slice_of("b"), 1000, 2);
	assert_int_equal(until(s, "a", 1), 1);
	spent_note(s, slice_of("c"), 1000, 3);
	assert_int_equal(spent_count(s), 2);
	assert_int_equal(until(s, "b", 1), 0);
	assert_int_equal(until(s, "a", 1), 1);
	assert_int_equal(until(s, "c", 1), 3);
	spent_free(s);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(a_limit_is_used_up_until_its_end),
		cmocka_unit_test(what_is_told_last_counts),
		cmocka_unit_test(there_is_room_for_so_many_and_the_oldest_goes),
	};

	return cmocka_run_group_tests_name("store/spent", cases, NULL, NULL);
}
