/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/mailq.h"

#include "base/arena.h"
#include "base/clock.h"
#include "store/script.h"
#include "support/case.h"
#include "unit/store/desk.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ARENA_MAX = 1 << 20, WORKERS = 6, JOBS = 120, CLAIM_MS = 20 };

struct post {
	struct desk desk;
	struct arena *arena;
	struct mailq_job got;
};

static int set_up(void **state)
{
	struct post *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	desk_make(&p->desk, NULL);
	p->arena = arena_new(ARENA_MAX);
	assert_non_null(p->arena);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct post *p = *state;

	arena_free(p->arena);
	desk_remove(&p->desk);
	free(p);
	return 0;
}

static int empty(void **state)
{
	const struct post *p = *state;

	arena_reset(p->arena);
	return REDIS_DO(p->desk.server, "FLUSHALL") ? 0 : -1;
}

static struct mailq_job job_of(const char *kind, const char *id)
{
	return (struct mailq_job){
		.kind = slice_of(kind), .id = slice_of(id), .more = slice_of("")
	};
}

static void add_to(struct post *p, const char *id, bool is_slow)
{
	struct mailq_job job = job_of("confirm", id);

	desk_result(mailq_add(p->desk.redis, desk_prefix(&p->desk), &job,
			    is_slow, p->desk.now_ms),
		RES_OK);
}

static enum result take_as(
	struct post *p, const char *worker, unsigned slow_ms, unsigned claim_ms)
{
	const struct mailq_taking how = { .worker = slice_of(worker),
		.now_ms = p->desk.now_ms,
		.slow_ms = slow_ms,
		.claim_ms = claim_ms };

	p->got = (struct mailq_job){ 0 };
	return mailq_take(
		p->desk.redis, desk_prefix(&p->desk), &how, p->arena, &p->got);
}

static enum result take(struct post *p)
{
	return take_as(p, "w1", 0, 0);
}

static void wants_id(struct post *p, const char *id)
{
	char got[64];

	assert_true(p->got.id.len < sizeof(got));
	(void)snprintf(got, sizeof(got), "%.*s", SLICE_ARG(p->got.id));
	assert_string_equal(got, id);
}

static void takes(struct post *p, const char *id)
{
	desk_result(take(p), RES_OK);
	wants_id(p, id);
}

static void done(struct post *p)
{
	desk_result(mailq_done(p->desk.redis, desk_prefix(&p->desk), &p->got),
		RES_OK);
}

static void later(struct post *p, int64_t delay_ms)
{
	desk_result(mailq_later(p->desk.redis, desk_prefix(&p->desk), &p->got,
			    p->desk.now_ms, delay_ms),
		RES_OK);
}

static struct mailq_count count(struct post *p)
{
	struct mailq_count n;

	desk_result(
		mailq_count(p->desk.redis, desk_prefix(&p->desk), &n), RES_OK);
	return n;
}

static void what_is_added_comes_out_whole_and_in_order(void **state)
{
	struct post *p = *state;
	struct mailq_job job = job_of("sponsor-link", "7K3M9QXB2HTD4FZ6T");

	desk_result(take(p), RES_MISSING);
	job.more = slice_make("a\0\r\n\xff", 5);
	desk_result(mailq_add(p->desk.redis, desk_prefix(&p->desk), &job, false,
			    p->desk.now_ms),
		RES_OK);
	add_to(p, "second", false);
	takes(p, "7K3M9QXB2HTD4FZ6T");
	assert_true(slice_is_equal(p->got.kind, slice_of("sponsor-link")));
	assert_true(slice_is_equal(p->got.more, job.more));
	assert_int_equal(p->got.tries, 0);
	assert_int_equal(p->got.since_ms, p->desk.now_ms);
	done(p);
	takes(p, "second");
	done(p);
	desk_result(take(p), RES_MISSING);
	assert_int_equal(count(p).taken, 0);
	DESK_WANTS(&p->desk, "0", "XLEN", "rp:mailq");
}

static void what_came_before_the_first_worker_is_not_lost(void **state)
{
	struct post *p = *state;

	add_to(p, "early", false);
	takes(p, "early");
}

static void what_one_has_taken_no_other_gets(void **state)
{
	struct post *p = *state;

	add_to(p, "one", false);
	desk_result(take_as(p, "w1", 0, 0), RES_OK);
	desk_result(take_as(p, "w2", 0, 0), RES_MISSING);
	desk_result(take_as(p, "w1", 0, 0), RES_MISSING);
}

/* Waits until Redis thinks that the job lay long enough. */
static void claims(struct post *p, const char *worker)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	int64_t end = clock_mono_ms(clock_system()) + DESK_WAIT_MS;
	enum result res;

	do {
		nanosleep(&nap, NULL);
		res = take_as(p, worker, 0, CLAIM_MS);
	} while (res == RES_MISSING && clock_mono_ms(clock_system()) < end);
	desk_result(res, RES_OK);
}

static void what_a_dead_worker_left_goes_to_the_next(void **state)
{
	struct post *p = *state;
	struct mailq_job dead;

	add_to(p, "left", false);
	takes(p, "left");
	dead = p->got;
	claims(p, "w2");
	wants_id(p, "left");
	assert_int_equal(p->got.tries, 1);
	claims(p, "w3");
	assert_int_equal(p->got.tries, 2);
	done(p);
	/* The dead one comes back to life: too late, and no harm. */
	p->got = dead;
	later(p, 0);
	done(p);
	desk_result(take(p), RES_MISSING);
	assert_int_equal(count(p).later, 0);
}

static void a_job_that_kills_whoever_takes_it_ends(void **state)
{
	struct post *p = *state;
	const struct timespec nap = { .tv_nsec = 1000000 };
	int64_t end = clock_mono_ms(clock_system()) + DESK_WAIT_MS;

	add_to(p, "poison", false);
	takes(p, "poison");
	p->desk.now_ms += (int64_t)MAILQ_KEEP_S * 1000 + 1;
	while (count(p).taken > 0 && clock_mono_ms(clock_system()) < end) {
		nanosleep(&nap, NULL);
		desk_result(take_as(p, "w2", 0, CLAIM_MS), RES_MISSING);
	}
	DESK_WANTS(&p->desk, "0", "XLEN", "rp:mailq");
}

static void a_job_put_off_comes_back_when_its_time_has_come(void **state)
{
	struct post *p = *state;
	int64_t since_ms = p->desk.now_ms;

	add_to(p, "later", false);
	takes(p, "later");
	later(p, 60000);
	assert_int_equal(count(p).later, 1);
	assert_int_equal(count(p).taken, 0);
	p->desk.now_ms += 59999;
	desk_result(take(p), RES_MISSING);
	p->desk.now_ms += 1;
	takes(p, "later");
	assert_int_equal(p->got.tries, 1);
	assert_int_equal(p->got.since_ms, since_ms);
	later(p, 0);
	takes(p, "later");
	assert_int_equal(p->got.tries, 2);
	done(p);
	desk_result(take(p), RES_MISSING);
}

static void a_job_older_than_its_life_is_given_up(void **state)
{
	struct post *p = *state;

	add_to(p, "old", false);
	p->desk.now_ms += (int64_t)MAILQ_KEEP_S * 1000;
	takes(p, "old");
	later(p, 1000);
	p->desk.now_ms += 1000;
	takes(p, "old");
	later(p, 1000);
	assert_int_equal(count(p).later, 0);
	assert_int_equal(count(p).taken, 0);
	p->desk.now_ms += 1000;
	desk_result(take(p), RES_MISSING);
}

static void slow_ones_come_last_and_one_at_a_time(void **state)
{
	struct post *p = *state;

	add_to(p, "slow-1", true);
	add_to(p, "slow-2", true);
	add_to(p, "quick", false);
	desk_result(take_as(p, "w1", 5000, 0), RES_OK);
	wants_id(p, "quick");
	desk_result(take_as(p, "w1", 5000, 0), RES_OK);
	wants_id(p, "slow-1");
	desk_result(take_as(p, "w2", 5000, 0), RES_MISSING);
	p->desk.now_ms += 4999;
	desk_result(take_as(p, "w1", 5000, 0), RES_MISSING);
	p->desk.now_ms += 1;
	desk_result(take_as(p, "w2", 5000, 0), RES_OK);
	wants_id(p, "slow-2");
}

static void a_slow_one_put_off_stays_slow(void **state)
{
	struct post *p = *state;

	add_to(p, "slow", true);
	takes(p, "slow");
	later(p, 0);
	add_to(p, "quick-1", false);
	add_to(p, "quick-2", false);
	takes(p, "quick-1");
	takes(p, "quick-2");
	takes(p, "slow");
	assert_int_equal(p->got.tries, 1);
	done(p);
	DESK_WANTS(&p->desk, "0", "XLEN", "rp:mailq:slow");
}

static void the_counts_are_what_there_is(void **state)
{
	struct post *p = *state;
	int64_t first_ms = p->desk.now_ms;
	struct mailq_count n = count(p);

	assert_int_equal(n.waiting + n.taken + n.later + n.slow, 0);
	assert_int_equal(n.oldest_ms, 0);
	add_to(p, "a", false);
	p->desk.now_ms += 10;
	for (int i = 0; i < 3; i++)
		add_to(p, "b", false);
	for (int i = 0; i < 2; i++)
		add_to(p, "c", true);
	takes(p, "a");
	assert_int_equal(count(p).oldest_ms, first_ms);
	later(p, 1000);
	takes(p, "b");
	n = count(p);
	assert_int_equal(n.waiting, 2);
	assert_int_equal(n.taken, 1);
	assert_int_equal(n.later, 1);
	assert_int_equal(n.slow, 2);
	assert_int_equal(n.oldest_ms, first_ms);
}

static void a_full_queue_takes_no_more(void **state)
{
	struct post *p = *state;
	struct mailq_job job = job_of("confirm", "x");
	char text[200];

	(void)snprintf(text, sizeof(text),
		"for i = 1, %d do redis.call('XADD', KEYS[1], '*', 'k', 'v') "
		"end return 1",
		MAILQ_WAITING_MAX - 1);
	DESK_WANTS(&p->desk, "1", "EVAL", text, "1", "rp:mailq");
	add_to(p, "last", true);
	desk_result(mailq_add(p->desk.redis, desk_prefix(&p->desk), &job, false,
			    p->desk.now_ms),
		RES_FULL);
	desk_result(mailq_add(p->desk.redis, desk_prefix(&p->desk), &job, true,
			    p->desk.now_ms),
		RES_FULL);
	assert_int_equal(count(p).slow, 1);
}

static void what_is_too_long_is_refused(void **state)
{
	static char text[MAILQ_MORE_MAX + 1];
	struct post *p = *state;
	struct mailq_job job = job_of("confirm", "x");

	memset(text, 'x', sizeof(text));
	job.more = slice_make(text, MAILQ_MORE_MAX);
	desk_result(mailq_add(p->desk.redis, desk_prefix(&p->desk), &job, false,
			    p->desk.now_ms),
		RES_OK);
	job.more = slice_make(text, sizeof(text));
	desk_result(mailq_add(p->desk.redis, desk_prefix(&p->desk), &job, false,
			    p->desk.now_ms),
		RES_TOOBIG);
	job = job_of("confirm", "x");
	job.id = slice_make(text, MAILQ_WORD_MAX + 1);
	desk_result(mailq_add(p->desk.redis, desk_prefix(&p->desk), &job, false,
			    p->desk.now_ms),
		RES_TOOBIG);
}

static void an_edit_by_hand_that_is_no_job_is_passed_over(void **state)
{
	struct post *p = *state;

	DESK_WANTS(&p->desk, "3", "ZADD", "rp:mailq:later", "1", "no json", "2",
		"7", "3", "{}");
	(void)count(p);
	desk_result(take(p), RES_OK); /* an empty job, to be done */
	done(p);
	desk_result(take(p), RES_MISSING);
	assert_int_equal(count(p).later, 0);
}

static void a_job_from_another_script_is_like_any(void **state)
{
	struct post *p = *state;
	struct script_call call = { 0 };
	struct redis_reply reply;

	script_key_of(&call, desk_prefix(&p->desk), "mailq", slice_of(""));
	script_number(&call, p->desk.now_ms);
	desk_result(script_run(p->desk.redis,
			    MAILQ_LUA_ADD
			    "mailq_add(KEYS[1], 'review', 'R', 'm', ARGV[1])",
			    &call, &reply),
		RES_OK);
	takes(p, "R");
	assert_true(slice_is_equal(p->got.kind, slice_of("review")));
	assert_true(slice_is_equal(p->got.more, slice_of("m")));
	assert_int_equal(p->got.since_ms, p->desk.now_ms);
	assert_int_equal(p->got.tries, 0);
}

struct crew {
	struct desk *desk;
	atomic_uint seen[JOBS];
	atomic_uint faults;
};

static void *work(void *arg)
{
	const struct redis_login login = { .timeout_ms = DESK_WAIT_MS };
	struct crew *c = arg;
	struct arena *a = arena_new(ARENA_MAX);
	struct mailq_taking how = { .now_ms = c->desk->now_ms };
	struct redis *r = NULL;
	struct mailq_job job;
	char name[32];
	uint64_t n;

	(void)snprintf(name, sizeof(name), "%p", (void *)a);
	how.worker = slice_of(name);
	if (a == NULL ||
		redis_open(&r, &c->desk->conf->redis.servers[0], &login,
			NULL) != RES_OK)
		c->faults++;
	while (r != NULL &&
		mailq_take(r, desk_prefix(c->desk), &how, a, &job) == RES_OK) {
		if (slice_parse_u64(job.id, 0, JOBS - 1, &n) != RES_OK ||
			mailq_done(r, desk_prefix(c->desk), &job) != RES_OK)
			c->faults++;
		else
			c->seen[n]++;
	}
	redis_close(r);
	arena_free(a);
	return NULL;
}

static void workers_side_by_side_do_each_job_once(void **state)
{
	struct post *p = *state;
	struct crew c = { .desk = &p->desk };
	pthread_t thread[WORKERS];
	char id[16];

	for (int i = 0; i < JOBS; i++) {
		(void)snprintf(id, sizeof(id), "%d", i);
		add_to(p, id, i % 3 == 0);
	}
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, work, &c), 0);
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(c.faults, 0);
	for (int i = 0; i < JOBS; i++)
		assert_int_equal(c.seen[i], 1);
}

static void an_emptied_redis_is_no_end(void **state)
{
	struct post *p = *state;

	add_to(p, "a", false);
	takes(p, "a");
	redis_server_kill(p->desk.server);
	desk_result(take(p), RES_DOWN);
	desk_result(mailq_done(p->desk.redis, desk_prefix(&p->desk), &p->got),
		RES_INTERNAL); /* nothing was taken */
	assert_true(redis_server_restart(p->desk.server));
	desk_redial(&p->desk, DESK_WAIT_MS);
	desk_result(take(p), RES_MISSING);
	add_to(p, "b", false);
	takes(p, "b");
	done(p);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test_setup(
			what_is_added_comes_out_whole_and_in_order, empty),
		cmocka_unit_test_setup(
			what_came_before_the_first_worker_is_not_lost, empty),
		cmocka_unit_test_setup(what_one_has_taken_no_other_gets, empty),
		cmocka_unit_test_setup(
			what_a_dead_worker_left_goes_to_the_next, empty),
		cmocka_unit_test_setup(
			a_job_that_kills_whoever_takes_it_ends, empty),
		cmocka_unit_test_setup(
			a_job_put_off_comes_back_when_its_time_has_come, empty),
		cmocka_unit_test_setup(
			a_job_older_than_its_life_is_given_up, empty),
		cmocka_unit_test_setup(
			slow_ones_come_last_and_one_at_a_time, empty),
		cmocka_unit_test_setup(a_slow_one_put_off_stays_slow, empty),
		cmocka_unit_test_setup(the_counts_are_what_there_is, empty),
		cmocka_unit_test_setup(a_full_queue_takes_no_more, empty),
		cmocka_unit_test_setup(what_is_too_long_is_refused, empty),
		cmocka_unit_test_setup(
			an_edit_by_hand_that_is_no_job_is_passed_over, empty),
		cmocka_unit_test_setup(
			a_job_from_another_script_is_like_any, empty),
		cmocka_unit_test_setup(
			workers_side_by_side_do_each_job_once, empty),
		cmocka_unit_test_setup(an_emptied_redis_is_no_end, empty),
	};

	return cmocka_run_group_tests_name(
		"store/mailq", cases, set_up, tear_down);
}
