/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/encodedword.h"

#include "support/case.h"

#include <string.h>

struct row {
	const char *value;
	const char *want;
	struct encodedword seen;
};

static void decodes(void **state)
{
	const struct row *row = *state;
	struct encodedword seen;
	struct buf got;

	buf_init(&got, 1000);
	assert_int_equal(
		encodedword_decode(slice_of(row->value), &got, &seen), RES_OK);
	assert_string_equal(buf_text(&got), row->want);
	assert_memory_equal(&seen, &row->seen, sizeof(seen));
	buf_clear(&got);
}

static void cuts_at_a_character(void **state)
{
	struct buf got;

	(void)state;
	buf_init(&got, 4);
	assert_int_equal(encodedword_decode(
				 slice_of("=?utf-8?q?abc=C3=BC?="), &got, NULL),
		RES_TOOBIG);
	assert_string_equal(buf_text(&got), "abc");
	buf_clear(&got);
}

static size_t length_of_many(const char *piece, struct encodedword *seen)
{
	struct buf value, got;
	size_t len;

	buf_init(&value, 4000000);
	buf_init(&got, 4000000);
	for (size_t i = 0; i < 200000; i++)
		buf_add_text(&value, piece);
	assert_int_equal(
		encodedword_decode(buf_slice(&value), &got, seen), RES_OK);
	len = got.len;
	buf_clear(&value);
	buf_clear(&got);
	return len;
}

static void is_linear(void **state)
{
	struct encodedword seen;

	(void)state;
	assert_int_equal(length_of_many("=?", &seen), 400000);
	assert_int_equal(seen.words, 0);
	assert_int_equal(length_of_many("x=?a?q?", &seen), 1400000);
	assert_int_equal(seen.words, 0);
	assert_int_equal(length_of_many("=?a?q?b?= ", &seen), 200001);
	assert_int_equal(seen.words, 200000);
	assert_int_equal(length_of_many("=?a?q?b?=c", &seen), 400000);
	assert_int_equal(length_of_many("=?utf-8?b?w7w=?= ", &seen), 400001);
}

#define DECODES(name, value, want, ...) \
	CASE(name, decodes,             \
		(&(const struct row){ value, want, { __VA_ARGS__ } }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		DECODES("text without any stays", "a =b ?= c", "a =b ?= c",
			.words = 0),
		DECODES("Q with its blanks", "=?iso-8859-1?Q?J=FCrgen_M?=",
			"J\xc3\xbcrgen M", .words = 1),
		DECODES("B", "=?UTF-8?B?w7zDvA==?=", "\xc3\xbc\xc3\xbc",
			.words = 1),
		DECODES("text beside it keeps its blanks",
			"a =?utf-8?q?=C3=BC?= b", "a \xc3\xbc b", .words = 1),
		DECODES("blanks between two are dropped, folds too",
			"=?utf-8?q?=C3=BC?=\r\n =?utf-8?q?=C3=A4?=",
			"\xc3\xbc\xc3\xa4", .words = 2),
		DECODES("a character may lie in two",
			"=?utf-8?b?w7zD?= =?UTF-8?q?=BC?=", "\xc3\xbc\xc3\xbc",
			.words = 2),
		DECODES("words of two charsets side by side",
			"=?utf-8?q?=C3=BC?= =?iso-8859-1?q?=FC?=",
			"\xc3\xbc\xc3\xbc", .words = 2),
		DECODES("within quotes and brackets too",
			"\"=?utf-8?q?=C3=BC?=\" (=?utf-8?q?=C3=BC?=)",
			"\"\xc3\xbc\" (\xc3\xbc)", .words = 2),
		DECODES("a language is no part of the charset",
			"=?utf-8*de?q?=C3=BC?=", "\xc3\xbc", .words = 1),
		DECODES("folds of other text are undone", "a\r\n b\n\tc",
			"a b\tc", .words = 0),
		DECODES("an encoding that is none",
			"=?utf-8?x?a?=", "=?utf-8?x?a?=", .words = 0),
		DECODES("a word without end", "=?utf-8?q?abc", "=?utf-8?q?abc",
			.words = 0),
		DECODES("a word without charset",
			"=?"
			"?q?abc?=",
			"=?"
			"?q?abc?=",
			.words = 0),
		DECODES("one that is empty",
			"a=?utf-8?q?"
			"?=b",
			"ab", .words = 1),
		DECODES("a charset that nobody knows is guessed",
			"=?nosuch?q?=C3=BC?= =?other?q?=FC?=",
			"\xc3\xbc\xc3\xbc", .words = 2, .unknown = 2),
		DECODES("what is no character is shown as such",
			"=?utf-8?q?a=FFb?=",
			"a\xef\xbf\xbd"
			"b",
			.words = 1),
		DECODES("base64 that is none is seen", "=?utf-8?b?w7$w=?=",
			"\xc3\xbc", .words = 1, .broken = 1),
		DECODES("so is Q", "=?utf-8?q?=C3=BC=X?=", "\xc3\xbc=X",
			.words = 1, .broken = 1),
		DECODES("a word in a word is not read",
			"=?utf-8?b?PT91dGYtOD9xP2E/PQ==?=", "=?utf-8?q?a?=",
			.words = 1, .nested = 1),
		DECODES("a word for what needs none", "=?utf-8?b?VmlhZ3Jh?=",
			"Viagra", .words = 1, .needless = 1),
		DECODES("a line end within", "=?utf-8?q?=C3=BC=0D=0ABcc:_x?=",
			"\xc3\xbc\r\nBcc: x", .words = 1, .controls = 1),
		DECODES("a long word",
			"=?utf-8?q?=C3=BCaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaaaaa?=",
			"\xc3\xbc"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaaaaa",
			.words = 1, .too_long = 1),
		DECODES("octets above 127 beside words", "\xfc", "\xc3\xbc",
			.has_eight_bit = true),
		DECODES("Japanese that shifts",
			"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=",
			"\xe6\x97\xa5\xe6\x9c\xac", .words = 1),
		cmocka_unit_test(cuts_at_a_character),
		cmocka_unit_test(is_linear),
	};

	return cmocka_run_group_tests_name(
		"mail/encodedword", cases, NULL, NULL);
}
