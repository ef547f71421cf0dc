/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/limit.h"

#include "support/case.h"
#include "unit/store/desk.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { HOUR_S = 3600, THREADS = 8, TAKES = 25, MOST = 60 };

static int set_up(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	desk_make(d, NULL);
	/* The beginning of an hour. */
	d->now_ms -= d->now_ms % (HOUR_S * 1000);
	*state = d;
	return 0;
}

static int tear_down(void **state)
{
	desk_remove(*state);
	free(*state);
	return 0;
}

static int empty(void **state)
{
	const struct desk *d = *state;

	return REDIS_DO(d->server, "FLUSHALL") ? 0 : -1;
}

static struct limit an_hour(const char *who, unsigned most)
{
	return (struct limit){ "test-client", slice_of(who), most, HOUR_S };
}

/* 0: taken; otherwise the seconds to wait. */
static int64_t take(struct desk *d, const struct limit *limit)
{
	size_t full = 77;
	int64_t wait_s = -1;

	desk_result(limit_take(d->redis, desk_prefix(d), d->now_ms, limit, 1,
			    &full, &wait_s),
		RES_OK);
	assert_true(full <= 1);
	assert_int_equal(full == 1, wait_s == 0);
	return wait_s;
}

static unsigned used(struct desk *d, const struct limit *limit)
{
	unsigned n = 77;

	desk_result(limit_read(d->redis, desk_prefix(d), d->now_ms, limit, &n),
		RES_OK);
	return n;
}

static void as_many_as_allowed_pass_and_no_more(void **state)
{
	struct desk *d = *state;
	const struct limit limit = an_hour("192.0.2.7", 3);

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(used(d, &limit), i);
		assert_int_equal(take(d, &limit), 0);
	}
	assert_int_not_equal(take(d, &limit), 0);
	assert_int_equal(used(d, &limit), 3);
}

static void others_are_counted_apart(void **state)
{
	struct desk *d = *state;
	const struct limit one = an_hour("192.0.2.7", 1);
	const struct limit two = an_hour("2001:db8::/64", 1);
	struct limit three = an_hour("192.0.2.7", 1);

	three.name = "test-other";
	assert_int_equal(take(d, &one), 0);
	assert_int_equal(take(d, &two), 0);
	assert_int_equal(take(d, &three), 0);
	assert_int_not_equal(take(d, &one), 0);
}

/* What it says is when it is: not a millisecond too early for the promise. */
static void check_wait(struct desk *d, const struct limit *limit)
{
	int64_t wait_s = take(d, limit);

	assert_true(wait_s > 0 && wait_s <= 2 * HOUR_S);
	d->now_ms += (wait_s - 1) * 1000 - 1;
	assert_int_not_equal(take(d, limit), 0);
	d->now_ms += 1001;
	assert_int_equal(take(d, limit), 0);
}

static void who_waits_as_long_as_told_passes(void **state)
{
	struct desk *d = *state;
	const unsigned most[] = { 1, 2, 3, 5, 7, 100 };

	for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
		const struct limit limit = an_hour("192.0.2.7", most[i]);

		(void)empty(state);
		d->now_ms += 777777;
		for (unsigned n = 0; n < most[i]; n++)
			assert_int_equal(take(d, &limit), 0);
		check_wait(d, &limit);
		check_wait(d, &limit);
		check_wait(d, &limit);
	}
}

static void the_window_slides(void **state)
{
	struct desk *d = *state;
	const struct limit limit = an_hour("192.0.2.7", 4);

	d->now_ms -= d->now_ms % (HOUR_S * 1000);
	for (unsigned n = 0; n < 4; n++)
		assert_int_equal(take(d, &limit), 0);
	d->now_ms += HOUR_S * 1000;
	assert_int_equal(used(d, &limit), 4);
	assert_int_not_equal(take(d, &limit), 0);
	d->now_ms += HOUR_S * 1000 / 2;
	assert_int_equal(used(d, &limit), 2);
	d->now_ms += HOUR_S * 1000 / 2 - 1;
	assert_int_equal(used(d, &limit), 1);
	d->now_ms += 1;
	assert_int_equal(used(d, &limit), 0);
}

static void a_clock_set_back_does_not_open_the_gate(void **state)
{
	struct desk *d = *state;
	const struct limit limit = an_hour("192.0.2.7", 2);

	d->now_ms -= d->now_ms % (HOUR_S * 1000) - 5000;
	assert_int_equal(take(d, &limit), 0);
	assert_int_equal(take(d, &limit), 0);
	d->now_ms -= 4000;
	assert_int_not_equal(take(d, &limit), 0);
	d->now_ms += 4000;
}

static void several_are_taken_all_or_none(void **state)
{
	struct desk *d = *state;
	const struct limit limits[] = { an_hour("a", 5), an_hour("b", 1),
		an_hour("c", 5) };
	size_t full = 77;
	int64_t wait_s = -1;

	desk_result(limit_take(d->redis, desk_prefix(d), d->now_ms, limits, 3,
			    &full, &wait_s),
		RES_OK);
	assert_int_equal(full, 3);
	assert_int_equal(wait_s, 0);
	desk_result(limit_take(d->redis, desk_prefix(d), d->now_ms, limits, 3,
			    &full, &wait_s),
		RES_OK);
	assert_int_equal(full, 1);
	assert_true(wait_s > 0);
	assert_int_equal(used(d, &limits[0]), 1);
	assert_int_equal(used(d, &limits[1]), 1);
	assert_int_equal(used(d, &limits[2]), 1);
}

static void more_limits_than_there_is_room_for_are_refused(void **state)
{
	struct desk *d = *state;
	struct limit limits[LIMIT_MAX + 1];
	size_t full = 77;
	int64_t wait_s = -1;

	for (size_t i = 0; i <= LIMIT_MAX; i++)
		limits[i] = an_hour("a", 100);
	desk_result(limit_take(d->redis, desk_prefix(d), d->now_ms, limits,
			    LIMIT_MAX, &full, &wait_s),
		RES_OK);
	assert_int_equal(full, LIMIT_MAX);
	desk_result(limit_take(d->redis, desk_prefix(d), d->now_ms, limits,
			    LIMIT_MAX + 1, &full, &wait_s),
		RES_TOOBIG);
}

static void a_name_too_long_for_a_key_is_not_cut(void **state)
{
	static char text[700];
	struct desk *d = *state;
	struct limit limit = an_hour("", 1);
	size_t full = 77;
	int64_t wait_s = -1;

	limit.who = slice_make(text, sizeof(text));
	desk_result(limit_take(d->redis, desk_prefix(d), d->now_ms, &limit, 1,
			    &full, &wait_s),
		RES_TOOBIG);
}

static void a_window_of_nothing_is_no_limit(void **state)
{
	struct desk *d = *state;
	const struct limit limit = { "test-none", slice_of("x"), 0, 0 };

	assert_int_equal(take(d, &limit), 0);
	assert_int_equal(used(d, &limit), 0);
	DESK_WANTS(d, "0", "DBSIZE");
}

static void counters_do_not_stay(void **state)
{
	struct desk *d = *state;
	const struct limit limit = an_hour("192.0.2.7", 3);
	char key[DESK_TEXT_MAX], life[DESK_TEXT_MAX];

	assert_int_equal(take(d, &limit), 0);
	DESK_WANTS(d, "1", "DBSIZE");
	DESK_ASK(d, key, "RANDOMKEY");
	assert_in_range(strtol(DESK_ASK(d, life, "TTL", key), NULL, 10), HOUR_S,
		2 * HOUR_S);
}

struct crowd {
	struct desk *d;
	atomic_uint taken;
	atomic_uint faults;
};

/* No assertion here: cmocka's end the thread of the test only. */
static void *press(void *arg)
{
	const struct limit limit = an_hour("crowd", MOST);
	const struct redis_login login = { .timeout_ms = DESK_WAIT_MS };
	struct crowd *c = arg;
	struct redis *r = NULL;

	if (redis_open(&r, &c->d->conf->redis.servers[0], &login, NULL) !=
		RES_OK) {
		c->faults++;
		return NULL;
	}
	for (int i = 0; i < TAKES; i++) {
		size_t full = 77;
		int64_t wait_s;

		if (limit_take(r, desk_prefix(c->d), c->d->now_ms, &limit, 1,
			    &full, &wait_s) != RES_OK)
			c->faults++;
		else if (full == 1)
			c->taken++;
	}
	redis_close(r);
	return NULL;
}

static void a_crowd_gets_no_more_than_one_visitor(void **state)
{
	struct crowd c = { .d = *state };
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, press, &c), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(c.faults, 0);
	assert_int_equal(c.taken, MOST);
}

static void without_redis_nobody_is_let_through_unseen(void **state)
{
	struct desk *d = *state;
	const struct limit limit = an_hour("192.0.2.7", 1);
	size_t full = 77;
	int64_t wait_s = -1;
	unsigned n;

	redis_server_kill(d->server);
	desk_result(limit_take(d->redis, desk_prefix(d), d->now_ms, &limit, 1,
			    &full, &wait_s),
		RES_DOWN);
	desk_result(limit_read(d->redis, desk_prefix(d), d->now_ms, &limit, &n),
		RES_DOWN);
	assert_int_equal(full, 77);
	assert_true(redis_server_restart(d->server));
	desk_redial(d, DESK_WAIT_MS);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test_setup(
			as_many_as_allowed_pass_and_no_more, empty),
		cmocka_unit_test_setup(others_are_counted_apart, empty),
		cmocka_unit_test_setup(who_waits_as_long_as_told_passes, empty),
		cmocka_unit_test_setup(the_window_slides, empty),
		cmocka_unit_test_setup(
			a_clock_set_back_does_not_open_the_gate, empty),
		cmocka_unit_test_setup(several_are_taken_all_or_none, empty),
		cmocka_unit_test_setup(
			more_limits_than_there_is_room_for_are_refused, empty),
		cmocka_unit_test_setup(
			a_name_too_long_for_a_key_is_not_cut, empty),
		cmocka_unit_test_setup(a_window_of_nothing_is_no_limit, empty),
		cmocka_unit_test_setup(counters_do_not_stay, empty),
		cmocka_unit_test_setup(
			a_crowd_gets_no_more_than_one_visitor, empty),
		cmocka_unit_test_setup(
			without_redis_nobody_is_let_through_unseen, empty),
	};

	return cmocka_run_group_tests_name(
		"store/limit", cases, set_up, tear_down);
}
