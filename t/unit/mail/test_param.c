/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/param.h"

#include "support/case.h"

#include <string.h>

struct row {
	const char *field;
	const char *want; /* NULL: there is none */
};

static void finds(void **state)
{
	const struct row *row = *state;
	struct buf got;

	buf_init(&got, 100);
	assert_string_equal(
		result_name(param_find(slice_of(row->field), "name", &got)),
		row->want == NULL ? "missing" : "ok");
	assert_string_equal(buf_text(&got), row->want == NULL ? "" : row->want);
	buf_clear(&got);
}

static void reads_value(void **state)
{
	const struct row *row = *state;
	const struct slice got = param_value(slice_of(row->field));

	assert_int_equal(got.len, strlen(row->want));
	assert_memory_equal(got.at, row->want, got.len);
}

static void cuts(void **state)
{
	struct buf got;

	(void)state;
	buf_init(&got, 3);
	assert_int_equal(param_find(slice_of("a; name=b\xc3\xbc"
					     "d"),
				 "name", &got),
		RES_TOOBIG);
	assert_string_equal(buf_text(&got), "b\xc3\xbc");
	buf_clear(&got);
}

#define FINDS(name, field, want) \
	CASE(name, finds, (&(const struct row){ field, want }))
#define VALUE(name, field, want) \
	CASE(name, reads_value, (&(const struct row){ field, want }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		VALUE("the value stands in front", "text/plain; a=b",
			"text/plain"),
		VALUE("without blanks and comments",
			" (x) text/plain (y)\r\n ;a", "text/plain"),
		VALUE("there may be none", "; a=b", ""),
		FINDS("a parameter", "a/b; name=c", "c"),
		FINDS("its name has no case", "a/b; NAME=c", "c"),
		FINDS("one that is not there", "a/b; names=c", NULL),
		FINDS("nor is the value one", "name=c", NULL),
		FINDS("quotes go", "a/b; name=\"c;d\"; e=f", "c;d"),
		FINDS("backslashes of quotes go", "a; name=\"c\\\"d\\\\e\"",
			"c\"d\\e"),
		FINDS("those of a path stay", "a; name=\"C:\\temp\\x.exe\"",
			"C:\\temp\\x.exe"),
		FINDS("quotes that do not end", "a; name=\"c d", "c d"),
		FINDS("blanks without quotes", "a; name=my file.exe ; b=c",
			"my file.exe"),
		FINDS("a value may be empty", "a; name=; b=c", ""),
		FINDS("or missing", "a; name; b=c", ""),
		FINDS("the first of two counts", "a; name=b; name=c", "b"),
		FINDS("blanks around the sign", "a;\r\n\tname = \"b\"", "b"),
		FINDS("encoded words are undone",
			"a; name=\"=?utf-8?q?=C3=BC=2Eexe?=\"", "\xc3\xbc.exe"),
		FINDS("percents are undone", "a; name*=utf-8'de'%C3%BC%2Eexe",
			"\xc3\xbc.exe"),
		FINDS("of any charset", "a; name*=iso-8859-1''%FC", "\xc3\xbc"),
		FINDS("without one it is guessed", "a; name*=%FC", "\xc3\xbc"),
		FINDS("pieces are put together",
			"a; name*0=\"ab\"; name*1=\"c.exe\"", "abc.exe"),
		FINDS("in whichever order", "a; name*1=exe; name*0=\"a.\"",
			"a.exe"),
		FINDS("pieces with percents and without",
			"a; name*0*=utf-8''%C3; name*1*=%BC; name*2=\"%.x\"",
			"\xc3\xbc%.x"),
		FINDS("a piece without a beginning is none",
			"a; name*1=b; name=c", "b"),
		FINDS("pieces count before a plain one",
			"a; name=\"a.txt\"; name*0=\"b.\"; name*1=\"exe\"",
			"b.exe"),
		FINDS("a folded value is one line", "a; name=\"b\r\n c\"",
			"b c"),
		FINDS("a percent that is none", "a; name*=utf-8''100%", "100%"),
		cmocka_unit_test(cuts),
	};

	return cmocka_run_group_tests_name("mail/param", cases, NULL, NULL);
}
