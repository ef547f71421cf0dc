/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/failure.h"

#include "base/arena.h"
#include "store/link.h"
#include "store/mailq.h"
#include "store/writer.h"
#include "support/case.h"
#include "support/ledger_rig.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAIT_MS = 20000, ARENA_MAX = 1 << 20 };

static const struct mailq_taking taking = { .worker = { "w", 1 },
	.now_ms = 1000 };

struct world {
	struct ledger_rig rig;
	struct writer *writer;
	struct redis *redis;
	struct arena *arena;
};

static int set_up(void **state)
{
	const struct link_request request = { .purpose = LINK_WRITE,
		.timeout_ms = 5000 };
	struct world *w = calloc(1, sizeof(*w));
	struct endpoint server;

	assert_non_null(w);
	ledger_rig_make(&w->rig, "",
		"dmarc { failure_reports = yes failures_hour = 2 }\n");
	assert_int_equal(
		writer_open(&w->writer, w->rig.conf, clock_system()), RES_OK);
	assert_int_equal(writer_start(w->writer), RES_OK);
	assert_int_equal(
		link_open(w->rig.conf, &request, &w->redis, &server, NULL),
		RES_OK);
	w->arena = arena_new(ARENA_MAX);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	arena_free(w->arena);
	redis_close(w->redis);
	writer_close(w->writer);
	ledger_rig_remove(&w->rig);
	free(w);
	return 0;
}

static enum result add(struct world *w, const char *domain, const char *fields)
{
	const struct failure f = { .domain = slice_of(domain),
		.ruf = slice_of("mailto:f@a.example"),
		.fields = slice_of(fields),
		.header = slice_of("From: x\r\n") };

	return failure_add(w->writer, w->rig.conf, &f, 1000);
}

static void written(struct world *w)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	int64_t end_ms = clock_mono_ms(clock_system()) + WAIT_MS;
	struct writer_counts counts;

	do {
		nanosleep(&nap, NULL);
		writer_count(w->writer, &counts);
	} while (counts.waiting > 0 && clock_mono_ms(clock_system()) < end_ms);
	assert_int_equal(counts.waiting, 0);
	assert_int_equal(counts.failed, 0);
}

static enum result take(struct world *w, struct mailq_job *job)
{
	arena_reset(w->arena);
	return mailq_take(w->redis, slice_of("rp:"), &taking, w->arena, job);
}

static void one_is_added_read_and_forgotten(void **state)
{
	struct world *w = *state;
	struct mailq_job job;
	struct failure f;
	bool has_gone = true;

	assert_int_equal(add(w, "a.example", "Version: 1\r\n"), RES_OK);
	written(w);
	assert_int_equal(take(w, &job), RES_OK);
	assert_true(slice_is_equal(job.kind, slice_of("dmarc-failure")));
	assert_int_equal(
		failure_read(w->redis, w->rig.conf, job.id, w->arena, &f),
		RES_OK);
	assert_true(slice_is_equal(f.domain, slice_of("a.example")));
	assert_true(slice_is_equal(f.ruf, slice_of("mailto:f@a.example")));
	assert_true(slice_is_equal(f.fields, slice_of("Version: 1\r\n")));
	assert_true(slice_is_equal(f.header, slice_of("From: x\r\n")));
	assert_int_equal(failure_has_gone(w->redis, w->rig.conf, job.id,
				 "f@a.example", &has_gone),
		RES_OK);
	assert_false(has_gone);
	assert_int_equal(
		failure_gone(w->redis, w->rig.conf, job.id, "f@a.example"),
		RES_OK);
	assert_int_equal(failure_has_gone(w->redis, w->rig.conf, job.id,
				 "f@a.example", &has_gone),
		RES_OK);
	assert_true(has_gone);
	assert_int_equal(failure_forget(w->redis, w->rig.conf, job.id), RES_OK);
	assert_int_equal(
		failure_read(w->redis, w->rig.conf, job.id, w->arena, &f),
		RES_MISSING);
	/* What has ended does not come back by being told of. */
	assert_int_equal(
		failure_gone(w->redis, w->rig.conf, job.id, "f@a.example"),
		RES_OK);
	assert_int_equal(
		failure_read(w->redis, w->rig.conf, job.id, w->arena, &f),
		RES_MISSING);
	/* The queue has no end. */
	assert_int_equal(ledger_rig_endless(&w->rig), 1);
}

static void no_more_in_an_hour_than_there_may_be(void **state)
{
	struct world *w = *state;
	struct mailq_job job;
	size_t count = 0;

	for (int i = 0; i < 5; i++)
		assert_int_equal(add(w, "a.example", "x"), RES_OK);
	assert_int_equal(add(w, "b.example", "x"), RES_OK);
	written(w);
	while (take(w, &job) == RES_OK)
		count++;
	assert_int_equal(count, 3);
}

static void what_is_too_long_is_not_added(void **state)
{
	static char longest[FAILURE_FIELDS_MAX + 2];
	struct world *w = *state;

	memset(longest, 'x', sizeof(longest) - 1);
	assert_int_equal(add(w, "a.example", longest), RES_TOOBIG);
	assert_int_equal(ledger_rig_keys(&w->rig), 0);
}

static void a_flood_leaves_room_for_other_writes(void **state)
{
	struct world *w = *state;
	struct writer_counts counts;
	enum result res = RES_OK;

	redis_server_kill(w->rig.server);
	for (int i = 0; i < 1000; i++)
		res = add(w, "a.example", "x");
	assert_int_equal(res, RES_FULL);
	writer_count(w->writer, &counts);
	assert_true(counts.waiting < 100);
	assert_int_equal(counts.dropped, 0);
	assert_true(redis_server_restart(w->rig.server));
}

#define WITH_REDIS(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		WITH_REDIS(one_is_added_read_and_forgotten),
		WITH_REDIS(no_more_in_an_hour_than_there_may_be),
		WITH_REDIS(what_is_too_long_is_not_added),
		WITH_REDIS(a_flood_leaves_room_for_other_writes),
	};

	return cmocka_run_group_tests_name("store/failure", cases, NULL, NULL);
}
