/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/charset.h"

#include "support/case.h"

#include <string.h>

struct row {
	const char *charset;
	struct slice text;
	const char *want;
};

static void decodes(void **state)
{
	const struct row *row = *state;
	struct buf got;

	buf_init(&got, 1000);
	assert_int_equal(
		charset_decode(slice_of(row->charset), row->text, &got),
		RES_OK);
	assert_string_equal(buf_text(&got), row->want);
	buf_clear(&got);
}

static void knows_many_spellings(void **state)
{
	static const char *const known[] = { "UTF-8", "utf8", "ISO_8859-1",
		"Windows-1252", "KS_C_5601-1987", "x-sjis" };

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(known) / sizeof(known[0]); i++)
		assert_true(charset_is_known(slice_of(known[i])));
	assert_false(charset_is_known(slice_of("")));
	assert_false(charset_is_known(slice_of("nosuch")));
	assert_false(charset_is_known(slice_of("../../evil//TRANSLIT")));
}

static void converts_much(void **state)
{
	struct buf text, got;

	(void)state;
	buf_init(&text, 100000);
	buf_init(&got, 300000);
	for (size_t i = 0; i < 50000; i++)
		buf_add_text(&text, "\xd0\x9f");
	assert_int_equal(
		charset_decode(slice_of("koi8-r"), buf_slice(&text), &got),
		RES_OK);
	/* A letter and a sign of two octets each. */
	assert_int_equal(got.len, 200000);
	buf_reset(&got);
	assert_int_equal(
		charset_decode(slice_of("latin1"), buf_slice(&text), &got),
		RES_OK);
	assert_int_equal(got.len, 200000);
	buf_clear(&got);
	buf_init(&got, 10);
	assert_int_equal(
		charset_decode(slice_of("koi8-r"), buf_slice(&text), &got),
		RES_TOOBIG);
	assert_int_equal(got.len, 10);
	buf_clear(&got);
	buf_clear(&text);
}

#define DECODES(name, charset, text, want) \
	CASE(name, decodes,                \
		(&(const struct row){      \
			charset, { text, sizeof(text) - 1 }, want }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		DECODES("nothing is nothing", "utf-8", "", ""),
		DECODES("UTF-8", "utf-8", "\xc3\xbc", "\xc3\xbc"),
		DECODES("UTF-8 that is none", "utf-8",
			"a\xfc\xfc"
			"b\xc3",
			"a\xef\xbf\xbd\xef\xbf\xbd"
			"b\xef\xbf\xbd"),
		DECODES("Latin-1", "iso-8859-1", "\xfc", "\xc3\xbc"),
		DECODES("Latin-1 is Windows in truth", "ISO_8859-1", "\x80\x93",
			"\xe2\x82\xac\xe2\x80\x9c"),
		DECODES("Cyrillic", "koi8-r", "\xf0\xd2", "\xd0\x9f\xd1\x80"),
		DECODES("Chinese", "gb2312", "\xc4\xe3", "\xe4\xbd\xa0"),
		DECODES("half a character at the end", "gb2312", "a\xc4",
			"a\xef\xbf\xbd"),
		DECODES("Japanese that shifts", "iso-2022-jp",
			"\x1b$BF|K\\\x1b(B", "\xe6\x97\xa5\xe6\x9c\xac"),
		DECODES("UTF-7 hides letters no longer", "utf-7", "+AFY-iagra",
			"Viagra"),
		DECODES("UTF-16", "utf-16le", "V\0i\0", "Vi"),
		DECODES("no charset, and it is UTF-8", "", "\xc3\xbc",
			"\xc3\xbc"),
		DECODES("no charset, and it is not", "", "\xc3\xbc\xfc",
			"\xc3\x83\xc2\xbc\xc3\xbc"),
		DECODES("one that claims ASCII", "us-ascii", "\xfc",
			"\xc3\xbc"),
		DECODES("one that nobody knows", "nosuch", "\xfc", "\xc3\xbc"),
		cmocka_unit_test(knows_many_spellings),
		cmocka_unit_test(converts_much),
	};

	return cmocka_run_group_tests_name("mail/charset", cases, NULL, NULL);
}
