/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/utf8.h"

#include "support/case.h"

struct row {
	const char *text;
	uint32_t character; /* 0: none stands there */
};

static void reads(void **state)
{
	const struct row *row = *state;
	struct slice text = slice_of(row->text);
	uint32_t got = 0;
	size_t len = utf8_read(text, &got);

	assert_int_equal(len, row->character == 0 ? 0 : text.len);
	assert_int_equal(got, row->character);
}

static void writes_what_it_reads(void **state)
{
	static const uint32_t edges[] = { 1, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff,
		0xe000, 0xffff, 0x10000, 0x10ffff };

	(void)state;
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		char text[UTF8_LEN_MAX];
		size_t len = utf8_write(edges[i], text);
		uint32_t got = 0;

		assert_int_equal(utf8_read(slice_make(text, len), &got), len);
		assert_int_equal(got, edges[i]);
	}
}

static void writes_no_character_that_is_none(void **state)
{
	char text[UTF8_LEN_MAX];

	(void)state;
	assert_int_equal(utf8_write(0xd800, text), 3);
	assert_memory_equal(text, "\xef\xbf\xbd", 3);
	assert_int_equal(utf8_write(0x110000, text), 3);
	assert_memory_equal(text, "\xef\xbf\xbd", 3);
}

static void tells_where_whole_characters_end(void **state)
{
	const struct slice text =
		slice_of("0123456789 \xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80 "
			 "and 0123456789\xffx");

	(void)state;
	assert_int_equal(utf8_whole(text), text.len - 2);
	assert_false(utf8_is_whole(text));
	assert_int_equal(utf8_whole(slice_of("\xc3")), 0);
	assert_int_equal(utf8_whole(slice_of("a\xe2\x82")), 1);
	assert_int_equal(utf8_whole(slice_of("\xed\xa0\x80")), 0);
	assert_true(utf8_is_whole(slice_of("")));
	assert_int_equal(utf8_ascii(text), 11);
	assert_int_equal(utf8_ascii(slice_of("0123456789")), 10);
	assert_int_equal(utf8_ascii(slice_of("")), 0);
	assert_true(utf8_is_whole(slice_part(text, 0, text.len - 2)));
}

static void cuts_between_characters(void **state)
{
	const struct slice text = slice_of("a\xe2\x82\xac");

	(void)state;
	assert_int_equal(utf8_cut(text, 9).len, 4);
	assert_int_equal(utf8_cut(text, 4).len, 4);
	assert_int_equal(utf8_cut(text, 3).len, 1);
	assert_int_equal(utf8_cut(text, 2).len, 1);
	assert_int_equal(utf8_cut(text, 1).len, 1);
	assert_int_equal(utf8_cut(text, 0).len, 0);
	assert_int_equal(utf8_cut(slice_of("\x80\x80"), 1).len, 0);
}

#define READS(name, text, character) \
	CASE(name, reads, (&(const struct row){ text, character }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		READS("a letter of ASCII", "a", 'a'),
		READS("a character of two octets", "\xc3\xbc", 0xfc),
		READS("one of three", "\xe2\x82\xac", 0x20ac),
		READS("one of four", "\xf0\x9f\x98\x80", 0x1f600),
		READS("a longer form than needed is none", "\xc0\xaf", 0),
		READS("a surrogate is none", "\xed\xa0\x80", 0),
		READS("nothing stands beyond U+10FFFF", "\xf4\x90\x80\x80", 0),
		READS("half a character is none", "\xe2\x82", 0),
		READS("a later octet begins none", "\x80", 0),
		READS("an empty text has none", "", 0),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(writes_no_character_that_is_none),
		cmocka_unit_test(tells_where_whole_characters_end),
		cmocka_unit_test(cuts_between_characters),
	};

	return cmocka_run_group_tests_name("base/utf8", cases, NULL, NULL);
}
