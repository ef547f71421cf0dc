/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/ledger.h"

#include "support/case.h"
#include "support/ledger_rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { HOUR_S = 3600, DAY_S = 86400, THREADS = 8, SENT = 25 };

static const char sections[] =
	"rate { address_hour = 8 burst = 4 network_hour = 100\n"
	"recipient_hour = 60 user_hour = 100\n"
	"ramp_first = 3 ramp_factor = 2.0 ramp_days = 4 }\n"
	"greylist { min_s = 60 window_s = 3600 keep_s = 86400 }\n"
	"reputation { half_life_s = 3600 min_messages = 4 }\n";

static int set_up(void **state)
{
	struct ledger_rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	ledger_rig_make(
		r, "breaker_failures = 3 breaker_probe_ms = 1000", sections);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	ledger_rig_remove(*state);
	free(*state);
	return 0;
}

static void wants(enum result got, enum result want)
{
	assert_string_equal(result_name(got), result_name(want));
}

/* One message of that client; 0: there was room, else seconds to wait. */
static int64_t send(struct ledger_rig *r, struct ledger *l, const char *address)
{
	struct ledger_question q = { .take = 1 };

	ledger_add_limit(&q, r->conf, LEDGER_ADDRESS, slice_of(address));
	wants(ledger_ask(l, r->conf, &q), RES_OK);
	return q.bucket[0].until_s == 0
		? 0
		: q.bucket[0].until_s - r->now_ms / 1000;
}

static enum ledger_grey knock(struct ledger_rig *r, struct ledger *l,
	const char *tuple, const char *who, int64_t *wait_s)
{
	struct ledger_question q = { .take = 1 };

	q.grey = (struct ledger_greylist){ true, slice_of(tuple), slice_of(who),
		-1, LEDGER_GREY_NONE, 0 };
	wants(ledger_ask(l, r->conf, &q), RES_OK);
	*wait_s = q.grey.until_s == 0 ? 0 : q.grey.until_s - r->now_ms / 1000;
	return q.grey.answer;
}

static void who_sends_no_more_than_the_limit_passes(void **state)
{
	struct ledger_rig *r = *state;

	/* 8 an hour, a fourth of it at once. */
	assert_int_equal(send(r, r->one, "192.0.2.1"), 0);
	assert_int_equal(send(r, r->one, "192.0.2.1"), 0);
	assert_int_equal(send(r, r->one, "192.0.2.1"), HOUR_S / 8);
	for (int i = 0; i < 20; i++) {
		ledger_rig_sleep(r, HOUR_S / 8);
		assert_int_equal(send(r, r->one, "192.0.2.1"), 0);
	}
}

static void who_waits_as_long_as_told_passes(void **state)
{
	struct ledger_rig *r = *state;

	(void)send(r, r->one, "192.0.2.1");
	(void)send(r, r->one, "192.0.2.1");
	ledger_rig_sleep(r, 100);
	assert_int_equal(send(r, r->one, "192.0.2.1"), HOUR_S / 8 - 100);
	ledger_rig_sleep(r, HOUR_S / 8 - 101);
	assert_int_equal(send(r, r->one, "192.0.2.1"), 1);
	ledger_rig_sleep(r, 1);
	assert_int_equal(send(r, r->one, "192.0.2.1"), 0);
}

static void two_milters_count_as_one(void **state)
{
	struct ledger_rig *r = *state;

	assert_int_equal(send(r, r->one, "192.0.2.1"), 0);
	assert_int_equal(send(r, r->two, "192.0.2.1"), 0);
	assert_int_not_equal(send(r, r->one, "192.0.2.1"), 0);
	assert_int_not_equal(send(r, r->two, "192.0.2.1"), 0);
	assert_int_equal(send(r, r->two, "192.0.2.2"), 0);
}

static void a_limit_that_is_full_takes_from_no_other(void **state)
{
	struct ledger_rig *r = *state;
	long before;

	(void)send(r, r->one, "192.0.2.1");
	(void)send(r, r->one, "192.0.2.1");
	before = ledger_rig_keys(r);
	for (int i = 0; i < 3; i++) {
		struct ledger_question q = { .take = 1 };

		ledger_add_limit(
			&q, r->conf, LEDGER_ADDRESS, slice_of("192.0.2.1"));
		ledger_add_limit(
			&q, r->conf, LEDGER_RECIPIENT, slice_of("00ff"));
		wants(ledger_ask(r->one, r->conf, &q), RES_OK);
		assert_int_not_equal(q.bucket[0].until_s, 0);
		assert_int_equal(q.bucket[1].until_s, 0);
	}
	assert_int_equal(ledger_rig_keys(r), before);
}

static void many_recipients_at_once_are_owed(void **state)
{
	struct ledger_rig *r = *state;
	struct ledger_question q = { .take = 50 };
	int64_t until_s;

	/* 100 an hour, 25 at once: 50 would never fit, and wait for twice the
	 * time then. */
	ledger_add_limit(&q, r->conf, LEDGER_USER, slice_of("joe"));
	wants(ledger_ask(r->one, r->conf, &q), RES_OK);
	assert_int_equal(q.bucket[0].until_s, 0);
	q.take = 1;
	wants(ledger_ask(r->one, r->conf, &q), RES_OK);
	assert_int_equal(
		q.bucket[0].until_s - r->now_ms / 1000, HOUR_S * 26 / 100);
	assert_true(ledger_is_spent(
		r->one, LEDGER_USER, slice_of("joe"), &until_s));
}

static void who_waits_for_room_for_many_has_room_for_one(void **state)
{
	struct ledger_rig *r = *state;
	struct ledger_question q = { .take = 20 };
	int64_t until_s;

	ledger_add_limit(&q, r->conf, LEDGER_USER, slice_of("joe"));
	wants(ledger_ask(r->one, r->conf, &q), RES_OK);
	wants(ledger_ask(r->one, r->conf, &q), RES_OK);
	assert_int_not_equal(q.bucket[0].until_s, 0);
	assert_false(ledger_is_spent(
		r->one, LEDGER_USER, slice_of("joe"), &until_s));
	q.take = 5;
	q.bucket[0].until_s = 0;
	wants(ledger_ask(r->one, r->conf, &q), RES_OK);
	assert_int_equal(q.bucket[0].until_s, 0);
}

static void what_is_used_up_is_known_without_redis(void **state)
{
	struct ledger_rig *r = *state;
	struct ledger_counts counts;
	int64_t until_s = 0;
	int64_t wait_s;
	long calls;

	assert_false(ledger_is_spent(
		r->one, LEDGER_ADDRESS, slice_of("192.0.2.1"), &until_s));
	(void)send(r, r->one, "192.0.2.1");
	(void)send(r, r->one, "192.0.2.1");
	wait_s = send(r, r->one, "192.0.2.1");
	calls = ledger_rig_calls(r);
	assert_true(ledger_is_spent(
		r->one, LEDGER_ADDRESS, slice_of("192.0.2.1"), &until_s));
	assert_int_equal(until_s - r->now_ms / 1000, wait_s);
	assert_false(ledger_is_spent(
		r->one, LEDGER_NETWORK, slice_of("192.0.2.1"), &until_s));
	assert_int_equal(ledger_rig_calls(r), calls);
	ledger_count(r->one, &counts);
	assert_int_equal(counts.spent, 1);
	ledger_rig_sleep(r, wait_s);
	assert_false(ledger_is_spent(
		r->one, LEDGER_ADDRESS, slice_of("192.0.2.1"), &until_s));
}

static void a_message_is_one_question(void **state)
{
	struct ledger_rig *r = *state;
	struct ledger_question q = { .take = 1 };
	char rcpt[50][16];
	struct ledger_counts counts;
	long before;

	(void)send(r, r->one, "198.51.100.1"); /* the connection is open */
	before = ledger_rig_calls(r);
	ledger_add_limit(&q, r->conf, LEDGER_ADDRESS, slice_of("192.0.2.1"));
	ledger_add_limit(&q, r->conf, LEDGER_NETWORK, slice_of("192.0.2.0/24"));
	for (int i = 0; i < 50; i++) {
		snprintf(rcpt[i], sizeof(rcpt[i]), "%d", i);
		ledger_add_limit(
			&q, r->conf, LEDGER_RECIPIENT, slice_of(rcpt[i]));
	}
	(void)ledger_add_record(&q, LEDGER_ADDRESS, slice_of("192.0.2.1"));
	(void)ledger_add_record(&q, LEDGER_NETWORK, slice_of("192.0.2.0/24"));
	(void)ledger_add_record(&q, LEDGER_DOMAIN, slice_of("example.org"));
	q.ramp.is_wanted = true;
	q.ramp.record = 2;
	q.grey = (struct ledger_greylist){ true, slice_of("00aa"),
		slice_of("192.0.2.0/24"), -1, LEDGER_GREY_NONE, 0 };
	wants(ledger_ask(r->one, r->conf, &q), RES_OK);
	assert_int_equal(q.grey.answer, LEDGER_GREY_FIRST);
	assert_int_equal(ledger_rig_calls(r), before + 1);
	ledger_count(r->one, &counts);
	assert_int_equal(counts.asked, 2);
	assert_int_equal(ledger_rig_endless(r), 0);
	/* Of each bucket, the ramp, its record, the first contact. */
	assert_int_equal(ledger_rig_keys(r), 1 + 52 + 1 + 1 + 1);
}

static void a_question_of_nothing_is_not_asked(void **state)
{
	struct ledger_rig *r = *state;
	struct ledger_question q = { .take = 1 };

	ledger_add_limit(&q, r->conf, LEDGER_DOMAIN, slice_of("example.org"));
	ledger_add_limit(&q, r->conf, LEDGER_ADDRESS, slice_of(""));
	assert_int_equal(q.bucket_count, 0);
	wants(ledger_ask(r->one, r->conf, &q), RES_OK);
	assert_int_equal(ledger_rig_calls(r), 0);
}

static void a_first_contact_passes_when_it_comes_back(void **state)
{
	struct ledger_rig *r = *state;
	const char *net = "192.0.2.0/24";
	int64_t wait_s;

	assert_int_equal(
		knock(r, r->one, "aa", net, &wait_s), LEDGER_GREY_FIRST);
	assert_int_equal(wait_s, 60);
	ledger_rig_sleep(r, 20);
	assert_int_equal(
		knock(r, r->two, "aa", net, &wait_s), LEDGER_GREY_EARLY);
	assert_int_equal(wait_s, 40);
	ledger_rig_sleep(r, 40);
	assert_int_equal(
		knock(r, r->two, "aa", net, &wait_s), LEDGER_GREY_PASSED);
	assert_int_equal(wait_s, 0);
	/* From now on for everything, at every milter. */
	assert_int_equal(
		knock(r, r->one, "bb", net, &wait_s), LEDGER_GREY_KNOWN);
	assert_int_equal(knock(r, r->one, "bb", "198.51.100.0/24", &wait_s),
		LEDGER_GREY_FIRST);
	assert_int_equal(ledger_rig_endless(r), 0);
}

static void who_comes_back_too_late_begins_anew(void **state)
{
	struct ledger_rig *r = *state;
	int64_t wait_s;

	(void)knock(r, r->one, "aa", "192.0.2.0/24", &wait_s);
	ledger_rig_sleep(r, HOUR_S + 1);
	assert_int_equal(knock(r, r->one, "aa", "192.0.2.0/24", &wait_s),
		LEDGER_GREY_FIRST);
	ledger_rig_sleep(r, 60);
	assert_int_equal(knock(r, r->one, "aa", "192.0.2.0/24", &wait_s),
		LEDGER_GREY_PASSED);
}

static void remember(
	struct ledger_rig *r, const char *domain, int good, int bad)
{
	char key[64], g[16], b[16], at[32];

	snprintf(key, sizeof(key), "rp:rep:domain:%s", domain);
	snprintf(g, sizeof(g), "%d", good);
	snprintf(b, sizeof(b), "%d", bad);
	snprintf(at, sizeof(at), "%lld", (long long)r->now_ms);
	assert_true(REDIS_DO(r->server, "HSET", key, "good", g, "bad", b, "at",
		at, "first", at));
	assert_true(REDIS_DO(r->server, "EXPIRE", key, "1000"));
}

static struct ledger_question ask_domain(
	struct ledger_rig *r, const char *domain)
{
	struct ledger_question q = { .take = 1 };
	int record =
		(int)ledger_add_record(&q, LEDGER_DOMAIN, slice_of(domain));

	q.grey = (struct ledger_greylist){ true, slice_of("aa"),
		slice_of(domain), record, LEDGER_GREY_NONE, 0 };
	wants(ledger_ask(r->one, r->conf, &q), RES_OK);
	return q;
}

static void who_has_proved_a_name_is_not_greylisted(void **state)
{
	struct ledger_rig *r = *state;

	assert_int_equal(
		ask_domain(r, "new.example").grey.answer, LEDGER_GREY_SKIPPED);
	remember(r, "good.example", 9, 1);
	assert_int_equal(
		ask_domain(r, "good.example").grey.answer, LEDGER_GREY_SKIPPED);
	assert_int_equal(ledger_rig_keys(r), 1);
}

static void a_bad_name_is_greylisted_at_all_its_addresses(void **state)
{
	struct ledger_rig *r = *state;
	struct ledger_question q;

	remember(r, "bad.example", 1, 9);
	q = ask_domain(r, "bad.example");
	assert_int_equal(q.grey.answer, LEDGER_GREY_FIRST);
	assert_true(q.record[0].bad > 8.99 && q.record[0].bad < 9.01);
	assert_true(q.record[0].good > 0.99 && q.record[0].good < 1.01);
	ledger_rig_sleep(r, 60);
	assert_int_equal(
		ask_domain(r, "bad.example").grey.answer, LEDGER_GREY_PASSED);
	assert_int_equal(
		ask_domain(r, "bad.example").grey.answer, LEDGER_GREY_KNOWN);
}

static void what_is_old_counts_less(void **state)
{
	struct ledger_rig *r = *state;
	struct ledger_question q;

	remember(r, "bad.example", 1, 9);
	ledger_rig_sleep(r, HOUR_S);
	q = ask_domain(r, "bad.example");
	assert_true(q.record[0].bad > 4.49 && q.record[0].bad < 4.51);
	/* Below min_messages nothing is known. */
	ledger_rig_sleep(r, HOUR_S);
	assert_int_equal(
		ask_domain(r, "bad.example").grey.answer, LEDGER_GREY_SKIPPED);
}

static struct ledger_ramp grow(struct ledger_rig *r)
{
	struct ledger_question q = { .take = 1 };

	q.ramp.record =
		ledger_add_record(&q, LEDGER_DOMAIN, slice_of("new.example"));
	q.ramp.is_wanted = true;
	wants(ledger_ask(r->one, r->conf, &q), RES_OK);
	return q.ramp;
}

static void a_new_sender_grows_along_the_curve(void **state)
{
	static const unsigned most[] = { 3, 6, 12, 24 };
	struct ledger_rig *r = *state;
	struct ledger_ramp ramp;

	for (unsigned day = 1; day <= 4; day++) {
		for (unsigned i = 0; i < most[day - 1]; i++) {
			ramp = grow(r);
			assert_int_equal(ramp.until_s, 0);
			assert_int_equal(ramp.day, day);
			assert_int_equal((int)ramp.most, most[day - 1]);
		}
		ledger_rig_sleep(r, 100);
		ramp = grow(r);
		assert_int_equal(ramp.until_s - r->now_ms / 1000, DAY_S - 100);
		ledger_rig_sleep(r, DAY_S - 100);
	}
	for (int i = 0; i < 100; i++) {
		ramp = grow(r);
		assert_int_equal(ramp.day, 0);
		assert_int_equal(ramp.until_s, 0);
	}
	assert_int_equal(ledger_rig_endless(r), 0);
}

struct crowd {
	struct ledger_rig *rig;
	struct ledger *ledger;
	atomic_uint *passed;
	atomic_uint *faults;
};

/* No assertion here: cmocka's end the thread of the test only. */
static void *press(void *arg)
{
	struct crowd *c = arg;

	for (int i = 0; i < SENT; i++) {
		struct ledger_question q = { .take = 1 };
		int64_t until_s;

		ledger_add_limit(&q, c->rig->conf, LEDGER_ADDRESS,
			slice_of("192.0.2.1"));
		if (ledger_ask(c->ledger, c->rig->conf, &q) != RES_OK)
			(*c->faults)++;
		else if (q.bucket[0].until_s == 0)
			(*c->passed)++;
		(void)ledger_is_spent(c->ledger, LEDGER_ADDRESS,
			slice_of("192.0.2.1"), &until_s);
	}
	return NULL;
}

static void a_crowd_gets_no_more_than_one_sender(void **state)
{
	struct ledger_rig *r = *state;
	atomic_uint passed = 0;
	atomic_uint faults = 0;
	struct crowd c[THREADS];
	pthread_t thread[THREADS];

	ledger_rig_reload(r, "rate { address_hour = 200 burst = 4 }");
	for (int i = 0; i < THREADS; i++) {
		c[i] = (struct crowd){ r, i % 2 == 0 ? r->one : r->two, &passed,
			&faults };
		assert_int_equal(
			pthread_create(&thread[i], NULL, press, &c[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(faults, 0);
	assert_int_equal(passed, 50);
}

/* Each, and none of them makes anything of what was asked. */
static void is_told_nothing(struct ledger_rig *r, enum result want)
{
	struct ledger_question q = { .take = 1 };

	ledger_add_limit(&q, r->conf, LEDGER_ADDRESS, slice_of("192.0.2.1"));
	q.grey = (struct ledger_greylist){ true, slice_of("aa"), slice_of("n"),
		-1, LEDGER_GREY_NONE, 0 };
	wants(ledger_ask(r->one, r->conf, &q), want);
	assert_int_equal(q.bucket[0].until_s, 0);
	assert_int_equal(q.grey.answer, LEDGER_GREY_NONE);
}

static void without_redis_only_a_few_wait_for_it(void **state)
{
	struct ledger_rig *r = *state;
	struct ledger_counts counts;

	(void)send(r, r->one, "192.0.2.9");
	redis_server_freeze(r->server);
	for (int i = 0; i < 50; i++)
		is_told_nothing(r, RES_DOWN);
	ledger_count(r->one, &counts);
	assert_int_equal(counts.asked, 1 + 3);
	assert_int_equal(counts.skipped, 47);
	assert_true(counts.breaker_open);
	/* One a second goes to see. */
	ledger_rig_sleep(r, 1);
	is_told_nothing(r, RES_DOWN);
	is_told_nothing(r, RES_DOWN);
	ledger_count(r->one, &counts);
	assert_int_equal(counts.asked, 1 + 4);
	redis_server_thaw(r->server);
	ledger_rig_sleep(r, 1);
	assert_int_equal(send(r, r->one, "192.0.2.3"), 0);
	ledger_count(r->one, &counts);
	assert_false(counts.breaker_open);
}

static void a_redis_that_was_restarted_is_asked_at_once(void **state)
{
	struct ledger_rig *r = *state;

	(void)send(r, r->one, "192.0.2.1");
	assert_true(redis_server_restart(r->server));
	r->own = 0;
	assert_int_equal(send(r, r->one, "192.0.2.1"), 0);
	assert_int_equal(ledger_rig_calls(r), 1);
}

static void a_replica_is_not_asked_to_count(void **state)
{
	struct ledger_rig *r = *state;

	(void)send(r, r->one, "192.0.2.9");
	assert_true(REDIS_DO(r->server, "REPLICAOF", "127.0.0.1", "1"));
	is_told_nothing(r, RES_READONLY);
	assert_true(REDIS_DO(r->server, "REPLICAOF", "NO", "ONE"));
	assert_int_equal(send(r, r->one, "192.0.2.1"), 0);
}

static void a_key_of_another_type_stops_nobody_else(void **state)
{
	struct ledger_rig *r = *state;
	struct ledger_counts counts;

	assert_true(
		REDIS_DO(r->server, "LPUSH", "rp:rate:address:192.0.2.1", "x"));
	for (int i = 0; i < 5; i++)
		is_told_nothing(r, RES_TYPE);
	assert_int_equal(send(r, r->one, "192.0.2.2"), 0);
	ledger_count(r->one, &counts);
	assert_false(counts.breaker_open);
}

static void nonsense_in_a_key_is_an_empty_one(void **state)
{
	struct ledger_rig *r = *state;

	assert_true(REDIS_DO(r->server, "SET", "rp:rate:address:192.0.2.1",
		"nan", "EX", "100"));
	assert_true(REDIS_DO(r->server, "SET", "rp:rate:address:192.0.2.2",
		"-1e300", "EX", "100"));
	assert_int_equal(send(r, r->one, "192.0.2.1"), 0);
	assert_int_equal(send(r, r->one, "192.0.2.2"), 0);
}

static void the_time_is_that_of_redis(void **state)
{
	struct ledger_rig *r = *state;
	struct ledger_question q = { .take = 1 };
	struct ledger *ahead = NULL;
	char text[32];

	/* Its own clock is years away. */
	r->now_ms += 100000000000;
	assert_int_equal(ledger_open(&ahead, r->conf, &r->clock, NULL), RES_OK);
	q.grey = (struct ledger_greylist){ true, slice_of("aa"), slice_of("n"),
		-1, LEDGER_GREY_NONE, 0 };
	wants(ledger_ask(ahead, r->conf, &q), RES_OK);
	ledger_close(ahead);
	snprintf(text, sizeof(text), "%lld", (long long)q.grey.until_s);
	assert_true(redis_server_do(r->server,
		(const char *const[]){ "EVAL",
			"return redis.call('TIME')[1] - ARGV[1] + 60", "0",
			text, NULL },
		text, sizeof(text)));
	/* Seconds that have gone by since. */
	assert_in_range(strtol(text, NULL, 10) + 1, 0, 60);
}

#define WITH_REDIS(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		WITH_REDIS(who_sends_no_more_than_the_limit_passes),
		WITH_REDIS(who_waits_as_long_as_told_passes),
		WITH_REDIS(two_milters_count_as_one),
		WITH_REDIS(a_limit_that_is_full_takes_from_no_other),
		WITH_REDIS(many_recipients_at_once_are_owed),
		WITH_REDIS(who_waits_for_room_for_many_has_room_for_one),
		WITH_REDIS(what_is_used_up_is_known_without_redis),
		WITH_REDIS(a_message_is_one_question),
		WITH_REDIS(a_question_of_nothing_is_not_asked),
		WITH_REDIS(a_first_contact_passes_when_it_comes_back),
		WITH_REDIS(who_comes_back_too_late_begins_anew),
		WITH_REDIS(who_has_proved_a_name_is_not_greylisted),
		WITH_REDIS(a_bad_name_is_greylisted_at_all_its_addresses),
		WITH_REDIS(what_is_old_counts_less),
		WITH_REDIS(a_new_sender_grows_along_the_curve),
		WITH_REDIS(a_crowd_gets_no_more_than_one_sender),
		WITH_REDIS(without_redis_only_a_few_wait_for_it),
		WITH_REDIS(a_redis_that_was_restarted_is_asked_at_once),
		WITH_REDIS(a_replica_is_not_asked_to_count),
		WITH_REDIS(a_key_of_another_type_stops_nobody_else),
		WITH_REDIS(nonsense_in_a_key_is_an_empty_one),
		WITH_REDIS(the_time_is_that_of_redis),
	};

	return cmocka_run_group_tests_name("store/ledger", cases, NULL, NULL);
}
