/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/blocklist.h"

#include "base/arena.h"
#include "support/case.h"
#include "unit/store/rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ARENA_MAX = 65536,
	TIMEOUT_MS = 100, /* redis.timeout_ms of the default */
	SLACK_MS = 250, /* a busy machine */
	READERS = 3
};

struct counter {
	struct rig rig;
	struct blocklist *list;
	struct arena *arena;
	struct blocklist_result got;
};

static int set_up_with(void **state, const struct rig_text *more)
{
	struct counter *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	rig_go(&c->rig, more);
	assert_int_equal(blocklist_open(&c->list, c->rig.conf, c->rig.mirror,
				 clock_system()),
		RES_OK);
	c->arena = arena_new(ARENA_MAX);
	assert_non_null(c->arena);
	*state = c;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(state, NULL);
}

static int set_up_without_questions(void **state)
{
	const struct rig_text more = { .lists = "details_rate = 0" };

	return set_up_with(state, &more);
}

static int tear_down(void **state)
{
	struct counter *c = *state;

	blocklist_close(c->list);
	arena_free(c->arena);
	rig_remove(&c->rig);
	free(c);
	return 0;
}

static int64_t now_ms(void)
{
	return clock_mono_ms(clock_system());
}

static enum blocklist_answer ask_for(
	struct counter *c, const char *ip, const char *scope)
{
	struct ipaddr addr;

	arena_reset(c->arena);
	assert_int_equal(ipaddr_parse(&addr, slice_of(ip)), RES_OK);
	assert_int_equal(blocklist_match(c->list, &addr, slice_of(scope),
				 c->arena, &c->got),
		RES_OK);
	return c->got.answer;
}

static enum blocklist_answer ask(struct counter *c, const char *ip)
{
	return ask_for(c, ip, "");
}

static void wants(struct counter *c, const char *ip, enum blocklist_answer want)
{
	int64_t end = rig_end();

	while (ask(c, ip) != want && rig_goes_on(end))
		;
	assert_string_equal(blocklist_answer_name(c->got.answer),
		blocklist_answer_name(want));
}

static void assert_slice(struct slice got, const char *want)
{
	char text[256];

	assert_true(got.len < sizeof(text));
	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(got));
	assert_string_equal(text, want);
}

/* Redis as the test sees it, and the mirror in step with it. */
static void put(struct counter *c, const char *const *argv, const char *ip)
{
	assert_true(redis_server_do(c->rig.server, argv, NULL, 0));
	rig_wants(c->rig.mirror, ip, true);
}

#define PUT(c, ip, ...) \
	put((c), (const char *const[]){ __VA_ARGS__, NULL }, (ip))
#define DO(c, ...) assert_true(REDIS_DO((c)->rig.server, __VA_ARGS__))

static void a_set_by_hand_blocks_with_its_reason(void **state)
{
	struct counter *c = *state;

	assert_int_equal(ask(c, "192.0.2.7"), BLOCKLIST_CLEAR);
	assert_int_equal(c->got.count, 0);
	PUT(c, "192.0.2.7", "SET", "rp:block:192.0.2.7", "spam run", "EX",
		"86400");
	assert_int_equal(ask(c, "192.0.2.7"), BLOCKLIST_BLOCKED);
	assert_int_equal(c->got.count, 1);
	assert_ptr_equal(c->got.winner, &c->got.entry[0]);
	assert_true(c->got.winner->is_detailed);
	assert_slice(c->got.winner->reason, "spam run");
	assert_slice(c->got.winner->key, "rp:block:192.0.2.7");
	assert_in_range(c->got.winner->until_s,
		clock_wall_ms(clock_system()) / 1000 + 86300,
		clock_wall_ms(clock_system()) / 1000 + 86401);
	assert_true(c->got.version > 0);
	DO(c, "DEL", "rp:block:192.0.2.7");
	wants(c, "192.0.2.7", BLOCKLIST_CLEAR);
}

static void a_change_of_a_cached_detail_is_seen(void **state)
{
	struct counter *c = *state;
	struct blocklist_counts counts;
	int64_t end = rig_end();

	PUT(c, "198.51.100.9", "HSET", "rp:block:198.51.100.0/24", "reason",
		"one", "class", "review");
	assert_int_equal(ask(c, "198.51.100.9"), BLOCKLIST_BLOCKED);
	assert_int_equal(ask(c, "198.51.100.9"), BLOCKLIST_BLOCKED);
	assert_int_equal(c->got.winner->class, LISTING_REVIEW);
	blocklist_count(c->list, &counts);
	assert_int_equal(counts.details_cached, 1);
	DO(c, "HSET", "rp:block:198.51.100.0/24", "reason", "two");
	do {
		assert_int_equal(ask(c, "198.51.100.9"), BLOCKLIST_BLOCKED);
	} while (!slice_is_equal(c->got.winner->reason, slice_of("two")) &&
		rig_goes_on(end));
	assert_slice(c->got.winner->reason, "two");
}

static void a_domain_has_its_own_list(void **state)
{
	struct counter *c = *state;

	PUT(c, "192.0.2.7", "SET", "rp:block:192.0.2.0/24", "all");
	DO(c, "SET", "rp:allow@A.example:192.0.2.7", "ours");
	rig_wants_entries(c->rig.mirror, 2);
	assert_int_equal(
		ask_for(c, "192.0.2.7", "a.example"), BLOCKLIST_ALLOWED);
	assert_true(c->got.winner->is_scoped);
	assert_slice(c->got.winner->key, "rp:allow@A.example:192.0.2.7");
	assert_slice(c->got.winner->reason, "ours");
	assert_int_equal(c->got.count, 2);
	assert_int_equal(
		ask_for(c, "192.0.2.7", "b.example"), BLOCKLIST_BLOCKED);
}

static void a_shadow_is_told_and_not_enforced(void **state)
{
	struct counter *c = *state;

	PUT(c, "192.0.2.7", "HSET", "rp:block:192.0.2.7", "shadow", "yes");
	assert_int_equal(ask(c, "192.0.2.7"), BLOCKLIST_CLEAR);
	assert_non_null(c->got.shadow);
	assert_slice(c->got.shadow->key, "rp:block:192.0.2.7");
	DO(c, "HDEL", "rp:block:192.0.2.7", "shadow");
	DO(c, "HSET", "rp:block:192.0.2.7", "reason", "x");
	wants(c, "192.0.2.7", BLOCKLIST_BLOCKED);
	assert_null(c->got.shadow);
}

static void a_wide_range_blocks_with_force_only(void **state)
{
	struct counter *c = *state;

	DO(c, "SET", "rp:block:0.0.0.0/0", "oops");
	DO(c, "SET", "rp:block:10.0.0.1", "marker");
	rig_wants(c->rig.mirror, "10.0.0.1", true);
	assert_int_equal(ask(c, "192.0.2.7"), BLOCKLIST_CLEAR);
	DO(c, "DEL", "rp:block:0.0.0.0/0");
	DO(c, "HSET", "rp:block:0.0.0.0/0", "force", "yes");
	wants(c, "192.0.2.7", BLOCKLIST_BLOCKED);
}

static void other_types_are_no_listing(void **state)
{
	struct counter *c = *state;

	DO(c, "RPUSH", "rp:block:192.0.2.1", "x");
	DO(c, "SADD", "rp:block:192.0.2.2", "x");
	DO(c, "ZADD", "rp:block:192.0.2.3", "1", "x");
	DO(c, "XADD", "rp:block:192.0.2.4", "*", "a", "b");
	DO(c, "SET", "rp:block:192.0.2.5", "good");
	wants(c, "192.0.2.5", BLOCKLIST_BLOCKED);
	wants(c, "192.0.2.1", BLOCKLIST_CLEAR);
	wants(c, "192.0.2.2", BLOCKLIST_CLEAR);
	wants(c, "192.0.2.3", BLOCKLIST_CLEAR);
	wants(c, "192.0.2.4", BLOCKLIST_CLEAR);
}

static void a_value_of_100_mb_is_no_listing_and_costs_nothing(void **state)
{
	struct counter *c = *state;
	int64_t begin;

	DO(c, "SETRANGE", "rp:block:192.0.2.1", "104857599", "x");
	DO(c, "SET", "rp:block:192.0.2.5", "good");
	wants(c, "192.0.2.5", BLOCKLIST_BLOCKED);
	begin = now_ms();
	assert_int_equal(ask(c, "192.0.2.1"), BLOCKLIST_CLEAR);
	assert_true(now_ms() - begin < SLACK_MS);
}

/* The end of a listing needs no word from Redis. */
static void a_listing_ends_on_time_though_redis_is_silent(void **state)
{
	struct counter *c = *state;
	int64_t begin = now_ms();
	int64_t last_blocked = 0;
	int64_t end = rig_end();
	int64_t ended;

	PUT(c, "192.0.2.7", "SET", "rp:block:192.0.2.7", "x", "PX", "2000");
	assert_int_equal(ask(c, "192.0.2.7"), BLOCKLIST_BLOCKED);
	assert_true(c->got.winner->is_detailed);
	redis_server_freeze(c->rig.server);
	do {
		last_blocked = now_ms();
	} while (ask(c, "192.0.2.7") == BLOCKLIST_BLOCKED && rig_goes_on(end));
	ended = now_ms();
	redis_server_thaw(c->rig.server);
	assert_int_equal(c->got.answer, BLOCKLIST_CLEAR);
	/* Not before its time but for the round trips, and not after. */
	assert_in_range(ended, begin + 1900, begin + 2000 + SLACK_MS + 500);
	assert_true(last_blocked >= begin + 1500);
}

static void a_key_with_a_short_life_is_gone_on_time(void **state)
{
	struct counter *c = *state;
	int64_t begin = now_ms();

	PUT(c, "192.0.2.7", "SET", "rp:block:192.0.2.7", "x", "PX", "700");
	assert_int_equal(ask(c, "192.0.2.7"), BLOCKLIST_BLOCKED);
	wants(c, "192.0.2.7", BLOCKLIST_CLEAR);
	assert_in_range(now_ms(), begin + 650, begin + 700 + SLACK_MS + 500);
}

static void a_frozen_redis_costs_the_deadline_then_nothing(void **state)
{
	struct counter *c = *state;
	struct blocklist_counts counts;
	int64_t end = rig_end();
	int64_t begin;
	int i;

	PUT(c, "192.0.2.7", "SET", "rp:block:192.0.2.7", "x");
	rig_wants_flags(c->rig.mirror);
	redis_server_freeze(c->rig.server);
	for (i = 0; i < 3; i++) {
		begin = now_ms();
		assert_int_equal(ask(c, "192.0.2.7"), BLOCKLIST_BLOCKED);
		assert_true(now_ms() - begin < TIMEOUT_MS + SLACK_MS);
		assert_false(c->got.winner->is_detailed);
		assert_slice(c->got.winner->key, "rp:block:192.0.2.7");
	}
	blocklist_count(c->list, &counts);
	assert_true(counts.breaker_open);
	assert_int_equal(counts.details_failed, 3);
	begin = now_ms();
	assert_int_equal(ask(c, "192.0.2.7"), BLOCKLIST_BLOCKED);
	assert_true(now_ms() - begin < TIMEOUT_MS / 2);
	redis_server_thaw(c->rig.server);
	do {
		assert_int_equal(ask(c, "192.0.2.7"), BLOCKLIST_BLOCKED);
	} while (!c->got.winner->is_detailed && rig_goes_on(end));
	assert_true(c->got.winner->is_detailed);
	blocklist_count(c->list, &counts);
	assert_false(counts.breaker_open);
}

/* Redis is there and says of each key that there is none. */
static void a_grace_holds_for_who_was_never_seen_too(void **state)
{
	struct counter *c = *state;

	DO(c, "HSET", "rp:block:192.0.2.8", "class", "review");
	PUT(c, "192.0.2.7", "SET", "rp:block:192.0.2.7", "x");
	rig_wants(c->rig.mirror, "192.0.2.8", true);
	rig_wants_flags(c->rig.mirror);
	DO(c, "FLUSHALL");
	rig_wants_state(c->rig.mirror, MIRROR_GRACE);
	assert_int_equal(ask(c, "192.0.2.7"), BLOCKLIST_BLOCKED);
	assert_int_equal(ask(c, "192.0.2.8"), BLOCKLIST_BLOCKED);
	assert_int_equal(c->got.winner->class, LISTING_REVIEW);
	assert_false(c->got.winner->is_detailed);
}

/* In a flood the reply must be right without a question. */
static void the_class_is_known_without_asking(void **state)
{
	static const struct {
		const char *ip, *key, *class;
		enum listing_class want;
	} row[] = {
		{ "192.0.2.7", "rp:block:192.0.2.7", "review", LISTING_REVIEW },
		{ "192.0.2.8", "rp:block:192.0.2.8", "FEED", LISTING_FEED },
		{ "192.0.2.9", "rp:block:192.0.2.9", "policy", LISTING_POLICY },
		{ "192.0.2.10", "rp:block:192.0.2.10", "self", LISTING_SELF },
		{ "192.0.2.11", "rp:block:192.0.2.11", "other", LISTING_SELF },
		{ "2001:db8::1", "rp:block:2001:DB8::/64", "feed",
			LISTING_FEED },
	};
	struct counter *c = *state;
	struct blocklist_counts counts;
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		PUT(c, row[i].ip, "HSET", row[i].key, "class", row[i].class,
			"reason", "x");
	rig_wants_flags(c->rig.mirror);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		assert_int_equal(ask(c, row[i].ip), BLOCKLIST_BLOCKED);
		assert_false(c->got.winner->is_detailed);
		assert_slice(c->got.winner->key, row[i].key);
		assert_string_equal(listing_class_name(c->got.winner->class),
			listing_class_name(row[i].want));
	}
	blocklist_count(c->list, &counts);
	assert_int_equal(counts.details_fetched, 0);
	assert_int_equal(counts.details_skipped, i);
}

static void a_dead_redis_leaves_the_word_of_the_mirror(void **state)
{
	struct counter *c = *state;

	PUT(c, "192.0.2.7", "SET", "rp:block:192.0.2.7", "x");
	DO(c, "HSET", "rp:block:192.0.2.8", "shadow", "yes");
	rig_wants(c->rig.mirror, "192.0.2.8", true);
	rig_wants_flags(c->rig.mirror);
	redis_server_kill(c->rig.server);
	assert_int_equal(ask(c, "192.0.2.7"), BLOCKLIST_BLOCKED);
	assert_false(c->got.winner->is_detailed);
	assert_int_equal(ask(c, "192.0.2.8"), BLOCKLIST_CLEAR);
	assert_non_null(c->got.shadow);
	assert_int_equal(ask(c, "192.0.2.9"), BLOCKLIST_CLEAR);
}

static void an_idle_connection_that_was_closed_is_opened_anew(void **state)
{
	struct counter *c = *state;
	struct blocklist_counts counts;

	PUT(c, "192.0.2.7", "SET", "rp:block:192.0.2.7", "x");
	PUT(c, "192.0.2.8", "SET", "rp:block:192.0.2.8", "y");
	assert_int_equal(ask(c, "192.0.2.7"), BLOCKLIST_BLOCKED);
	DO(c, "CLIENT", "KILL", "TYPE", "normal");
	assert_int_equal(ask(c, "192.0.2.8"), BLOCKLIST_BLOCKED);
	assert_true(c->got.winner->is_detailed);
	blocklist_count(c->list, &counts);
	assert_int_equal(counts.details_failed, 0);
}

static void another_spelling_is_named_as_it_stands(void **state)
{
	struct counter *c = *state;
	int64_t end = rig_end();

	PUT(c, "192.0.2.7", "SET", "rp:block:192.0.2.7/32", "slashed");
	assert_int_equal(ask(c, "192.0.2.7"), BLOCKLIST_BLOCKED);
	assert_slice(c->got.winner->key, "rp:block:192.0.2.7/32");
	assert_slice(c->got.winner->reason, "slashed");
	DO(c, "HSET", "rp:block:192.0.2.7", "shadow", "yes", "reason", "s");
	wants(c, "192.0.2.7", BLOCKLIST_BLOCKED);
	DO(c, "DEL", "rp:block:192.0.2.7/32");
	while ((ask(c, "192.0.2.7") != BLOCKLIST_CLEAR ||
		       c->got.shadow == NULL) &&
		rig_goes_on(end))
		;
	assert_int_equal(c->got.answer, BLOCKLIST_CLEAR);
	assert_non_null(c->got.shadow);
	assert_slice(c->got.shadow->key, "rp:block:192.0.2.7");
}

static void without_a_copy_the_answer_is_unknown(void **state)
{
	struct rig rig;
	struct blocklist *list;
	struct blocklist_result got;
	struct ipaddr ip = ipaddr_from_v4(1);

	(void)state;
	rig_make(&rig, NULL);
	assert_int_equal(
		blocklist_open(&list, rig.conf, rig.mirror, clock_system()),
		RES_OK);
	assert_int_equal(
		blocklist_match(list, &ip, slice_of(""), NULL, &got), RES_OK);
	assert_int_equal(got.answer, BLOCKLIST_UNKNOWN);
	assert_null(got.winner);
	blocklist_close(list);
	rig_remove(&rig);
}

struct reader {
	struct counter *counter;
	atomic_bool *stop;
	unsigned long answers;
	unsigned long wrong;
};

/* 203.0.113.1 is blocked all the while, 203.0.113.2 never is. */
static void *read_on(void *ctx)
{
	struct reader *r = ctx;
	struct arena *a = arena_new(ARENA_MAX);
	struct blocklist_result got;
	struct ipaddr ip[2] = { ipaddr_from_v4(0xcb007101),
		ipaddr_from_v4(0xcb007102) };

	while (a != NULL && !atomic_load(r->stop)) {
		int i;

		for (i = 0; i < 2; i++) {
			arena_reset(a);
			if (blocklist_match(r->counter->list, &ip[i],
				    slice_of("a.example"), a, &got) != RES_OK ||
				got.answer !=
					(i == 0 ? BLOCKLIST_BLOCKED
						: BLOCKLIST_CLEAR))
				r->wrong++;
			r->answers++;
		}
	}
	arena_free(a);
	return NULL;
}

static void readers_agree_while_the_list_changes(void **state)
{
	struct counter *c = *state;
	struct reader reader[READERS];
	pthread_t thread[READERS];
	atomic_bool stop = false;
	int64_t end = rig_end();
	int i;

	PUT(c, "203.0.113.1", "SET", "rp:block:203.0.113.1", "x");
	for (i = 0; i < READERS; i++) {
		reader[i] = (struct reader){ c, &stop, 0, 0 };
		assert_int_equal(
			pthread_create(&thread[i], NULL, read_on, &reader[i]),
			0);
	}
	rig_fill(&c->rig, 5000);
	for (i = 0; i < 200; i++) {
		char reason[16];

		snprintf(reason, sizeof(reason), "r%d", i);
		DO(c, "HSET", "rp:block:203.0.113.0/31", "shadow", "yes",
			"reason", reason);
		DO(c, "SET", "rp:block:203.0.113.1", reason);
		if (i % 20 == 0)
			DO(c, "DEL", "rp:block:203.0.113.0/31");
	}
	rig_wants(c->rig.mirror, "10.0.19.135", true);
	atomic_store(&stop, true);
	for (i = 0; i < READERS; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(reader[i].wrong, 0);
		assert_true(reader[i].answers > 0);
	}
	do {
		assert_int_equal(ask(c, "203.0.113.1"), BLOCKLIST_BLOCKED);
	} while (!slice_is_equal(c->got.winner->reason, slice_of("r199")) &&
		rig_goes_on(end));
	assert_slice(c->got.winner->reason, "r199");
}

#define WITH_LIST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		WITH_LIST(a_set_by_hand_blocks_with_its_reason),
		WITH_LIST(a_change_of_a_cached_detail_is_seen),
		WITH_LIST(a_domain_has_its_own_list),
		WITH_LIST(a_shadow_is_told_and_not_enforced),
		WITH_LIST(a_wide_range_blocks_with_force_only),
		WITH_LIST(other_types_are_no_listing),
		WITH_LIST(a_value_of_100_mb_is_no_listing_and_costs_nothing),
		WITH_LIST(a_listing_ends_on_time_though_redis_is_silent),
		WITH_LIST(a_key_with_a_short_life_is_gone_on_time),
		WITH_LIST(a_grace_holds_for_who_was_never_seen_too),
		WITH_LIST(a_frozen_redis_costs_the_deadline_then_nothing),
		cmocka_unit_test_setup_teardown(
			the_class_is_known_without_asking,
			set_up_without_questions, tear_down),
		WITH_LIST(a_dead_redis_leaves_the_word_of_the_mirror),
		WITH_LIST(an_idle_connection_that_was_closed_is_opened_anew),
		WITH_LIST(another_spelling_is_named_as_it_stands),
		cmocka_unit_test(without_a_copy_the_answer_is_unknown),
		WITH_LIST(readers_agree_while_the_list_changes),
	};

	return cmocka_run_group_tests_name(
		"store/blocklist", cases, NULL, NULL);
}
