/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/buf.h"

#include "support/case.h"

#include <string.h>

static void assert_result(const struct buf *b, enum result want)
{
	assert_string_equal(result_name(buf_result(b)), result_name(want));
}

static void grows(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10000);
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(buf_slice(&b).len, 0);
	for (int i = 0; i < 1000; i++)
		buf_add_text(&b, "0123456789");
	assert_result(&b, RES_OK);
	assert_int_equal(buf_slice(&b).len, 10000);
	assert_int_equal(strlen(buf_text(&b)), 10000);
	assert_int_equal(b.at[9999], '9');
	buf_clear(&b);
}

static void stays_failed_with_the_first_error(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	buf_add_text(&b, "abc");
	buf_add_text(&b, "def");
	assert_result(&b, RES_TOOBIG);
	buf_add_text(&b, "d");
	buf_add_char(&b, 'd');
	buf_add_format(&b, "%d", 1);
	buf_add_escaped(&b, slice_of("d"));
	assert_null(buf_reserve(&b, 1));
	assert_string_equal(buf_text(&b), "abc");
	buf_reset(&b);
	assert_result(&b, RES_OK);
	assert_string_equal(buf_text(&b), "");
	buf_add_text(&b, "abcde");
	assert_result(&b, RES_OK);
	assert_string_equal(buf_text(&b), "abcde");
	buf_clear(&b);
}

static void can_be_used_after_clear(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 3);
	buf_add_text(&b, "abcd");
	buf_clear(&b);
	assert_result(&b, RES_OK);
	buf_add_text(&b, "abc");
	assert_string_equal(buf_text(&b), "abc");
	buf_add_char(&b, 'd');
	assert_result(&b, RES_TOOBIG);
	buf_clear(&b);
}

static void formats(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 20);
	buf_add_format(&b, "%s-%d", "ab", 12);
	buf_add_format(&b, "%.*s", SLICE_ARG(slice_make("xyz", 2)));
	assert_string_equal(buf_text(&b), "ab-12xy");
	buf_add_format(&b, "%100s", "");
	assert_result(&b, RES_TOOBIG);
	assert_string_equal(buf_text(&b), "ab-12xy");
	buf_clear(&b);
}

struct escape_row {
	struct slice in;
	const char *want;
};

static void escapes(void **state)
{
	const struct escape_row *row = *state;
	struct buf b;

	buf_init(&b, 100);
	buf_add_escaped(&b, row->in);
	assert_result(&b, RES_OK);
	assert_string_equal(buf_text(&b), row->want);
	buf_clear(&b);
}

static void an_escape_is_never_cut(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_add_escaped(&b, slice_of("a\n"));
	assert_result(&b, RES_TOOBIG);
	assert_string_equal(buf_text(&b), "");
	buf_clear(&b);
}

static void room_is_written_by_hand(void **state)
{
	struct buf b;
	char *to = NULL;

	(void)state;
	buf_init(&b, 8);
	buf_add_text(&b, "ab");
	to = buf_reserve(&b, 6);
	assert_non_null(to);
	memcpy(to, "cd", 2);
	buf_commit(&b, 2);
	assert_string_equal(buf_text(&b), "abcd");
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_result(&b, RES_TOOBIG);
	buf_clear(&b);
}

static void a_bound_of_nothing_takes_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	buf_add_text(&b, "");
	assert_result(&b, RES_OK);
	buf_add_char(&b, 'a');
	assert_result(&b, RES_TOOBIG);
	assert_string_equal(buf_text(&b), "");
	buf_clear(&b);
}

#define ESCAPE(text, in, want) \
	CASE(text, escapes,    \
		(&(struct escape_row){ { in, sizeof(in) - 1 }, want }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("text grows up to its bound", grows, NULL),
		CASE("the first error stays and nothing more is added",
			stays_failed_with_the_first_error, NULL),
		CASE("a cleared buffer has the same bound",
			can_be_used_after_clear, NULL),
		CASE("formatted text is added whole or not at all", formats,
			NULL),
		ESCAPE("printable text is not escaped", "a b~", "a b~"),
		ESCAPE("line ends are escaped", "\r\n", "\\x0d\\x0a"),
		ESCAPE("quotes and backslashes are escaped", "\"\\",
			"\\x22\\x5c"),
		ESCAPE("a NUL is escaped", "a\0b", "a\\x00b"),
		ESCAPE("octets above ASCII are escaped", "\x7f\xff",
			"\\x7f\\xff"),
		CASE("an escape is added whole or not at all",
			an_escape_is_never_cut, NULL),
		CASE("room can be written by hand", room_is_written_by_hand,
			NULL),
		CASE("a bound of nothing takes nothing",
			a_bound_of_nothing_takes_nothing, NULL),
	};

	return cmocka_run_group_tests_name("base/buf", cases, NULL, NULL);
}
