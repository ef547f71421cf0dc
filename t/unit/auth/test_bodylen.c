/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/bodylen.h"

#include "support/case.h"

struct row {
	const char *body;
	unsigned simple, relaxed;
};

/* In one piece, and cut at each octet. */
static void counts(void **state)
{
	const struct row *row = *state;
	struct slice body = slice_of(row->body);
	struct bodylen simple, relaxed;

	for (size_t cut = 0; cut <= body.len; cut++) {
		bodylen_init(&simple, false);
		bodylen_init(&relaxed, true);
		bodylen_add(&simple, slice_part(body, 0, cut));
		bodylen_add(&relaxed, slice_part(body, 0, cut));
		bodylen_add(&simple, slice_part(body, cut, body.len));
		bodylen_add(&relaxed, slice_part(body, cut, body.len));
		assert_int_equal(bodylen_end(&simple), row->simple);
		assert_int_equal(bodylen_end(&relaxed), row->relaxed);
	}
}

#define COUNTS(name, body, simple, relaxed) \
	CASE(name, counts, (&(struct row){ body, simple, relaxed }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		COUNTS("an empty body is a CRLF, or nothing", "", 2, 0),
		COUNTS("empty lines are an empty body", "\r\n\r\n\r\n", 2, 0),
		COUNTS("a line is itself", "Hi\r\n", 4, 4),
		COUNTS("a line without CRLF gets one", "Hi", 4, 4),
		COUNTS("empty lines at the end do not count", "Hi\r\n\r\n\r\n",
			4, 4),
		COUNTS("empty lines within do", "Hi\r\n\r\n\r\nyou\r\n", 13,
			13),
		COUNTS("empty lines at the start do", "\r\nHi\r\n", 6, 6),
		COUNTS("blanks become one, but none at the end",
			"a \t b \t\r\n", 9, 5),
		COUNTS("blanks at the start become one", "  a\r\n", 5, 4),
		COUNTS("a line of blanks is an empty one", "a\r\n \t\r\nb\r\n",
			10, 8),
		COUNTS("lines of blanks at the end are no lines",
			"a\r\n  \r\n\t\r\n", 10, 3),
		COUNTS("blanks are a body to those who count them", " \r\n", 3,
			0),
		COUNTS("blanks at the very end are no line", "a\r\n ", 6, 3),
	};

	return cmocka_run_group_tests_name("auth/bodylen", cases, NULL, NULL);
}
