/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/display.h"

#include "support/case.h"

#include <string.h>

struct row {
	const char *value;
	const char *want;
};

static void shows(void **state)
{
	const struct row *row = *state;
	struct buf text;

	buf_init(&text, 256);
	display_add(slice_of(row->value), &text);
	assert_string_equal(buf_text(&text), row->want);
	buf_clear(&text);
}

static void ends(void **state)
{
	static char value[100000];
	struct buf text;

	(void)state;
	memset(value, '(', sizeof(value));
	buf_init(&text, 256);
	display_add(slice_make(value, sizeof(value)), &text);
	assert_int_equal(text.len, 256);
	buf_clear(&text);
}

#define ROW(text, value, want) \
	CASE(text, shows, (&(const struct row){ (value), (want) }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("an address alone shows nothing", " joe@example.org", ""),
		ROW("a name", "Joe Doe <joe@example.org>", "Joe Doe "),
		ROW("a quoted name", "\"Doe, Joe\" <joe@example.org>",
			"Doe, Joe "),
		ROW("a name with a backslash", "\"J\\\"oe\" <joe@example.org>",
			"J\"oe "),
		ROW("a folded name", "Joe\r\n  Doe <joe@example.org>",
			"Joe Doe "),
		ROW("a comment behind an address",
			"joe@example.org (Joe (the) Doe)", "Joe (the) Doe "),
		ROW("a comment behind brackets", "Joe <joe@example.org> (Doe)",
			"Joe Doe "),
		ROW("two authors", "A <a@example.org>, B <b@example.org>",
			"A , B "),
		ROW("a bracket in quotes", "\"<a@b>\" <joe@example.org>",
			"<a@b> "),
		ROW("a bracket in quotes alone", "\"<a\"@example.org", ""),
		ROW("a bracket in a comment alone", "joe@example.org (<", "< "),
		ROW("a quoted local part is no name", "<\"joe>\"@example.org>",
			""),
		ROW("a quote that stays open", "\"Joe <joe@example.org>", ""),
		ROW("a backslash at the end", "<x> (\\", "\\ "),
		ROW("nothing", "", ""),
		CASE("comments are counted, not climbed into", ends, NULL),
	};

	return cmocka_run_group_tests_name("mail/display", cases, NULL, NULL);
}
