/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/csv.h"

#include "support/case.h"

struct row {
	const char *text;
	const char *want;
};

static void writes(void **state)
{
	const struct row *row = *state;
	struct buf out;

	buf_init(&out, 256);
	csv_text(&out, slice_of(row->text));
	assert_string_equal(buf_text(&out), row->want);
	buf_clear(&out);
}

static void values_of_a_line_stand_apart(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	csv_text(&out, slice_of("a"));
	csv_number(&out, 7);
	csv_text(&out, slice_of(""));
	csv_text(&out, slice_of("b"));
	csv_end(&out);
	csv_number(&out, UINT64_MAX);
	csv_end(&out);
	assert_string_equal(
		buf_text(&out), "a,7,,b\r\n18446744073709551615\r\n");
	buf_clear(&out);
}

static void a_nul_does_not_end_a_value(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	csv_text(&out, slice_make("a\0=b", 4));
	assert_string_equal(buf_text(&out), "\"a =b\"");
	buf_clear(&out);
}

#define WRITES(title, text, want) \
	CASE(title, writes, &((const struct row){ text, want }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		WRITES("plain text is itself", "192.0.2.0/24", "192.0.2.0/24"),
		WRITES("a comma is quoted", "a,b", "\"a,b\""),
		WRITES("a quote is doubled", "a\"b", "\"a\"\"b\""),
		WRITES("a line end is a blank", "a\r\nb", "\"a  b\""),
		WRITES("a formula is text", "=1+1", "\"'=1+1\""),
		WRITES("so is one behind blanks", " \t=cmd|'/C'!A0",
			"\"'  =cmd|'/C'!A0\""),
		WRITES("a plus is text", "+1", "\"'+1\""),
		WRITES("a minus is text", "-1", "\"'-1\""),
		WRITES("an at sign is text", "@SUM(A1)", "\"'@SUM(A1)\""),
		cmocka_unit_test(values_of_a_line_stand_apart),
		cmocka_unit_test(a_nul_does_not_end_a_value),
	};

	return cmocka_run_group_tests_name("portal/csv", cases, NULL, NULL);
}
