/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/details.h"

#include "base/arena.h"
#include "store/redis.h"
#include "support/case.h"
#include "support/redis_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 10000, KEYS_MAX = 64 };

static const struct details_bounds bounds = { .reason_max = 32,
	.value_max = 1024 };

struct desk {
	struct redis_server *server;
	struct redis *redis;
	struct arena *arena;
};

static int set_up(void **state)
{
	static struct desk desk;
	const struct redis_login login = {
		.user = "", .password = "", .timeout_ms = PATIENCE_MS
	};
	struct endpoint at = { .kind = ENDPOINT_UNIX };

	desk.server = redis_server_start();
	if (desk.server == NULL)
		return -1;
	snprintf(at.path, sizeof(at.path), "%s",
		redis_server_socket(desk.server));
	desk.arena = arena_new(1 << 20);
	*state = &desk;
	return redis_open(&desk.redis, &at, &login, NULL) == RES_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	struct desk *desk = *state;

	redis_close(desk->redis);
	redis_server_stop(desk->server);
	arena_free(desk->arena);
	return 0;
}

static struct details read_one(struct desk *desk, const char *key)
{
	struct details d = { .key = slice_of(key) };

	assert_string_equal(result_name(details_read(
				    desk->redis, &bounds, desk->arena, &d, 1)),
		"ok");
	return d;
}

static void assert_slice(struct slice got, const char *want)
{
	char text[128];

	assert_true(got.len < sizeof(text));
	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(got));
	assert_string_equal(text, want);
}

static void reads_a_string_as_its_reason(void **state)
{
	struct desk *desk = *state;
	struct details d;

	assert_true(
		REDIS_DO(desk->server, "SET", "k", "spam run", "EX", "100"));
	d = read_one(desk, "k");
	assert_int_equal(d.state, DETAILS_LISTED);
	assert_slice(d.text[DETAILS_REASON], "spam run");
	assert_int_equal(d.class, LISTING_SELF);
	assert_true(d.life_ms > 90000 && d.life_ms <= 100000);
}

static void reads_every_field_of_a_hash(void **state)
{
	struct desk *desk = *state;
	struct details d;

	assert_true(REDIS_DO(desk->server, "HSET", "k", "reason", "r", "class",
		"Review ", "code", "c", "level", "7", "origin", "o", "since",
		"s", "by", "b", "note", "n", "lock", "yes", "shadow", "1",
		"force", "TRUE", "ref", "f", "other", "x"));
	d = read_one(desk, "k");
	assert_int_equal(d.state, DETAILS_LISTED);
	assert_slice(d.text[DETAILS_REASON], "r");
	assert_slice(d.text[DETAILS_CODE], "c");
	assert_slice(d.text[DETAILS_ORIGIN], "o");
	assert_slice(d.text[DETAILS_SINCE], "s");
	assert_slice(d.text[DETAILS_BY], "b");
	assert_slice(d.text[DETAILS_NOTE], "n");
	assert_slice(d.text[DETAILS_REF], "f");
	assert_string_equal(listing_class_name(d.class), "review");
	assert_int_equal(d.level, 7);
	assert_true(d.lock && d.shadow && d.force);
	assert_int_equal(d.life_ms, -1);
}

static void fields_are_optional_and_nonsense_is_the_default(void **state)
{
	struct desk *desk = *state;
	struct details d;

	assert_true(REDIS_DO(desk->server, "HSET", "k", "level", "-3", "class",
		"vip", "shadow", "no", "reason", ""));
	d = read_one(desk, "k");
	assert_int_equal(d.state, DETAILS_LISTED);
	assert_int_equal(d.class, LISTING_SELF);
	assert_int_equal(d.level, 0);
	assert_false(d.shadow || d.lock || d.force);
	assert_slice(d.text[DETAILS_REASON], "");
}

static void a_long_reason_is_cut(void **state)
{
	struct desk *desk = *state;
	const char *text = "0123456789012345678901234567890123456789";
	struct details d;

	assert_true(REDIS_DO(desk->server, "SET", "s", text));
	assert_true(REDIS_DO(desk->server, "HSET", "h", "note", text));
	d = read_one(desk, "s");
	assert_slice(
		d.text[DETAILS_REASON], "01234567890123456789012345678901");
	d = read_one(desk, "h");
	assert_slice(d.text[DETAILS_NOTE], "01234567890123456789012345678901");
}

static void what_is_gone_is_gone(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(read_one(desk, "nothing").state, DETAILS_GONE);
}

static void other_types_are_ignored(void **state)
{
	static const char *const command[][6] = {
		{ "RPUSH", "k", "x" },
		{ "SADD", "k", "x" },
		{ "ZADD", "k", "1", "x" },
		{ "XADD", "k", "*", "reason", "x" },
	};
	struct desk *desk = *state;
	size_t i;

	for (i = 0; i < sizeof(command) / sizeof(command[0]); i++) {
		struct details d;

		REDIS_DO(desk->server, "DEL", "k");
		assert_true(redis_server_do(desk->server, command[i], NULL, 0));
		d = read_one(desk, "k");
		assert_int_equal(d.state, DETAILS_IGNORED);
		assert_string_equal(d.why, "neither HASH nor STRING");
	}
}

static uint64_t output_octets(struct desk *desk)
{
	char text[64];

	/* How much the server has sent, in all. */
	assert_true(redis_server_do(desk->server,
		(const char *const[]){ "EVAL",
			"return string.match(redis.call('INFO', 'stats'), "
			"'total_net_output_bytes:(%d+)')",
			"0", NULL },
		text, sizeof(text)));
	return strtoull(text, NULL, 10);
}

static void a_value_of_100_mb_never_travels(void **state)
{
	struct desk *desk = *state;
	uint64_t before;

	assert_true(REDIS_DO(desk->server, "SETRANGE", "s", "104857599", "x"));
	assert_true(REDIS_DO(desk->server, "EVAL",
		"redis.call('HSET', 'h', 'class', 'self', 'reason', "
		"redis.call('GET', 's')) return 1",
		"0"));
	before = output_octets(desk);
	assert_int_equal(read_one(desk, "s").state, DETAILS_IGNORED);
	assert_int_equal(read_one(desk, "h").state, DETAILS_IGNORED);
	assert_string_equal(read_one(desk, "h").why, "a value is too long");
	assert_true(output_octets(desk) - before < 100000);
}

static void any_octets_come_through(void **state)
{
	struct desk *desk = *state;
	const char value[] = "a\0b\r\nc\xff";
	const struct slice set[] = { slice_of("SET"), slice_make("k\0\r\n", 4),
		slice_make(value, sizeof(value) - 1) };
	struct details d = { .key = slice_make("k\0\r\n", 4) };
	struct redis_reply reply;

	assert_int_equal(redis_command(desk->redis, set, 3, &reply), RES_OK);
	assert_int_equal(
		details_read(desk->redis, &bounds, desk->arena, &d, 1), RES_OK);
	assert_int_equal(d.text[DETAILS_REASON].len, sizeof(value) - 1);
	assert_memory_equal(
		d.text[DETAILS_REASON].at, value, sizeof(value) - 1);
}

static void many_keys_keep_their_order(void **state)
{
	struct desk *desk = *state;
	char name[KEYS_MAX][16];
	struct details d[KEYS_MAX];
	size_t i;

	for (i = 0; i < KEYS_MAX; i++) {
		snprintf(name[i], sizeof(name[i]), "k%zu", i);
		d[i].key = slice_of(name[i]);
		if (i % 3 == 0)
			REDIS_DO(desk->server, "SET", name[i], name[i]);
		else if (i % 3 == 1)
			REDIS_DO(desk->server, "HSET", name[i], "reason",
				name[i]);
	}
	assert_int_equal(
		details_read(desk->redis, &bounds, desk->arena, d, KEYS_MAX),
		RES_OK);
	for (i = 0; i < KEYS_MAX; i++) {
		if (i % 3 == 2)
			assert_int_equal(d[i].state, DETAILS_GONE);
		else
			assert_slice(d[i].text[DETAILS_REASON], name[i]);
	}
}

static void a_refused_command_is_no_answer(void **state)
{
	struct desk *desk = *state;
	const struct slice auth[] = { slice_of("AUTH"), slice_of("weak"),
		slice_of("pw") };
	struct details d = { .key = slice_of("k") };
	struct redis_reply reply;

	assert_true(REDIS_DO(desk->server, "SET", "k", "x"));
	assert_true(REDIS_DO(desk->server, "ACL", "SETUSER", "weak", "on",
		">pw", "~*", "+type", "+auth"));
	assert_int_equal(redis_command(desk->redis, auth, 3, &reply), RES_OK);
	assert_string_equal(result_name(details_read(
				    desk->redis, &bounds, desk->arena, &d, 1)),
		"denied");
	assert_int_equal(d.state, DETAILS_UNKNOWN);
	assert_false(redis_is_broken(desk->redis));
}

static void the_best_key_of_an_entry_is_chosen(void **state)
{
	struct details d[4];

	(void)state;
	memset(d, 0, sizeof(d));
	assert_null(details_choose(d, 0));
	d[0].state = DETAILS_GONE;
	d[1].state = DETAILS_IGNORED;
	assert_ptr_equal(details_choose(d, 2), &d[1]);
	d[2].state = DETAILS_LISTED;
	d[2].shadow = true;
	assert_ptr_equal(details_choose(d, 3), &d[2]);
	d[3].state = DETAILS_LISTED;
	assert_ptr_equal(details_choose(d, 4), &d[3]);
	d[2].shadow = false;
	assert_ptr_equal(details_choose(d, 4), &d[2]);
}

#define WITH_REDIS(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		WITH_REDIS(reads_a_string_as_its_reason),
		WITH_REDIS(reads_every_field_of_a_hash),
		WITH_REDIS(fields_are_optional_and_nonsense_is_the_default),
		WITH_REDIS(a_long_reason_is_cut),
		WITH_REDIS(what_is_gone_is_gone),
		WITH_REDIS(other_types_are_ignored),
		WITH_REDIS(a_value_of_100_mb_never_travels),
		WITH_REDIS(any_octets_come_through),
		WITH_REDIS(many_keys_keep_their_order),
		WITH_REDIS(a_refused_command_is_no_answer),
		cmocka_unit_test(the_best_key_of_an_entry_is_chosen),
	};

	return cmocka_run_group_tests_name("store/details", cases, NULL, NULL);
}
