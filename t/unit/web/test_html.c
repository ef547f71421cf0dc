/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/html.h"

#include "support/case.h"

#define BAD "\xef\xbf\xbd"

struct row {
	const char *text;
	size_t len; /* 0: up to the NUL */
	const char *want;
};

static void writes(void **state)
{
	const struct row *row = *state;
	struct buf out;

	buf_init(&out, 4096);
	html_add(&out,
		row->len > 0 ? slice_make(row->text, row->len)
			     : slice_of(row->text));
	assert_int_equal(buf_result(&out), RES_OK);
	assert_string_equal(buf_text(&out), row->want);
	buf_clear(&out);
}

#define ROW(text, ...) CASE(text, writes, (&(struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("plain text stays", "spam run, 3 hits", 0,
			"spam run, 3 hits"),
		ROW("nothing stays nothing", "", 0, ""),
		ROW("markup becomes text", "<script>alert('x')</script>", 0,
			"&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"),
		ROW("an attribute cannot be left", "\" onload=\"a&b", 0,
			"&quot; onload=&quot;a&amp;b"),
		ROW("letters of other scripts stay",
			"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xac", 0,
			"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xac"),
		ROW("a NUL is shown as unreadable", "a\0b", 3, "a" BAD "b"),
		ROW("an escape sequence is shown as unreadable", "\x1b[31m", 0,
			BAD "[31m"),
		ROW("a C1 control is shown as unreadable", "a\xc2\x9b", 0,
			"a" BAD),
		ROW("line ends and tabs become blanks", "a\nb\tc", 0, "a b c"),
		ROW("Latin-1 is shown as unreadable", "caf\xe9", 0, "caf" BAD),
		ROW("an overlong form is shown as unreadable", "\xc0\xbc", 0,
			BAD BAD),
		ROW("a surrogate is shown as unreadable", "\xed\xa0\x80", 0,
			BAD BAD BAD),
		ROW("a cut character is shown as unreadable", "a\xe2\x82", 0,
			"a" BAD BAD),
		ROW("a character past the end is shown as unreadable",
			"\xf4\x90\x80\x80", 0, BAD BAD BAD BAD),
		ROW("a mark that turns text around is shown as unreadable",
			"a\xe2\x80\xae"
			"b",
			0, "a" BAD "b"),
		ROW("a blank without width is shown as unreadable",
			"a\xe2\x80\x8b"
			"b",
			0, "a" BAD "b"),
	};

	return cmocka_run_group_tests_name("web/html", cases, NULL, NULL);
}
