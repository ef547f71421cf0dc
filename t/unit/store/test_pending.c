/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/pending.h"

#include "base/buf.h"
#include "support/case.h"

#include <stdio.h>

static void push(struct pending *p, const char *name, int64_t now_ms)
{
	assert_int_equal(pending_push(p, slice_of(name), now_ms), RES_OK);
}

static void wants(bool found, struct slice got, const char *want)
{
	assert_true(found);
	assert_int_equal(got.len, slice_of(want).len);
	assert_memory_equal(got.at, want, got.len);
}

static void takes_both_ends(void **state)
{
	struct pending *p = pending_new(10);
	struct slice name;

	(void)state;
	push(p, "a", 1);
	push(p, "b", 2);
	push(p, "c", 3);
	wants(pending_take_newest(p, &name), name, "c");
	wants(pending_take_oldest(p, &name), name, "a");
	wants(pending_take_oldest(p, &name), name, "b");
	assert_false(pending_take_oldest(p, &name));
	assert_false(pending_take_newest(p, &name));
	pending_free(p);
}

static void keeps_one_of_each(void **state)
{
	struct pending *p = pending_new(3);
	struct slice name;

	(void)state;
	push(p, "a", 1);
	push(p, "b", 2);
	push(p, "a", 3);
	assert_int_equal(pending_count(p), 2);
	/* The same name again is the newest, and waits since the first. */
	assert_int_equal(pending_oldest_ms(p, 9), 2);
	wants(pending_take_oldest(p, &name), name, "b");
	assert_int_equal(pending_oldest_ms(p, 9), 1);
	wants(pending_take_newest(p, &name), name, "a");
	assert_int_equal(pending_oldest_ms(p, 9), 9);
	pending_free(p);
}

static void note(void *ctx, struct slice name)
{
	buf_add(ctx, name);
}

static void shows_each_push_once(void **state)
{
	struct pending *p = pending_new(10);
	struct slice name;
	struct buf seen;

	(void)state;
	buf_init(&seen, 100);
	push(p, "a", 1);
	push(p, "b", 2);
	push(p, "c", 3);
	pending_show_new(p, note, &seen);
	assert_string_equal(buf_text(&seen), "cba");
	buf_reset(&seen);
	pending_show_new(p, note, &seen);
	assert_string_equal(buf_text(&seen), "");
	push(p, "b", 4);
	push(p, "d", 5);
	wants(pending_take_oldest(p, &name), name, "a");
	pending_show_new(p, note, &seen);
	assert_string_equal(buf_text(&seen), "db");
	assert_int_equal(pending_count(p), 3);
	buf_clear(&seen);
	pending_free(p);
}

static void is_bounded(void **state)
{
	struct pending *p = pending_new(2);
	struct slice name;

	(void)state;
	push(p, "a", 1);
	push(p, "b", 2);
	assert_string_equal(
		result_name(pending_push(p, slice_of("c"), 3)), "full");
	push(p, "a", 4);
	assert_int_equal(pending_count(p), 2);
	wants(pending_take_oldest(p, &name), name, "b");
	push(p, "c", 5);
	pending_clear(p);
	assert_int_equal(pending_count(p), 0);
	push(p, "c", 5);
	wants(pending_take_newest(p, &name), name, "c");
	pending_free(p);
	pending_free(NULL);
}

static void holds_any_octet(void **state)
{
	struct pending *p = pending_new(10);
	struct slice name;

	(void)state;
	assert_int_equal(pending_push(p, slice_make("a\0b", 3), 1), RES_OK);
	assert_int_equal(pending_push(p, slice_make("a\0c", 3), 1), RES_OK);
	assert_int_equal(pending_push(p, slice_make(NULL, 0), 1), RES_OK);
	assert_int_equal(pending_count(p), 3);
	assert_true(pending_take_newest(p, &name));
	assert_int_equal(name.len, 0);
	assert_true(pending_take_oldest(p, &name));
	assert_memory_equal(name.at, "a\0b", 3);
	pending_free(p);
}

/* Past the first number of buckets, against a simple account of it. */
static void grows(void **state)
{
	enum { MANY = 50000 };
	struct pending *p = pending_new(MANY);
	struct slice name;
	char text[16];

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(text, sizeof(text), "%u", i);
		push(p, text, i);
	}
	for (unsigned i = 0; i < MANY; i += 2) {
		(void)snprintf(text, sizeof(text), "%u", i);
		push(p, text, MANY);
	}
	assert_int_equal(pending_count(p), MANY);
	for (unsigned i = 1; i < MANY; i += 2) {
		(void)snprintf(text, sizeof(text), "%u", i);
		wants(pending_take_oldest(p, &name), name, text);
	}
	for (unsigned i = MANY; i > 0; i -= 2) {
		(void)snprintf(text, sizeof(text), "%u", i - 2);
		wants(pending_take_newest(p, &name), name, text);
	}
	assert_int_equal(pending_count(p), 0);
	pending_free(p);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("names leave at both ends", takes_both_ends, NULL),
		CASE("a name waits once", keeps_one_of_each, NULL),
		CASE("what was pushed since is shown once, newest first",
			shows_each_push_once, NULL),
		CASE("there is a bound", is_bounded, NULL),
		CASE("a name may hold any octet", holds_any_octet, NULL),
		CASE("many names keep their order", grows, NULL),
	};

	return cmocka_run_group_tests_name("store/pending", cases, NULL, NULL);
}
