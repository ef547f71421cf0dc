/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/fields.h"

#include "base/arena.h"
#include "support/case.h"

#include <stdlib.h>
#include <string.h>

enum { MEMORY = 200000 };

struct row {
	const char *value;
	bool lacks_blank;
	const char *kept;
};

static void keeps(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new(MEMORY);
	struct fields f = { .room = 0 };

	fields_start(&f, a, 10);
	fields_add(&f, slice_of("Subject"), slice_of(row->value),
		row->lacks_blank);
	assert_int_equal(f.message.field_count, 1);
	assert_true(
		slice_is_equal(f.message.fields[0].value, slice_of(row->kept)));
	assert_false(f.message.fields[0].is_cut);
	fields_clear(&f);
	arena_free(a);
}

static void keeps_hundreds_in_their_order(void **state)
{
	struct arena *a = arena_new(MEMORY);
	struct fields f = { .room = 0 };

	(void)state;
	fields_start(&f, a, 1000);
	for (int i = 0; i < 300; i++)
		fields_add(&f, slice_of(i % 2 == 0 ? "A" : "b"),
			slice_of(i == 299 ? " last" : " x"), false);
	assert_false(f.message.is_header_partial);
	assert_int_equal(f.message.field_count, 300);
	assert_int_equal(message_count(&f.message, slice_of("B")), 150);
	assert_true(
		slice_is_equal(f.message.fields[299].value, slice_of(" last")));
	fields_clear(&f);
	arena_free(a);
}

static void says_that_fields_are_missing(void **state)
{
	struct arena *a = arena_new(MEMORY);
	struct fields f = { .room = 0 };

	(void)state;
	fields_start(&f, a, 2);
	for (int i = 0; i < 3; i++) {
		assert_false(f.message.is_header_partial);
		fields_add(&f, slice_of("A"), slice_of(" x"), false);
	}
	assert_true(f.message.is_header_partial);
	assert_int_equal(f.message.field_count, 2);
	assert_int_equal(f.message.header_count, 3);
	fields_clear(&f);
	arena_free(a);
}

static void says_that_memory_did_not_do(void **state)
{
	struct arena *a = arena_new(65536);
	struct fields f = { .room = 0 };
	char *value = malloc(50000);

	(void)state;
	assert_non_null(value);
	memset(value, 'x', 50000);
	fields_start(&f, a, 10);
	fields_add(&f, slice_of("A"), slice_make(value, 50000), false);
	assert_false(f.message.is_header_partial);
	fields_add(&f, slice_of("B"), slice_make(value, 50000), false);
	assert_true(f.message.is_header_partial);
	/* Nothing behind a hole, or it would seem to be whole. */
	fields_add(&f, slice_of("C"), slice_of(" x"), false);
	assert_int_equal(f.message.field_count, 1);
	fields_clear(&f);
	arena_free(a);
	free(value);
}

/* Or a forger hides the author behind fields of no use. */
static void keeps_from_beyond_its_bounds(void **state)
{
	struct arena *a = arena_new(MEMORY);
	struct fields f = { .room = 0 };

	(void)state;
	fields_start(&f, a, 2);
	for (int i = 0; i < 4; i++)
		fields_add(&f, slice_of("A"), slice_of(" x"), false);
	for (int i = 0; i < 3; i++)
		fields_add(&f, slice_of("FROM"), slice_of("a@b"), true);
	assert_int_equal(f.message.field_count, 2);
	assert_int_equal(f.message.late_from_count, 2);
	assert_true(
		slice_is_equal(f.message.late_from[1].value, slice_of(" a@b")));
	assert_false(f.message.is_from_lost);
	fields_start(&f, NULL, 2);
	assert_int_equal(f.message.late_from_count, 0);
	assert_true(f.message.is_from_lost);
	fields_clear(&f);
	arena_free(a);
}

static void marks_a_field_that_may_be_cut(void **state)
{
	struct arena *a = arena_new(MEMORY);
	struct fields f = { .room = 0 };
	char *value = malloc(60000);

	(void)state;
	assert_non_null(value);
	memset(value, 'x', 60000);
	fields_start(&f, a, 10);
	fields_add(&f, slice_of("A"), slice_make(value, 58998), false);
	fields_add(&f, slice_of("A"), slice_make(value, 58999), false);
	assert_false(f.message.fields[0].is_cut);
	assert_true(f.message.fields[1].is_cut);
	fields_clear(&f);
	arena_free(a);
	free(value);
}

static void counts_results_that_claim_our_name(void **state)
{
	const unsigned want[] = { 2, 3, 5 };
	struct fields f = { .room = 0 };

	(void)state;
	fields_start(&f, NULL, 0);
	for (unsigned i = 1; i <= 5; i++)
		fields_note_results(&f, i == 2 || i == 3 || i == 5, 3);
	assert_int_equal(f.forged.count, 3);
	assert_memory_equal(f.forged.at, want, sizeof(want));
	assert_false(f.forged.is_partial);
	fields_note_results(&f, true, 3);
	assert_true(f.forged.is_partial);
	fields_start(&f, NULL, 0);
	assert_int_equal(f.forged.count, 0);
	fields_note_results(&f, true, 3);
	assert_int_equal(f.forged.at[0], 1);
	fields_clear(&f);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("From is kept beyond the bounds",
			keeps_from_beyond_its_bounds, NULL),
		CASE("a value is kept with its blank", keeps,
			(&(struct row){ "  x ", false, "  x " })),
		CASE("a value without a blank stays without", keeps,
			(&(struct row){ "x", false, "x" })),
		CASE("the blank that the MTA took comes back", keeps,
			(&(struct row){ "x", true, " x" })),
		CASE("folds become CRLF", keeps,
			(&(struct row){
				" a\n\tb\n c", false, " a\r\n\tb\r\n c" })),
		CASE("folds that are CRLF stay so", keeps,
			(&(struct row){
				" a\r\n\tb\n c", true, "  a\r\n\tb\r\n c" })),
		CASE("an empty value stays empty", keeps,
			(&(struct row){ "", false, "" })),
		cmocka_unit_test(keeps_hundreds_in_their_order),
		cmocka_unit_test(says_that_fields_are_missing),
		cmocka_unit_test(says_that_memory_did_not_do),
		cmocka_unit_test(marks_a_field_that_may_be_cut),
		cmocka_unit_test(counts_results_that_claim_our_name),
	};

	return cmocka_run_group_tests_name("judge/fields", cases, NULL, NULL);
}
