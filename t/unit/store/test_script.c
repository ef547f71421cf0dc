/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/script.h"

#include "support/case.h"
#include "unit/store/desk.h"

#include <stdlib.h>

static int set_up(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	desk_make(d, NULL);
	*state = d;
	return 0;
}

static int tear_down(void **state)
{
	desk_remove(*state);
	free(*state);
	return 0;
}

static enum result run(struct desk *d, const char *text)
{
	const struct script_call call = { 0 };
	struct redis_reply reply;

	return script_run(d->redis, text, &call, &reply);
}

static void keys_and_arguments_arrive_in_their_order(void **state)
{
	static const char odd[] = "a\0b\r\n";
	struct desk *d = *state;
	struct script_call call = { 0 };
	struct redis_reply reply, first;

	script_key(&call, slice_of("rp:one"));
	script_key_of(&call, desk_prefix(d), "rate:", slice_of("two"));
	script_arg(&call, slice_make(odd, 5));
	script_number(&call, INT64_MIN);
	script_arg(&call, slice_of(""));
	desk_result(script_run(d->redis,
			    "return {ARGV[1], #KEYS, KEYS[1] .. ' ' .. KEYS[2]"
			    " .. ' ' .. ARGV[2] .. ARGV[3]}",
			    &call, &reply),
		RES_OK);
	first = redis_element(&reply, 0);
	assert_int_equal(first.text.len, 5);
	assert_memory_equal(first.text.at, odd, 5);
	assert_int_equal(redis_element(&reply, 1).number, 2);
	assert_true(slice_is_equal(redis_element(&reply, 2).text,
		slice_of("rp:one rp:rate:two -9223372036854775808")));
}

static void what_does_not_fit_is_not_sent_in_part(void **state)
{
	struct desk *d = *state;
	struct script_call call = { 0 };
	struct redis_reply reply;

	for (size_t i = 0; i < SCRIPT_ARGS_MAX; i++)
		script_arg(&call, slice_of("x"));
	desk_result(
		script_run(d->redis, "return #ARGV", &call, &reply), RES_OK);
	assert_int_equal(reply.number, SCRIPT_ARGS_MAX);
	script_arg(&call, slice_of("one more"));
	script_arg(&call, slice_of("and another"));
	desk_result(script_run(d->redis, "return #ARGV", &call, &reply),
		RES_TOOBIG);
}

static void keys_longer_than_the_room_are_not_cut(void **state)
{
	static char text[SCRIPT_TEXT_MAX];
	struct desk *d = *state;
	struct script_call call = { 0 };
	struct redis_reply reply;

	script_key_of(&call, desk_prefix(d),
		"x:", slice_make(text, sizeof(text) - 4));
	desk_result(
		script_run(d->redis, "return 1", &call, &reply), RES_TOOBIG);
}

static void the_servers_refusals_have_their_meaning(void **state)
{
	struct desk *d = *state;

	assert_true(REDIS_DO(d->server, "SET", "rp:s", "text"));
	desk_result(
		run(d, "return redis.call('LPUSH', 'rp:s', 'x')"), RES_TYPE);
	desk_result(run(d, "this is no Lua"), RES_INTERNAL);
	desk_result(
		run(d, "return redis.error_reply('READONLY x')"), RES_READONLY);
	assert_true(REDIS_DO(d->server, "CONFIG", "SET", "maxmemory", "1"));
	desk_result(run(d, "return redis.call('SET', 'rp:t', 'x')"), RES_FULL);
	assert_true(REDIS_DO(d->server, "CONFIG", "SET", "maxmemory", "0"));
	/* And the connection is as good as before. */
	desk_result(run(d, "return redis.call('SET', 'rp:t', 'x')"), RES_OK);
}

static void a_replica_takes_no_change(void **state)
{
	struct desk *d = *state;

	assert_true(REDIS_DO(d->server, "REPLICAOF", "127.0.0.1", "1"));
	desk_result(
		run(d, "return redis.call('SET', 'rp:t', 'x')"), RES_READONLY);
	assert_true(REDIS_DO(d->server, "REPLICAOF", "NO", "ONE"));
}

static void a_dead_server_is_down(void **state)
{
	struct desk *d = *state;

	redis_server_kill(d->server);
	desk_result(run(d, "return 1"), RES_DOWN);
	assert_true(redis_server_restart(d->server));
	desk_redial(d, DESK_WAIT_MS);
	desk_result(run(d, "return 1"), RES_OK);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(keys_and_arguments_arrive_in_their_order),
		cmocka_unit_test(what_does_not_fit_is_not_sent_in_part),
		cmocka_unit_test(keys_longer_than_the_room_are_not_cut),
		cmocka_unit_test(the_servers_refusals_have_their_meaning),
		cmocka_unit_test(a_replica_takes_no_change),
		cmocka_unit_test(a_dead_server_is_down),
	};

	return cmocka_run_group_tests_name(
		"store/script", cases, set_up, tear_down);
}
