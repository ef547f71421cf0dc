/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/nodes.h"

#include "store/node.h"
#include "store/redis.h"
#include "store/writer.h"
#include "support/case.h"
#include "unit/store/rig.h"

#include <stdio.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)

/* One milter whose wall clock is wrong by that much. */
struct milter {
	int64_t wrong_ms;
	struct clock clock;
	struct mirror *mirror;
	struct writer *writer;
	struct node *node;
};

struct bench {
	struct rig rig;
	struct redis *redis;
	struct milter early, late;
};

static int64_t mono(void *ctx)
{
	(void)ctx;
	return clock_mono_ms(clock_system());
}

static int64_t wall(void *ctx)
{
	const struct milter *m = ctx;

	return clock_wall_ms(clock_system()) + m->wrong_ms;
}

static void milter_start(
	struct milter *m, const struct rig *rig, int64_t wrong_ms)
{
	m->wrong_ms = wrong_ms;
	m->clock = (struct clock){ .mono_ms = mono, .wall_ms = wall, .ctx = m };
	assert_int_equal(mirror_open(&m->mirror, rig->conf, &m->clock), RES_OK);
	assert_int_equal(mirror_start(m->mirror), RES_OK);
	assert_int_equal(mirror_wait_live(m->mirror, RIG_WAIT_MS), RES_OK);
	assert_int_equal(writer_open(&m->writer, rig->conf, &m->clock), RES_OK);
	assert_int_equal(writer_start(m->writer), RES_OK);
	assert_int_equal(
		node_open(&m->node, rig->conf, m->mirror, m->writer, &m->clock),
		RES_OK);
	assert_int_equal(node_start(m->node), RES_OK);
}

static void milter_stop(struct milter *m)
{
	node_close(m->node);
	writer_close(m->writer);
	mirror_close(m->mirror);
}

static void begin(struct bench *b)
{
	const struct redis_login login = { .timeout_ms = RIG_WAIT_MS };

	memset(b, 0, sizeof(*b));
	rig_make(&b->rig, NULL);
	assert_int_equal(redis_open(&b->redis, &b->rig.conf->redis.servers[0],
				 &login, NULL),
		RES_OK);
}

static void end(struct bench *b)
{
	redis_close(b->redis);
	rig_remove(&b->rig);
}

static struct nodes_count count(struct bench *b, int64_t since_ms)
{
	struct nodes_count n;

	assert_string_equal(result_name(nodes_count_active(
				    b->redis, slice_of("rp:"), since_ms, &n)),
		"ok");
	return n;
}

static int64_t now(struct bench *b)
{
	int64_t now_ms;

	assert_string_equal(result_name(nodes_time(b->redis, &now_ms)), "ok");
	return now_ms;
}

static void wants(
	struct bench *b, int64_t since_ms, size_t alive, size_t active)
{
	struct nodes_count n = { 0 };

	for (int64_t until = rig_end(); rig_goes_on(until);) {
		n = count(b, since_ms);
		if (n.alive == alive && n.active == active)
			break;
	}
	assert_int_equal(n.alive, alive);
	assert_int_equal(n.active, active);
}

static void counts_by_one_clock(void **state)
{
	struct bench b;
	int64_t change_ms;

	(void)state;
	begin(&b);
	wants(&b, 0, 0, 0);
	milter_start(&b.early, &b.rig, -HOUR_MS);
	milter_start(&b.late, &b.rig, HOUR_MS);
	assert_true(REDIS_DO(b.rig.server, "SET", "rp:block:192.0.2.1", "x"));
	change_ms = now(&b);
	wants(&b, change_ms, 2, 2);
	/* What is still to come has reached nobody, whatever their clocks. */
	wants(&b, change_ms + HOUR_MS / 2, 2, 0);
	milter_stop(&b.early);
	wants(&b, change_ms, 1, 1);
	milter_stop(&b.late);
	wants(&b, change_ms, 0, 0);
	end(&b);
}

/* A heartbeat of our own making: life left, state, pending, and how old the
 * proof was when it was written. */
static void beat(struct bench *b, const char *id, const char *left,
	const char *state, const char *pending, const char *synced)
{
	char key[64];

	(void)snprintf(key, sizeof(key), "rp:node:%s", id);
	assert_true(
		REDIS_DO(b->rig.server, "HSET", key, "state", state, "pending",
			pending, "clock_ms", "5000000", "synced_ms", synced));
	assert_true(REDIS_DO(b->rig.server, "PEXPIRE", key, left));
	assert_true(REDIS_DO(b->rig.server, "HSET", "rp:node:ids", id, "1"));
}

static void counts_only_who_is_in_step(void **state)
{
	struct bench b;
	int64_t now_ms;

	(void)state;
	begin(&b);
	now_ms = now(&b);
	beat(&b, "in.step", "60000", "live", "0", "5000000");
	beat(&b, "has.lost", "60000", "stale", "0", "5000000");
	beat(&b, "is.late", "60000", "live", "3", "5000000");
	beat(&b, "proved.before", "60000", "live", "0", "4980000");
	beat(&b, "silent.half", "40000", "live", "0", "5000000");
	beat(&b, "silent.long", "29000", "live", "0", "5000000");
	beat(&b, "no.numbers", "60000", "live", "0", "soon");
	assert_true(
		REDIS_DO(b.rig.server, "HSET", "rp:node:ids", "is.gone", "1"));
	/* Of a change a minute ago, ten seconds ago. */
	wants(&b, now_ms - 60000, 6, 3);
	wants(&b, now_ms - 10000, 6, 1);
	end(&b);
}

static void tells_that_it_could_not_ask(void **state)
{
	const struct redis_login login = { .timeout_ms = 100 };
	struct nodes_count n;
	struct redis *r = NULL;
	struct bench b;
	int64_t now_ms;

	(void)state;
	begin(&b);
	assert_int_equal(
		redis_open(&r, &b.rig.conf->redis.servers[0], &login, NULL),
		RES_OK);
	redis_server_freeze(b.rig.server);
	assert_int_not_equal(
		nodes_count_active(r, slice_of("rp:"), 0, &n), RES_OK);
	assert_int_not_equal(nodes_time(r, &now_ms), RES_OK);
	redis_server_thaw(b.rig.server);
	redis_close(r);
	end(&b);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("clocks that differ by hours do not matter",
			counts_by_one_clock, NULL),
		CASE("who is behind, or was not heard of, is not active",
			counts_only_who_is_in_step, NULL),
		CASE("no answer is no count", tells_that_it_could_not_ask,
			NULL),
	};

	return cmocka_run_group_tests_name("store/nodes", cases, NULL, NULL);
}
