/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/table.h"

#include "support/case.h"

#include <stdio.h>
#include <string.h>

/* A value that counts how often it was freed. */
struct value {
	unsigned freed;
};

static void count_free(void *v)
{
	((struct value *)v)->freed++;
}

static struct slice key_of(char text[24], unsigned i)
{
	(void)snprintf(text, 24, "key-%u", i);
	return slice_of(text);
}

static void put(struct table *t, const char *key, struct value *v)
{
	assert_string_equal(result_name(table_put(t, slice_of(key), v)),
		result_name(RES_OK));
}

static void finds_what_was_put(void **state)
{
	struct table *t = table_new(5000, NULL);
	static struct value value[5000];
	char text[24];

	(void)state;
	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(
			table_put(t, key_of(text, i), &value[i]), RES_OK);
	assert_int_equal(table_count(t), 5000);
	for (unsigned i = 0; i < 5000; i++)
		assert_ptr_equal(table_find(t, key_of(text, i)), &value[i]);
	assert_null(table_find(t, slice_of("key-5000")));
	table_free(t);
}

static void the_least_used_goes_first(void **state)
{
	struct value a = { 0 };
	struct value b = { 0 };
	struct value c = { 0 };
	struct table *t = table_new(2, count_free);

	(void)state;
	put(t, "a", &a);
	put(t, "b", &b);
	assert_ptr_equal(table_find(t, slice_of("a")), &a);
	put(t, "c", &c);
	assert_int_equal(table_count(t), 2);
	assert_null(table_find(t, slice_of("b")));
	assert_int_equal(b.freed, 1);
	assert_int_equal(a.freed, 0);
	table_free(t);
	assert_int_equal(a.freed, 1);
	assert_int_equal(c.freed, 1);
}

static void a_new_value_frees_the_old(void **state)
{
	struct value a = { 0 };
	struct value b = { 0 };
	struct table *t = table_new(2, count_free);

	(void)state;
	put(t, "k", &a);
	put(t, "k", &b);
	assert_int_equal(table_count(t), 1);
	assert_int_equal(a.freed, 1);
	assert_ptr_equal(table_find(t, slice_of("k")), &b);
	put(t, "k", &b);
	assert_int_equal(b.freed, 0);
	table_free(t);
}

static void removes(void **state)
{
	struct value a = { 0 };
	struct table *t = table_new(2, count_free);

	(void)state;
	put(t, "k", &a);
	assert_true(table_remove(t, slice_of("k")));
	assert_false(table_remove(t, slice_of("k")));
	assert_int_equal(a.freed, 1);
	assert_null(table_find(t, slice_of("k")));
	assert_int_equal(table_count(t), 0);
	table_free(t);
}

static void clears(void **state)
{
	struct value a = { 0 };
	struct value b = { 0 };
	struct table *t = table_new(5, count_free);

	(void)state;
	put(t, "a", &a);
	put(t, "b", &b);
	table_clear(t);
	assert_int_equal(table_count(t), 0);
	assert_int_equal(a.freed + b.freed, 2);
	put(t, "a", &a);
	assert_ptr_equal(table_find(t, slice_of("a")), &a);
	table_free(t);
}

static void keys_are_copied_octets(void **state)
{
	struct value a = { 0 };
	struct value b = { 0 };
	struct value c = { 0 };
	struct table *t = table_new(5, NULL);
	char key[] = "x\0y";

	(void)state;
	assert_int_equal(table_put(t, slice_make(key, 3), &a), RES_OK);
	key[2] = 'z';
	assert_int_equal(table_put(t, slice_make(key, 3), &b), RES_OK);
	assert_int_equal(table_put(t, slice_make(NULL, 0), &c), RES_OK);
	assert_ptr_equal(table_find(t, slice_make("x\0y", 3)), &a);
	assert_ptr_equal(table_find(t, slice_make("x\0z", 3)), &b);
	assert_ptr_equal(table_find(t, slice_of("")), &c);
	assert_null(table_find(t, slice_of("x")));
	table_free(t);
}

/* Random puts, finds and removes against a plain array. */
static void agrees_with_an_array(void **state)
{
	static struct value value[64];
	struct value *model[64] = { NULL };
	struct table *t = table_new(64, NULL);
	uint32_t x = 12345;
	char text[24];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		unsigned k;

		x = x * 1664525u + 1013904223u;
		k = (x >> 8) % 64;
		if ((x >> 20) % 3 == 0) {
			assert_int_equal(table_remove(t, key_of(text, k)),
				model[k] != NULL);
			model[k] = NULL;
		} else {
			model[k] = &value[(x >> 14) % 64];
			assert_int_equal(
				table_put(t, key_of(text, k), model[k]),
				RES_OK);
		}
		k = (x >> 3) % 64;
		assert_ptr_equal(table_find(t, key_of(text, k)), model[k]);
	}
	table_free(t);
}

static void nothing_may_be_freed(void **state)
{
	(void)state;
	table_free(NULL);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("what was put is found", finds_what_was_put, NULL),
		CASE("the least recently used goes when it is full",
			the_least_used_goes_first, NULL),
		CASE("a new value of a key frees the old one",
			a_new_value_frees_the_old, NULL),
		CASE("what is removed is gone", removes, NULL),
		CASE("a cleared table can be used again", clears, NULL),
		CASE("keys are copied and may hold any octet",
			keys_are_copied_octets, NULL),
		CASE("twenty thousand changes leave what they should",
			agrees_with_an_array, NULL),
		CASE("no table may be freed", nothing_may_be_freed, NULL),
	};

	return cmocka_run_group_tests_name("base/table", cases, NULL, NULL);
}
