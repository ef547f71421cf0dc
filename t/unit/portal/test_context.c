/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/context.h"

#include "conf/conf.h"
#include "store/redis.h"
#include "support/case.h"
#include "unit/portal/site.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void expect_ping(struct site *s, enum result want)
{
	assert_string_equal(
		result_name(context_ping(s->context)), result_name(want));
}

static void survives_a_restart(void **state)
{
	struct site s;

	(void)state;
	site_open(&s, "");
	expect_ping(&s, RES_OK);
	assert_true(redis_server_restart(s.redis));
	expect_ping(&s, RES_OK);
	site_close(&s);
}

static void waits_between_tries(void **state)
{
	struct site s;

	(void)state;
	site_open(&s, "");
	expect_ping(&s, RES_OK);
	redis_server_kill(s.redis);
	expect_ping(&s, RES_DOWN);
	assert_true(redis_server_restart(s.redis));
	s.now_ms += 999;
	expect_ping(&s, RES_DOWN);
	s.now_ms += 1;
	expect_ping(&s, RES_OK);
	site_close(&s);
}

/* The second question must not wait: its deadline would be over only after the
 * server has thawed, and it would get an answer. */
static void does_not_hang(void **state)
{
	struct site s;

	(void)state;
	site_open(&s, "");
	expect_ping(&s, RES_OK);
	redis_server_freeze(s.redis);
	expect_ping(&s, RES_TIMEOUT);
	redis_server_thaw(s.redis);
	expect_ping(&s, RES_DOWN);
	s.now_ms += 1000;
	expect_ping(&s, RES_OK);
	site_close(&s);
}

static void read_client_id(struct site *s, char out[32])
{
	const struct slice words[] = { slice_of("CLIENT"), slice_of("ID") };
	struct context_loan *loan = NULL;
	struct redis_reply reply;

	assert_int_equal(context_take(s->context, &loan), RES_OK);
	assert_int_equal(
		redis_command(context_redis(loan), words, 2, &reply), RES_OK);
	snprintf(out, 32, "%lld", (long long)reply.number);
	context_give(s->context, loan);
}

static void keeps_a_connection(void **state)
{
	struct site s;
	char first[32];
	char second[32];
	char third[32];

	(void)state;
	site_open(&s, "");
	read_client_id(&s, first);
	s.now_ms += 60000;
	read_client_id(&s, second);
	s.now_ms += 1;
	read_client_id(&s, third);
	assert_string_equal(first, second);
	assert_string_not_equal(second, third);
	site_close(&s);
}

static void spoils_a_connection(void **state)
{
	struct context_loan *loan = NULL;
	struct site s;
	char first[32];
	char second[32];

	(void)state;
	site_open(&s, "");
	read_client_id(&s, first);
	assert_int_equal(context_take(s.context, &loan), RES_OK);
	context_spoil(loan);
	context_give(s.context, loan);
	read_client_id(&s, second);
	assert_string_not_equal(first, second);
	expect_ping(&s, RES_OK);
	site_close(&s);
}

/* Whoever comes when all are out waits for the first that comes back. */
static void *take_one(void *ctx)
{
	struct site *s = ctx;
	struct context_loan *loan = NULL;
	const enum result res = context_take(s->context, &loan);

	context_give(s->context, loan);
	return res == RES_OK ? NULL : s;
}

static void lends_no_more_than_it_has(void **state)
{
	struct context_loan *loan[CONTEXT_LOANS];
	struct context_loan *more = NULL;
	pthread_t thread;
	void *failed = NULL;
	struct site s;

	(void)state;
	site_open(&s, "");
	for (size_t i = 0; i < CONTEXT_LOANS; i++)
		assert_int_equal(context_take(s.context, &loan[i]), RES_OK);
	assert_int_equal(context_take(s.context, &more), RES_TIMEOUT);
	assert_null(more);
	assert_int_equal(pthread_create(&thread, NULL, take_one, &s), 0);
	for (size_t i = 0; i < CONTEXT_LOANS; i++)
		context_give(s.context, loan[i]);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	site_close(&s);
}

/* A conf that was changed after a visit began is not the visit's. */
static void follows_a_new_conf(void **state)
{
	struct site alone;
	struct context_view before;
	struct context_view after;
	struct conf *other;
	struct site s;
	struct buf why;

	(void)state;
	site_open(&s, "");
	alone = (struct site){ .secret = "/nonexistent/secret" };
	other = site_conf(&alone, "portal { name = \"New\" }\n");
	expect_ping(&s, RES_OK);
	context_enter(s.context, &before);
	buf_init(&why, 1024);
	assert_int_equal(context_reload(s.context, other, &why), RES_OK);
	context_enter(s.context, &after);
	assert_string_equal(before.conf->portal.name, "");
	assert_string_equal(after.conf->portal.name, "New");
	context_leave(&before);
	context_leave(&after);
	expect_ping(&s, RES_DOWN);
	assert_int_equal(context_reload(s.context, s.conf, &why), RES_OK);
	expect_ping(&s, RES_OK);
	buf_clear(&why);
	conf_release(other);
	site_close(&s);
}

static void keeps_what_works(void **state)
{
	struct context_view view;
	struct conf *other;
	struct site s;
	struct buf why;

	(void)state;
	site_open(&s, "");
	other = site_conf(
		&s, "portal { name = \"New\" site = \"/nonexistent/site\" }\n");
	buf_init(&why, 1024);
	assert_int_equal(context_reload(s.context, other, &why), RES_MISSING);
	assert_non_null(strstr(buf_text(&why), "/nonexistent/site"));
	context_enter(s.context, &view);
	assert_ptr_equal(view.conf, s.conf);
	context_leave(&view);
	buf_clear(&why);
	conf_release(other);
	site_close(&s);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a restart of Redis between two pages is not noticed",
			survives_a_restart, NULL),
		CASE("a Redis that is away is tried once a second",
			waits_between_tries, NULL),
		CASE("a frozen Redis costs its deadline, once", does_not_hang,
			NULL),
		CASE("a connection is used for a minute, so that a failover "
		     "is followed",
			keeps_a_connection, NULL),
		CASE("a connection that turned out to be to a replica is "
		     "not used again",
			spoils_a_connection, NULL),
		CASE("who finds every connection taken waits for one",
			lends_no_more_than_it_has, NULL),
		CASE("a new conf is followed to another server, and a visit "
		     "keeps the one it began with",
			follows_a_new_conf, NULL),
		CASE("a conf with texts that are not there changes nothing",
			keeps_what_works, NULL),
	};

	return cmocka_run_group_tests_name("portal/context", cases, NULL, NULL);
}
