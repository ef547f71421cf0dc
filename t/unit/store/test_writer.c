/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/buf.h"
#include "store/writer.h"
#include "support/case.h"
#include "unit/store/rig.h"

#include <stdio.h>
#include <string.h>

struct pen {
	struct rig rig;
	struct writer *writer;
};

static void open_pen(struct pen *p, const char *redis)
{
	const struct rig_text more = { .redis = redis };

	rig_make(&p->rig, &more);
	assert_int_equal(
		writer_open(&p->writer, p->rig.conf, clock_system()), RES_OK);
}

static void start_pen(struct pen *p)
{
	assert_int_equal(writer_start(p->writer), RES_OK);
}

static void close_pen(struct pen *p)
{
	writer_close(p->writer);
	rig_remove(&p->rig);
}

static enum result add(
	struct pen *p, const char *verb, const char *key, const char *value)
{
	struct writer_job *j = writer_job_new();

	writer_job_command(j,
		(struct slice[]){
			slice_of(verb), slice_of(key), slice_of(value) },
		3);
	return writer_add(p->writer, j);
}

static struct writer_counts counts(struct pen *p)
{
	struct writer_counts c;

	writer_count(p->writer, &c);
	return c;
}

static void wants_written(struct pen *p, uint64_t want)
{
	for (int64_t end = rig_end();
		counts(p).written != want && rig_goes_on(end);)
		;
	assert_int_equal(counts(p).written, want);
}

static void wants_failed(struct pen *p, uint64_t want)
{
	for (int64_t end = rig_end();
		counts(p).failed != want && rig_goes_on(end);)
		;
	assert_int_equal(counts(p).failed, want);
}

static void wants_value(struct pen *p, const char *key, const char *want)
{
	char got[128] = "";

	(void)redis_server_do(p->rig.server,
		(const char *const[]){ "GET", key, NULL }, got, sizeof(got));
	assert_string_equal(got, want);
}

static void writes(void **state)
{
	struct writer_job *j = writer_job_new();
	struct pen p;

	(void)state;
	open_pen(&p, "");
	start_pen(&p);
	assert_int_equal(add(&p, "SET", "a", "b\r\n"), RES_OK);
	writer_job_command(
		j, (struct slice[]){ slice_of("INCR"), slice_of("n") }, 2);
	writer_job_command(
		j, (struct slice[]){ slice_of("INCR"), slice_of("n") }, 2);
	assert_int_equal(writer_add(p.writer, j), RES_OK);
	wants_written(&p, 2);
	wants_value(&p, "n", "2");
	assert_int_equal(counts(&p).waiting, 0);
	assert_true(counts(&p).is_connected);
	close_pen(&p);
}

/* Two commands of one job are one transaction: another client never sees the
 * first without the second. */
static void writes_together(void **state)
{
	struct writer_job *j = writer_job_new();
	struct pen p;
	char got[64] = "";

	(void)state;
	open_pen(&p, "");
	writer_job_command(j,
		(struct slice[]){
			slice_of("SET"), slice_of("a"), slice_of("1") },
		3);
	writer_job_command(j, (struct slice[]){ slice_of("NOSUCH") }, 1);
	assert_int_equal(writer_add(p.writer, j), RES_OK);
	start_pen(&p);
	wants_failed(&p, 1);
	(void)redis_server_do(p.rig.server,
		(const char *const[]){ "EXISTS", "a", NULL }, got, sizeof(got));
	assert_string_equal(got, "0");
	close_pen(&p);
}

static void waits_for_redis(void **state)
{
	struct pen p;

	(void)state;
	open_pen(&p, "");
	redis_server_kill(p.rig.server);
	start_pen(&p);
	for (unsigned i = 0; i < 200; i++) {
		char key[32];

		(void)snprintf(key, sizeof(key), "k%u", i);
		assert_int_equal(add(&p, "SET", key, "v"), RES_OK);
	}
	assert_int_equal(counts(&p).waiting, 200);
	assert_int_equal(counts(&p).written, 0);
	assert_true(redis_server_restart(p.rig.server));
	wants_written(&p, 200);
	wants_value(&p, "k199", "v");
	/* And a break in between. */
	assert_true(redis_server_restart(p.rig.server));
	assert_int_equal(add(&p, "SET", "again", "v"), RES_OK);
	wants_written(&p, 201);
	wants_value(&p, "again", "v");
	close_pen(&p);
}

static void survives_freeze(void **state)
{
	struct pen p;

	(void)state;
	open_pen(&p, "");
	start_pen(&p);
	assert_int_equal(add(&p, "SET", "a", "1"), RES_OK);
	wants_written(&p, 1);
	redis_server_freeze(p.rig.server);
	assert_int_equal(add(&p, "SET", "a", "2"), RES_OK);
	for (int64_t end = rig_end();
		counts(&p).is_connected && rig_goes_on(end);)
		;
	assert_false(counts(&p).is_connected);
	redis_server_thaw(p.rig.server);
	wants_written(&p, 2);
	wants_value(&p, "a", "2");
	close_pen(&p);
}

static void drops_what_does_not_fit(void **state)
{
	struct pen p;

	(void)state;
	open_pen(&p, "queue = 100");
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(add(&p, "SET", "a", "v"), RES_OK);
	assert_string_equal(result_name(add(&p, "SET", "a", "v")), "full");
	assert_int_equal(counts(&p).dropped, 1);
	assert_int_equal(counts(&p).waiting, 100);
	start_pen(&p);
	wants_written(&p, 100);
	close_pen(&p);
}

/* What the server refuses for good does not hold up the rest. */
static void goes_on_after_refusal(void **state)
{
	struct pen p;

	(void)state;
	open_pen(&p, "");
	assert_true(REDIS_DO(p.rig.server, "SET", "s", "text"));
	assert_int_equal(add(&p, "INCRBY", "s", "1"), RES_OK);
	assert_int_equal(add(&p, "LPUSH", "s", "1"), RES_OK);
	assert_int_equal(add(&p, "SET", "a", "v"), RES_OK);
	start_pen(&p);
	wants_failed(&p, 2);
	wants_written(&p, 1);
	assert_true(REDIS_DO(p.rig.server, "CONFIG", "SET", "maxmemory", "1"));
	assert_int_equal(add(&p, "SET", "b", "v"), RES_OK);
	wants_failed(&p, 3);
	assert_true(REDIS_DO(p.rig.server, "CONFIG", "SET", "maxmemory", "0"));
	assert_int_equal(add(&p, "SET", "b", "v"), RES_OK);
	wants_written(&p, 2);
	close_pen(&p);
}

/* A replica takes no writes: they wait until there is a primary. */
static void waits_for_a_primary(void **state)
{
	struct pen p;

	(void)state;
	open_pen(&p, "");
	start_pen(&p);
	assert_int_equal(add(&p, "SET", "a", "1"), RES_OK);
	wants_written(&p, 1);
	assert_true(REDIS_DO(p.rig.server, "REPLICAOF", "127.0.0.1", "1"));
	assert_int_equal(add(&p, "SET", "a", "2"), RES_OK);
	for (int64_t end = rig_end();
		counts(&p).is_connected && rig_goes_on(end);)
		;
	assert_int_equal(counts(&p).failed, 0);
	assert_int_equal(counts(&p).waiting, 1);
	assert_true(REDIS_DO(p.rig.server, "REPLICAOF", "NO", "ONE"));
	wants_written(&p, 2);
	wants_value(&p, "a", "2");
	close_pen(&p);
}

static void ends_in_time(void **state)
{
	int64_t began_ms;
	struct pen p;

	(void)state;
	open_pen(&p, "");
	start_pen(&p);
	redis_server_freeze(p.rig.server);
	assert_int_equal(add(&p, "SET", "a", "1"), RES_OK);
	began_ms = clock_mono_ms(clock_system());
	writer_close(p.writer);
	p.writer = NULL;
	assert_in_range(clock_mono_ms(clock_system()) - began_ms, 0, 3000);
	redis_server_thaw(p.rig.server);
	close_pen(&p);
}

static void writes_the_last(void **state)
{
	struct pen p;

	(void)state;
	open_pen(&p, "");
	start_pen(&p);
	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(add(&p, "INCRBY", "n", "1"), RES_OK);
	writer_close(p.writer);
	p.writer = NULL;
	wants_value(&p, "n", "5000");
	close_pen(&p);
}

static void refuses_what_is_too_big(void **state)
{
	struct slice many[300];
	struct writer_job *j = writer_job_new();
	struct buf big;
	struct pen p;

	(void)state;
	open_pen(&p, "");
	for (size_t i = 0; i < 300; i++)
		many[i] = slice_of("x");
	writer_job_command(j, many, 300);
	assert_string_equal(result_name(writer_add(p.writer, j)), "toobig");
	buf_init(&big, 4 << 20);
	assert_non_null(buf_reserve(&big, 2 << 20));
	memset(big.at, 'x', 2 << 20);
	buf_commit(&big, 2 << 20);
	assert_string_equal(
		result_name(add(&p, "SET", "a", buf_text(&big))), "toobig");
	buf_clear(&big);
	assert_string_equal(result_name(writer_add(p.writer, NULL)), "nomem");
	assert_int_equal(writer_add(p.writer, writer_job_new()), RES_OK);
	assert_int_equal(counts(&p).waiting, 0);
	close_pen(&p);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("jobs are written", writes, NULL),
		CASE("a job is written whole or not at all", writes_together,
			NULL),
		CASE("jobs wait for Redis", waits_for_redis, NULL),
		CASE("a frozen Redis gets them later", survives_freeze, NULL),
		CASE("what does not fit is dropped and counted",
			drops_what_does_not_fit, NULL),
		CASE("a refused job does not hold up the others",
			goes_on_after_refusal, NULL),
		CASE("jobs wait for a primary", waits_for_a_primary, NULL),
		CASE("a frozen Redis does not delay the end for long",
			ends_in_time, NULL),
		CASE("the last jobs are written at the end", writes_the_last,
			NULL),
		CASE("what is too big is refused", refuses_what_is_too_big,
			NULL),
	};

	return cmocka_run_group_tests_name("store/writer", cases, NULL, NULL);
}
