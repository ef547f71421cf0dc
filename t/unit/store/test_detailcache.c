/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/detailcache.h"

#include "base/arena.h"
#include "support/case.h"

#include <string.h>

static struct details about(const char *key, const char *reason)
{
	struct details d;

	memset(&d, 0, sizeof(d));
	d.key = slice_of(key);
	d.state = DETAILS_LISTED;
	d.class = LISTING_REVIEW;
	d.text[DETAILS_REASON] = slice_of(reason);
	return d;
}

static void keep(struct detailcache *c, const char *key, const char *reason)
{
	struct details d = about(key, reason);

	detailcache_keep(c, d.key, detailcache_ticket(c, d.key), &d, 77);
}

static bool has(struct detailcache *c, const char *key)
{
	struct arena *a = arena_new(4096);
	struct details d;
	int64_t expire_ms;
	bool found;

	assert_non_null(a);
	found = detailcache_find(c, slice_of(key), a, &d, &expire_ms);
	arena_free(a);
	return found;
}

static void gives_what_was_kept(void **state)
{
	struct detailcache *c = detailcache_new(10);
	struct arena *a = arena_new(4096);
	char reason[] = "spam run";
	struct details d;
	int64_t expire_ms = 0;

	(void)state;
	keep(c, "k", reason);
	memset(reason, 'x', sizeof(reason) - 1);
	assert_true(detailcache_find(c, slice_of("k"), a, &d, &expire_ms));
	/* What was given stays when the cache forgets. */
	detailcache_forget(c, slice_of(""));
	assert_int_equal(d.text[DETAILS_REASON].len, 8);
	assert_memory_equal(d.text[DETAILS_REASON].at, "spam run", 8);
	assert_memory_equal(d.key.at, "k", 1);
	assert_int_equal(d.class, LISTING_REVIEW);
	assert_int_equal(expire_ms, 77);
	arena_free(a);
	detailcache_free(c);
}

static void forgets_one_or_all(void **state)
{
	struct detailcache *c = detailcache_new(10);

	(void)state;
	keep(c, "a", "1");
	keep(c, "b", "2");
	keep(c, "d", "3");
	detailcache_forget(c, slice_of("a"));
	assert_false(has(c, "a"));
	assert_true(has(c, "b"));
	detailcache_forget(c, slice_of(""));
	assert_false(has(c, "b"));
	assert_int_equal(detailcache_count(c), 0);
	detailcache_free(c);
}

static void an_answer_older_than_a_change_is_not_kept(void **state)
{
	struct detailcache *c = detailcache_new(10);
	struct details d = about("a", "old");
	uint64_t ticket = detailcache_ticket(c, d.key);

	(void)state;
	detailcache_forget(c, slice_of("a"));
	detailcache_keep(c, d.key, ticket, &d, 0);
	assert_false(has(c, "a"));
	ticket = detailcache_ticket(c, d.key);
	detailcache_forget(c, slice_of(""));
	detailcache_keep(c, d.key, ticket, &d, 0);
	assert_false(has(c, "a"));
	ticket = detailcache_ticket(c, d.key);
	detailcache_keep(c, d.key, ticket, &d, 0);
	assert_true(has(c, "a"));
	detailcache_free(c);
}

static void is_bounded(void **state)
{
	struct detailcache *c = detailcache_new(2);

	(void)state;
	keep(c, "a", "1");
	keep(c, "b", "2");
	keep(c, "d", "3");
	assert_int_equal(detailcache_count(c), 2);
	assert_false(has(c, "a"));
	detailcache_free(c);
}

static void a_full_arena_costs_the_text_only(void **state)
{
	struct detailcache *c = detailcache_new(2);
	struct arena *a = arena_new(4);
	struct details d;
	int64_t expire_ms;

	(void)state;
	keep(c, "k", "a longer reason");
	assert_true(detailcache_find(c, slice_of("k"), a, &d, &expire_ms));
	assert_int_equal(d.text[DETAILS_REASON].len, 0);
	assert_int_equal(d.state, DETAILS_LISTED);
	arena_free(a);
	detailcache_free(c);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(gives_what_was_kept),
		cmocka_unit_test(forgets_one_or_all),
		cmocka_unit_test(an_answer_older_than_a_change_is_not_kept),
		cmocka_unit_test(is_bounded),
		cmocka_unit_test(a_full_arena_costs_the_text_only),
	};

	return cmocka_run_group_tests_name(
		"store/detailcache", cases, NULL, NULL);
}
