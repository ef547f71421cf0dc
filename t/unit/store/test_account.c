/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/account.h"

#include "base/arena.h"
#include "base/clock.h"
#include "store/writer.h"
#include "support/case.h"
#include "unit/store/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAP_US = 1000, HOUR_MS = 3600000 };

struct world {
	struct desk desk;
	struct secret secret;
	struct clock clock;
	int64_t mono_ms;
	struct writer *writer;
	struct accounts *accounts;
	struct arena *arena;
};

static int64_t mono(void *at)
{
	const struct world *w = at;

	return w->mono_ms;
}

static int64_t wall(void *at)
{
	const struct world *w = at;

	return w->desk.now_ms;
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	desk_make(&w->desk, NULL);
	w->secret.len = 16;
	w->clock = (struct clock){ mono, wall, w };
	w->arena = arena_new(65536);
	assert_non_null(w->arena);
	desk_result(
		writer_open(&w->writer, w->desk.conf, clock_system()), RES_OK);
	desk_result(accounts_open(&w->accounts, w->writer, &w->clock), RES_OK);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	writer_close(w->writer);
	accounts_close(w->accounts);
	arena_free(w->arena);
	desk_remove(&w->desk);
	free(w);
	return 0;
}

static void wants_hash(struct world *w, const char *name, const char *want)
{
	char hash[SECRET_HASH_MAX];

	desk_result(account_hash(&w->secret, slice_of(name), hash), RES_OK);
	assert_true(account_is_hash(slice_of(hash)));
	assert_string_equal(hash, want);
}

static void hashes(void **state)
{
	struct world *w = *state;
	char one[SECRET_HASH_MAX], other[SECRET_HASH_MAX];

	desk_result(account_hash(&w->secret, slice_of("Ann"), one), RES_OK);
	wants_hash(w, "ann", one);
	desk_result(account_hash(&w->secret, slice_of("bob"), other), RES_OK);
	assert_string_not_equal(one, other);
	w->secret.octet[0] = 1;
	desk_result(account_hash(&w->secret, slice_of("ann"), other), RES_OK);
	assert_string_not_equal(one, other);
	desk_result(account_hash(&w->secret, slice_of(""), one), RES_SYNTAX);
}

static void tells_a_hash(void **state)
{
	static const char *const none[] = { "", "0123456789abcde",
		"0123456789abcdef0", "0123456789abcdeF", "0123456789abcdeg",
		"0123456789abcde*" };

	(void)state;
	assert_true(account_is_hash(slice_of("0123456789abcdef")));
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(account_is_hash(slice_of(none[i])));
}

static void seen(struct world *w, const char *name)
{
	char hash[SECRET_HASH_MAX];

	desk_result(account_hash(&w->secret, slice_of(name), hash), RES_OK);
	accounts_seen(w->accounts, w->desk.conf, hash, slice_of(name));
}

static size_t waiting(struct world *w)
{
	struct writer_counts c;

	writer_count(w->writer, &c);
	return c.waiting;
}

static void wants_written(struct world *w, uint64_t want)
{
	int64_t end = clock_mono_ms(clock_system()) + DESK_WAIT_MS;
	struct writer_counts c;

	do {
		(void)usleep(NAP_US);
		writer_count(w->writer, &c);
	} while (c.written < want && clock_mono_ms(clock_system()) < end);
	assert_int_equal(c.written, want);
}

static void has_a_name(void **state)
{
	struct world *w = *state;
	char hash[SECRET_HASH_MAX], key[64], answer[DESK_TEXT_MAX];
	struct slice name;

	desk_result(account_hash(&w->secret, slice_of("Ann"), hash), RES_OK);
	desk_result(account_name(
			    w->desk.redis, w->desk.conf, hash, w->arena, &name),
		RES_MISSING);
	desk_result(writer_start(w->writer), RES_OK);
	seen(w, "Ann");
	wants_written(w, 1);
	desk_result(account_name(
			    w->desk.redis, w->desk.conf, hash, w->arena, &name),
		RES_OK);
	assert_true(slice_is_equal(name, slice_of("ann")));
	snprintf(key, sizeof(key), "rp:account:%s", hash);
	DESK_WANTS(&w->desk, "1800000000000", "HGET", key, "seen_ms");
	assert_int_equal(
		strtol(DESK_ASK(&w->desk, answer, "TTL", key), NULL, 10),
		(long)w->desk.conf->trace.accounts_s);
	DESK_WANTS(&w->desk, "1", "DEL", key);
	DESK_WANTS(&w->desk, "OK", "SET", key, "text");
	desk_result(account_name(
			    w->desk.redis, w->desk.conf, hash, w->arena, &name),
		RES_TYPE);
}

static void not_too_often(void **state)
{
	struct world *w = *state;

	seen(w, "ann");
	seen(w, "ann");
	assert_int_equal(waiting(w), 1);
	seen(w, "bob");
	assert_int_equal(waiting(w), 2);
	w->mono_ms += 6 * HOUR_MS - 1;
	seen(w, "ann");
	assert_int_equal(waiting(w), 2);
	w->mono_ms += 1;
	seen(w, "ann");
	assert_int_equal(waiting(w), 3);
	/* What is not written is tried again. */
	seen(w, "ann");
	assert_int_equal(waiting(w), 3);
}

/* Whatever the MTA says a name is. */
static void hostile_name(void **state)
{
	struct world *w = *state;
	char hash[SECRET_HASH_MAX], name[2 * ACCOUNT_NAME_MAX + 1];
	struct slice got;

	memset(name, 'N', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	name[1] = '\n';
	name[2] = '"';
	desk_result(writer_start(w->writer), RES_OK);
	seen(w, name);
	wants_written(w, 1);
	desk_result(account_hash(&w->secret, slice_of(name), hash), RES_OK);
	desk_result(
		account_name(w->desk.redis, w->desk.conf, hash, w->arena, &got),
		RES_OK);
	assert_int_equal(got.len, ACCOUNT_NAME_MAX);
	assert_memory_equal(got.at, "n\n\"nnn", 6);
}

static void tries_again(void **state)
{
	struct world *w = *state;
	size_t full;

	/* A queue without a thread is full some time. */
	for (int i = 0; i < 200000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "user%d", i);
		seen(w, name);
	}
	full = waiting(w);
	seen(w, "ann");
	assert_int_equal(waiting(w), full);
	desk_result(writer_start(w->writer), RES_OK);
	wants_written(w, full);
	seen(w, "ann");
	wants_written(w, full + 1);
}

#define TEST(name, function)                            \
	{                                               \
		name, function, set_up, tear_down, NULL \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		TEST("a name has a hash, in any case", hashes),
		TEST("what is such a hash is told", tells_a_hash),
		TEST("who sends has a name", has_a_name),
		TEST("and is written down once in six hours", not_too_often),
		TEST("a hostile name is bounded", hostile_name),
		TEST("who found no room is written with the next mail",
			tries_again),
	};

	return cmocka_run_group_tests_name("store/account", cases, NULL, NULL);
}
