/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"

#include "support/case.h"

struct row {
	int64_t wall_ms;
	const char *want;
};

static void formats(void **state)
{
	const struct row *row = *state;
	char text[CLOCK_TEXT_MAX];

	assert_string_equal(clock_format_utc(row->wall_ms, text), row->want);
}

static void waits_forward(void **state)
{
	const struct clock *c = clock_system();
	int64_t before = clock_mono_ms(c);
	int64_t deadline = clock_wall_ms(c) + 5000;

	(void)state;
	while (clock_mono_ms(c) == before)
		assert_true(clock_wall_ms(c) < deadline);
	assert_true(clock_mono_ms(c) > before);
}

static void wall_time_is_of_this_century(void **state)
{
	int64_t now = clock_wall_ms(clock_system());

	(void)state;
	assert_true(now > INT64_C(1700000000000));
	assert_true(now < INT64_C(4102444800000));
}

static int64_t stopped(void *ctx)
{
	return *(const int64_t *)ctx;
}

static void a_test_can_hold_it_still(void **state)
{
	int64_t now = 42;
	const struct clock c = { stopped, stopped, &now };

	(void)state;
	assert_int_equal(clock_mono_ms(&c), 42);
	now = 43;
	assert_int_equal(clock_wall_ms(&c), 43);
}

#define FORMAT(text, ms, want) \
	CASE(text, formats, (&(struct row){ INT64_C(ms), want }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		FORMAT("the epoch is written", 0, "1970-01-01T00:00:00Z"),
		FORMAT("milliseconds are cut", 1795380812999,
			"2026-11-22T20:53:32Z"),
		FORMAT("before the epoch is rounded down", -1,
			"1969-12-31T23:59:59Z"),
		FORMAT("a leap day is written", 1709164800000,
			"2024-02-29T00:00:00Z"),
		FORMAT("the last second of four digits is written",
			253402300799999, "9999-12-31T23:59:59Z"),
		FORMAT("a year of five digits is not", 253402300800000, "-"),
		FORMAT("no calendar has the greatest time", 9223372036854775807,
			"-"),
		CASE("waiting goes forward", waits_forward, NULL),
		CASE("wall time is of this century",
			wall_time_is_of_this_century, NULL),
		CASE("a test can hold it still", a_test_can_hold_it_still,
			NULL),
	};

	return cmocka_run_group_tests_name("base/clock", cases, NULL, NULL);
}
