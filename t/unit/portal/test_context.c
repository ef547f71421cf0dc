/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/context.h"

#include "base/clock.h"
#include "conf/conf.h"
#include "support/case.h"
#include "support/redis_server.h"

#include <stdio.h>
#include <string.h>

#define REF "00000000000000000"

/* A clock that a test moves. */
static int64_t read_now(void *ctx)
{
	return *(const int64_t *)ctx;
}

struct world {
	struct redis_server *redis;
	struct context *context;
	struct conf *conf;
	int64_t now_ms;
	struct clock clock;
	char ip[64];
};

static struct conf *load(const char *socket)
{
	struct conf *conf = NULL;
	struct buf text;
	struct buf errors;

	buf_init(&text, 4096);
	buf_init(&errors, 4096);
	buf_add_format(&text,
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"unix:/nowhere\" }\n"
		"redis { servers = {\"unix:%s\"} timeout_ms = 200\n"
		"breaker_probe_ms = 1000 sync_timeout_ms = 500 }\n",
		socket);
	if (conf_load_text("test", buf_slice(&text), &conf, &errors) != RES_OK)
		fail_msg("conf: %s", buf_text(&errors));
	buf_clear(&text);
	buf_clear(&errors);
	return conf;
}

static void open_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->now_ms = 1000000;
	w->clock = (struct clock){
		.mono_ms = read_now, .wall_ms = read_now, .ctx = &w->now_ms
	};
	w->redis = redis_server_start();
	assert_non_null(w->redis);
	assert_true(REDIS_DO(w->redis, "HSET", "rp:case:" REF, "ip",
		"192.0.2.7", "code", "BLOCKED_SELF"));
	w->conf = load(redis_server_socket(w->redis));
	assert_int_equal(context_open(&w->context, w->conf, &w->clock), RES_OK);
}

static void close_world(struct world *w)
{
	context_close(w->context);
	conf_release(w->conf);
	redis_server_stop(w->redis);
}

static void keep_ip(void *ctx, struct slice field, struct slice value)
{
	struct world *w = ctx;

	if (slice_is_equal(field, slice_of("ip")))
		snprintf(w->ip, sizeof(w->ip), "%.*s", SLICE_ARG(value));
}

static void expect_read(struct world *w, const char *ref, enum result want)
{
	w->ip[0] = '\0';
	assert_string_equal(result_name(context_read_case(
				    w->context, slice_of(ref), keep_ip, w)),
		result_name(want));
	assert_string_equal(w->ip, want == RES_OK ? "192.0.2.7" : "");
}

static void reads_a_case(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	expect_read(&w, REF, RES_OK);
	expect_read(&w, "ZZZZZZZZZZZZZZZZ0", RES_SYNTAX);
	assert_true(REDIS_DO(w.redis, "DEL", "rp:case:" REF));
	expect_read(&w, REF, RES_MISSING);
	assert_int_equal(context_ping(w.context), RES_OK);
	close_world(&w);
}

/* Also with a connection that died while nobody asked. */
static void survives_a_restart(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	expect_read(&w, REF, RES_OK);
	assert_true(redis_server_restart(w.redis));
	expect_read(&w, REF, RES_MISSING);
	close_world(&w);
}

static void waits_between_tries(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	redis_server_kill(w.redis);
	expect_read(&w, REF, RES_DOWN);
	assert_int_equal(context_ping(w.context), RES_DOWN);
	assert_true(redis_server_restart(w.redis));
	w.now_ms += 999;
	assert_int_equal(context_ping(w.context), RES_DOWN);
	w.now_ms += 1;
	assert_int_equal(context_ping(w.context), RES_OK);
	close_world(&w);
}

static void does_not_hang(void **state)
{
	struct world w;
	int64_t start;

	(void)state;
	open_world(&w);
	expect_read(&w, REF, RES_OK);
	redis_server_freeze(w.redis);
	start = clock_mono_ms(clock_system());
	assert_int_not_equal(context_ping(w.context), RES_OK);
	assert_int_not_equal(context_ping(w.context), RES_OK);
	assert_true(clock_mono_ms(clock_system()) - start < 5000);
	redis_server_thaw(w.redis);
	w.now_ms += 1000;
	expect_read(&w, REF, RES_OK);
	close_world(&w);
}

static void follows_a_new_conf(void **state)
{
	struct world w;
	struct conf *other = load("/nonexistent/redis.sock");
	struct conf *seen;

	(void)state;
	open_world(&w);
	expect_read(&w, REF, RES_OK);
	context_reload(w.context, other);
	seen = context_conf(w.context);
	assert_ptr_equal(seen, other);
	conf_release(seen);
	expect_read(&w, REF, RES_DOWN);
	context_reload(w.context, w.conf);
	w.now_ms += 1000;
	expect_read(&w, REF, RES_OK);
	conf_release(other);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a case is read, and a missing one is missing",
			reads_a_case, NULL),
		CASE("a restart of Redis between two pages is not noticed",
			survives_a_restart, NULL),
		CASE("a Redis that is away is tried once a second",
			waits_between_tries, NULL),
		CASE("a frozen Redis costs its deadline, once", does_not_hang,
			NULL),
		CASE("a new conf is followed to another server",
			follows_a_new_conf, NULL),
	};

	return cmocka_run_group_tests_name("portal/context", cases, NULL, NULL);
}
