/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arena.h"

#include "support/case.h"

#include <stdalign.h>
#include <string.h>

static void hands_out_zeroed_and_aligned(void **state)
{
	struct arena *a = arena_new(100000);

	(void)state;
	assert_non_null(a);
	for (size_t len = 1; len < 300; len++) {
		static const char zero[300];
		char *at = arena_alloc(a, len);

		assert_non_null(at);
		assert_int_equal((uintptr_t)at % alignof(max_align_t), 0);
		assert_memory_equal(at, zero, len);
		memset(at, 0xa5, len);
	}
	arena_free(a);
}

static void memory_is_zero_again_after_reset(void **state)
{
	static const char zero[64];
	struct arena *a = arena_new(1000);
	char *at = NULL;

	(void)state;
	at = arena_alloc(a, 64);
	assert_non_null(at);
	memset(at, 0xff, 64);
	arena_reset(a);
	assert_int_equal(arena_used(a), 0);
	at = arena_alloc(a, 64);
	assert_non_null(at);
	assert_memory_equal(at, zero, 64);
	arena_free(a);
}

static void stops_at_its_bound(void **state)
{
	struct arena *a = arena_new(100);

	(void)state;
	assert_null(arena_alloc(a, 101));
	assert_null(arena_alloc(a, SIZE_MAX));
	assert_non_null(arena_alloc(a, 100));
	assert_null(arena_alloc(a, 1));
	assert_int_equal(arena_used(a), 100);
	arena_reset(a);
	assert_non_null(arena_alloc(a, 100));
	arena_free(a);
}

static void one_octet_at_a_time_is_bounded(void **state)
{
	struct arena *a = arena_new(10000);
	size_t count = 0;

	(void)state;
	while (arena_alloc(a, 1) != NULL) {
		count++;
		assert_in_range(count, 1, 10000);
	}
	assert_in_range(arena_used(a), 1, 10000);
	arena_free(a);
}

static void holds_pieces_larger_than_a_block(void **state)
{
	struct arena *a = arena_new(1 << 20);
	char *big = NULL;
	char *small = NULL;

	(void)state;
	small = arena_alloc(a, 10);
	big = arena_alloc(a, 500000);
	assert_non_null(small);
	assert_non_null(big);
	memset(big, 'b', 500000);
	memset(small, 's', 10);
	assert_int_equal(big[0], 'b');
	assert_int_equal(big[499999], 'b');
	arena_free(a);
}

static void copies(void **state)
{
	struct arena *a = arena_new(100);
	char text[] = "a\0b";
	struct slice copy;

	(void)state;
	assert_int_equal(arena_copy(a, slice_make(text, 3), &copy), RES_OK);
	text[0] = 'x';
	assert_int_equal(copy.len, 3);
	assert_memory_equal(copy.at, "a\0b", 3);
	assert_int_equal(arena_copy(a, slice_make(NULL, 0), &copy), RES_OK);
	assert_int_equal(copy.len, 0);
	arena_free(a);
}

static void a_copy_without_room_is_empty(void **state)
{
	struct arena *a = arena_new(4);
	struct slice copy = slice_of("old");

	(void)state;
	assert_string_equal(
		result_name(arena_copy(a, slice_of("12345"), &copy)),
		result_name(RES_TOOBIG));
	assert_true(slice_is_empty(copy));
	assert_null(arena_text(a, slice_of("1234")));
	assert_string_equal(arena_text(a, slice_of("123")), "123");
	arena_free(a);
}

static void text_ends_in_a_nul(void **state)
{
	struct arena *a = arena_new(100);
	const char *text = NULL;

	(void)state;
	text = arena_text(a, slice_make("abcdef", 3));
	assert_string_equal(text, "abc");
	assert_string_equal(arena_text(a, slice_make(NULL, 0)), "");
	text = arena_text(a, slice_make("a\0b", 3));
	assert_memory_equal(text, "a\0b", 4);
	arena_free(a);
}

static void nothing_may_be_freed(void **state)
{
	(void)state;
	arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("memory is zero and fits any type",
			hands_out_zeroed_and_aligned, NULL),
		CASE("memory is zero again after a reset",
			memory_is_zero_again_after_reset, NULL),
		CASE("nothing is handed out past the bound", stops_at_its_bound,
			NULL),
		CASE("many small pieces end at the bound too",
			one_octet_at_a_time_is_bounded, NULL),
		CASE("a piece may be larger than a block",
			holds_pieces_larger_than_a_block, NULL),
		CASE("a copy does not change with its source", copies, NULL),
		CASE("a copy that has no room is empty",
			a_copy_without_room_is_empty, NULL),
		CASE("text ends in a NUL and keeps those inside",
			text_ends_in_a_nul, NULL),
		CASE("no arena may be freed", nothing_may_be_freed, NULL),
	};

	return cmocka_run_group_tests_name("base/arena", cases, NULL, NULL);
}
