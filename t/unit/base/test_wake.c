/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/wake.h"

#include "support/case.h"

#include <errno.h>

static int64_t ns_of(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct timespec now(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return t;
}

static void test_is_that_long(void **state)
{
	static const int64_t waits_ms[] = { 0, 1, 999, 1000, 1001, 86400999 };

	(void)state;
	for (size_t i = 0; i < sizeof(waits_ms) / sizeof(waits_ms[0]); i++) {
		const int64_t wait_ns = waits_ms[i] * 1000000;
		const int64_t before = ns_of(now());
		const struct timespec at = wake_in(waits_ms[i]);

		assert_in_range(at.tv_nsec, 0, 999999999);
		assert_true(ns_of(at) >= before + wait_ns);
		assert_true(ns_of(at) <= ns_of(now()) + wait_ns);
	}
}

/* One that went by the wall clock would have ended it in 1970. */
static void test_goes_by_that_clock(void **state)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t cond;
	struct timespec at = wake_in(20);
	int code = 0;

	(void)state;
	wake_init(&cond);
	pthread_mutex_lock(&lock);
	while (code == 0)
		code = pthread_cond_timedwait(&cond, &lock, &at);
	pthread_mutex_unlock(&lock);
	assert_int_equal(code, ETIMEDOUT);
	assert_true(ns_of(now()) >= ns_of(at));
	pthread_cond_destroy(&cond);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("the end of a wait is as far off as was said",
			test_is_that_long, NULL),
		CASE("a wait ends by the clock that its end was told in",
			test_goes_by_that_clock, NULL),
	};

	return cmocka_run_group_tests_name("base/wake", cases, NULL, NULL);
}
