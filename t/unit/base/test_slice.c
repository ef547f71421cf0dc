/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/slice.h"

#include "support/case.h"

#include <string.h>

/* For a slice and the text that it should be. */
static void assert_slice(struct slice got, const char *want)
{
	assert_int_equal(got.len, strlen(want));
	if (got.len > 0)
		assert_memory_equal(got.at, want, got.len);
}

struct number_row {
	const char *text;
	uint64_t min;
	uint64_t max;
	enum result want;
	uint64_t value;
};

static void reads_a_number(void **state)
{
	const struct number_row *row = *state;
	uint64_t got = 77;

	assert_string_equal(result_name(slice_parse_u64(slice_of(row->text),
				    row->min, row->max, &got)),
		result_name(row->want));
	assert_int_equal(got, row->want == RES_OK ? row->value : 77);
}

struct pair_row {
	const char *a;
	const char *b;
	bool equal;
	bool equal_nocase;
	bool prefix;
	bool prefix_nocase;
};

static void compares(void **state)
{
	const struct pair_row *row = *state;
	struct slice a = slice_of(row->a);
	struct slice b = slice_of(row->b);

	assert_int_equal(slice_is_equal(a, b), row->equal);
	assert_int_equal(slice_is_equal_nocase(a, b), row->equal_nocase);
	assert_int_equal(slice_has_prefix(a, b), row->prefix);
	assert_int_equal(slice_has_prefix_nocase(a, b), row->prefix_nocase);
}

struct trim_row {
	const char *text;
	const char *want;
};

static void trims(void **state)
{
	const struct trim_row *row = *state;

	assert_slice(slice_trim(slice_of(row->text)), row->want);
}

struct cut_row {
	const char *text;
	const char *want[4]; /* ends at NULL */
};

static void cuts(void **state)
{
	const struct cut_row *row = *state;
	struct slice rest = slice_of(row->text);
	struct slice piece;
	size_t i;

	for (i = 0; row->want[i] != NULL; i++) {
		assert_true(slice_cut(&rest, ',', &piece));
		assert_slice(piece, row->want[i]);
	}
	assert_false(slice_cut(&rest, ',', &piece));
}

static void clips_parts(void **state)
{
	struct slice s = slice_of("reprieve");

	(void)state;
	assert_slice(slice_part(s, 0, 2), "re");
	assert_slice(slice_part(s, 2, 100), "prieve");
	assert_slice(slice_part(s, 8, 1), "");
	assert_slice(slice_part(s, 9, SIZE_MAX), "");
	assert_slice(slice_part(s, 2, SIZE_MAX), "prieve");
}

static void finds_octets(void **state)
{
	struct slice s = slice_make("a@b@c\0d", 7);

	(void)state;
	assert_int_equal(slice_find(s, '@'), 1);
	assert_int_equal(slice_find_last(s, '@'), 3);
	assert_int_equal(slice_find(s, '\0'), 5);
	assert_int_equal(slice_find(s, 'x'), 7);
	assert_int_equal(slice_find_last(s, 'x'), 7);
}

static void the_zero_slice_is_harmless(void **state)
{
	struct slice zero = { 0 };
	struct slice out;

	(void)state;
	assert_true(slice_is_empty(zero));
	assert_true(slice_is_empty(slice_of(NULL)));
	assert_true(slice_is_equal(zero, slice_of("")));
	assert_true(slice_has_prefix(zero, zero));
	assert_int_equal(slice_find(zero, 'a'), 0);
	assert_int_equal(slice_find_last(zero, 'a'), 0);
	assert_slice(slice_trim(zero), "");
	assert_slice(slice_part(zero, 3, 4), "");
	assert_false(slice_cut(&zero, ',', &out));
}

static void a_nul_is_an_octet(void **state)
{
	(void)state;
	assert_false(
		slice_is_equal(slice_make("a\0b", 3), slice_make("a\0c", 3)));
	assert_false(slice_is_equal(slice_make("a\0", 2), slice_of("a")));
}

#define NUMBER(text, ...) \
	CASE(text, reads_a_number, (&(struct number_row){ __VA_ARGS__ }))
#define PAIR(text, ...) \
	CASE(text, compares, (&(struct pair_row){ __VA_ARGS__ }))
#define TRIM(text, ...) CASE(text, trims, (&(struct trim_row){ __VA_ARGS__ }))
#define CUT(text, ...) CASE(text, cuts, (&(struct cut_row){ __VA_ARGS__ }))

static void orders_by_octets(void **state)
{
	(void)state;
	assert_int_equal(slice_order(slice_of("b"), "b"), 0);
	assert_true(slice_order(slice_of("a"), "b") < 0);
	assert_true(slice_order(slice_of("b"), "ab") > 0);
	assert_true(slice_order(slice_of("a"), "ab") < 0);
	assert_true(slice_order(slice_of("ab"), "a") > 0);
	assert_true(slice_order(slice_make("a\0", 2), "a") > 0);
	assert_true(slice_order(slice_of("\xff"), "z") > 0);
	assert_int_equal(slice_order(slice_make(NULL, 0), ""), 0);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		NUMBER("a number is read", "25", 0, 100, RES_OK, 25),
		NUMBER("the least number is within", "1", 1, 9, RES_OK, 1),
		NUMBER("the greatest number is within", "9", 1, 9, RES_OK, 9),
		NUMBER("a number below is out of range", "0", 1, 9, RES_RANGE,
			0),
		NUMBER("a number above is out of range", "10", 1, 9, RES_RANGE,
			0),
		NUMBER("the greatest of 64 bits is read",
			"18446744073709551615", 0, UINT64_MAX, RES_OK,
			UINT64_MAX),
		NUMBER("one more than 64 bits hold is out of range",
			"18446744073709551616", 0, UINT64_MAX, RES_RANGE, 0),
		NUMBER("thirty nines are out of range",
			"999999999999999999999999999999", 0, UINT64_MAX,
			RES_RANGE, 0),
		NUMBER("too many digits and a letter are no number",
			"99999999999999999999x", 0, UINT64_MAX, RES_SYNTAX, 0),
		NUMBER("leading zeros are read as decimal", "010", 0, 99,
			RES_OK, 10),
		NUMBER("nothing is no number", "", 0, 9, RES_SYNTAX, 0),
		NUMBER("a sign is no digit", "+1", 0, 9, RES_SYNTAX, 0),
		NUMBER("a minus is no digit", "-1", 0, 9, RES_SYNTAX, 0),
		NUMBER("a blank is no digit", " 1", 0, 9, RES_SYNTAX, 0),
		NUMBER("hexadecimal is not read", "0x1", 0, 9, RES_SYNTAX, 0),
		NUMBER("a digit of another script is not read", "\xd9\xa1", 0,
			9, RES_SYNTAX, 0),
		PAIR("same text is equal", "abc", "abc", true, true, true,
			true),
		PAIR("case counts unless told", "aBc", "AbC", false, true,
			false, true),
		PAIR("a prefix is not the whole", "abc", "ab", false, false,
			true, true),
		PAIR("longer is no prefix", "ab", "abc", false, false, false,
			false),
		PAIR("everything begins with nothing", "ab", "", false, false,
			true, true),
		PAIR("only ASCII letters fold", "[\xc3\x89", "{\xc3\xa9", false,
			false, false, false),
		TRIM("blanks at both ends go", " \t\r\na b\n ", "a b"),
		TRIM("text without blanks stays", "ab", "ab"),
		TRIM("blanks alone leave nothing", " \r\n", ""),
		CUT("a list is cut at each comma", "a,b,c",
			{ "a", "b", "c", NULL }),
		CUT("an empty piece in the middle is a piece", "a,,c",
			{ "a", "", "c", NULL }),
		CUT("a comma at the front leaves an empty piece", ",a",
			{ "", "a", NULL }),
		CUT("nothing follows a comma at the end", "a,", { "a", NULL }),
		CUT("nothing gives no piece", "", { NULL }),
		CASE("a part is clipped to what is there", clips_parts, NULL),
		CASE("octets are found from both ends", finds_octets, NULL),
		CASE("the zero slice may be handed to all",
			the_zero_slice_is_harmless, NULL),
		CASE("texts are in the order of their octets", orders_by_octets,
			NULL),
		CASE("a NUL is an octet like others", a_nul_is_an_octet, NULL),
	};

	return cmocka_run_group_tests_name("base/slice", cases, NULL, NULL);
}
