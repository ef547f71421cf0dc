/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/view.h"

#include "base/arena.h"
#include "support/case.h"

#include <string.h>

enum { MEMORY_MAX = 64 * 1024 };

static void check_text(
	const struct view *v, const char *name, const char *wanted)
{
	const struct view_value value = view_find(v, slice_of(name));

	assert_int_equal(value.text.len, strlen(wanted));
	assert_memory_equal(value.text.at, wanted, value.text.len);
}

static void keeps_values(void **state)
{
	struct arena *a = arena_new(MEMORY_MAX);
	struct view *v = view_new(a);
	char mine[] = "mine";

	(void)state;
	view_text(v, "text", mine);
	mine[0] = 'X';
	view_slice(v, "slice", slice_make("a\0b", 3));
	view_number(v, "number", INT64_MIN);
	view_format(v, "format", "%d of %s", 4, "5");
	view_say(v, "words", "Some words");
	check_text(v, "text", "mine");
	assert_int_equal(view_find(v, slice_of("slice")).text.len, 3);
	check_text(v, "number", "-9223372036854775808");
	check_text(v, "format", "4 of 5");
	check_text(v, "words", "Some words");
	assert_int_equal(view_find(v, slice_of("words")).kind, VIEW_WORDS);
	assert_int_equal(view_find(v, slice_of("tex")).kind, VIEW_NONE);
	assert_true(view_is_whole(v));
	arena_free(a);
}

static void knows_what_is_so(void **state)
{
	struct arena *a = arena_new(MEMORY_MAX);
	struct view *v = view_new(a);

	(void)state;
	view_flag(v, "yes", true);
	view_flag(v, "no", false);
	view_text(v, "empty", "");
	view_text(v, "full", "x");
	assert_true(view_find(v, slice_of("yes")).is_so);
	assert_false(view_find(v, slice_of("no")).is_so);
	assert_false(view_find(v, slice_of("empty")).is_so);
	assert_true(view_find(v, slice_of("full")).is_so);
	assert_false(view_find(v, slice_of("nothing")).is_so);
	arena_free(a);
}

static void takes_the_new_value(void **state)
{
	struct arena *a = arena_new(MEMORY_MAX);
	struct view *v = view_new(a);

	(void)state;
	view_text(v, "name", "old");
	view_text(v, "name", "new");
	check_text(v, "name", "new");
	(void)view_item(v, "name");
	assert_int_equal(view_find(v, slice_of("name")).kind, VIEW_LIST);
	view_flag(v, "name", false);
	assert_int_equal(view_find(v, slice_of("name")).kind, VIEW_FLAG);
	assert_null(view_find(v, slice_of("name")).first);
	arena_free(a);
}

static void lists_in_order(void **state)
{
	struct arena *a = arena_new(MEMORY_MAX);
	struct view *v = view_new(a);
	struct view *inner;
	const struct view *item;

	(void)state;
	view_text(v, "outer", "seen");
	view_text(v, "n", "outer");
	inner = view_item(v, "list");
	view_text(inner, "n", "1");
	(void)view_item(v, "list");
	item = view_find(v, slice_of("list")).first;
	check_text(item, "n", "1");
	check_text(item, "outer", "seen");
	item = view_next(item);
	check_text(item, "n", "outer");
	assert_null(view_next(item));
	arena_free(a);
}

static void tells_a_loss(void **state)
{
	struct arena *a = arena_new(512);
	struct view *v = view_new(a);
	struct view *item = view_item(v, "list");
	char text[1024];

	(void)state;
	assert_non_null(item);
	assert_true(view_is_whole(v));
	memset(text, 'x', sizeof(text));
	view_slice(item, "long", slice_make(text, sizeof(text)));
	assert_false(view_is_whole(item));
	assert_false(view_is_whole(v));
	arena_free(a);
}

static void survives_no_view(void **state)
{
	(void)state;
	assert_null(view_new(NULL));
	view_text(NULL, "a", "b");
	view_number(NULL, "a", 1);
	view_format(NULL, "a", "%d", 1);
	view_flag(NULL, "a", true);
	view_say(NULL, "a", "b");
	assert_null(view_item(NULL, "a"));
	assert_false(view_is_whole(NULL));
	assert_int_equal(view_find(NULL, slice_of("a")).kind, VIEW_NONE);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a value is kept as it was when it was set", keeps_values,
			NULL),
		CASE("an empty text is not so, a full one is", knows_what_is_so,
			NULL),
		CASE("a name set again has the new value", takes_the_new_value,
			NULL),
		CASE("a list keeps its order, and sees what is around it",
			lists_in_order, NULL),
		CASE("a view that lost a value says so", tells_a_loss, NULL),
		CASE("without memory for a view nothing happens",
			survives_no_view, NULL),
	};

	return cmocka_run_group_tests_name("web/view", cases, NULL, NULL);
}
