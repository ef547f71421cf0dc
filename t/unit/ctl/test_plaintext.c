/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/plaintext.h"

#include "support/case.h"

#include <string.h>

enum { TEXT_MAX = 8192, MOST = 40 };

struct row {
	const char *text;
	const char *want;
};

static void cleans(void **state)
{
	const struct row *row = *state;
	struct buf out;

	buf_init(&out, TEXT_MAX);
	plaintext_clean(slice_of(row->text), TEXT_MAX, &out);
	assert_string_equal(buf_text(&out), row->want);
	buf_clear(&out);
}

static void cuts(void **state)
{
	const struct row *row = *state;
	struct buf out;

	buf_init(&out, TEXT_MAX);
	plaintext_clean(slice_of(row->text), MOST, &out);
	assert_string_equal(buf_text(&out), row->want);
	assert_true(out.len <= MOST);
	buf_clear(&out);
}

static void strips(void **state)
{
	const struct row *row = *state;
	struct buf out;

	buf_init(&out, TEXT_MAX);
	plaintext_strip(slice_of(row->text), &out);
	assert_string_equal(buf_text(&out), row->want);
	buf_clear(&out);
}

static void scans(void **state)
{
	const char part[] = "--b\n\nx\n";
	struct buf text;

	(void)state;
	buf_init(&text, TEXT_MAX);
	for (int i = 0; i < PLAINTEXT_BOUNDARIES_MAX; i++)
		buf_add_text(&text, part);
	assert_int_equal(plaintext_scan(buf_slice(&text)), text.len);
	buf_add_text(&text, part);
	assert_int_equal(
		plaintext_scan(buf_slice(&text)), text.len - strlen(part));
	assert_int_equal(plaintext_scan(slice_of("")), 0);
	buf_clear(&text);
}

#define CLEAN(text, ...) CASE(text, cleans, (&(struct row){ __VA_ARGS__ }))
#define CUT(text, ...) CASE(text, cuts, (&(struct row){ __VA_ARGS__ }))
#define STRIP(text, ...) CASE(text, strips, (&(struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		CLEAN("what a person wrote stays", "one\r\ntwo\r\n",
			"one\ntwo"),
		CLEAN("empty lines at both ends go, one between stays",
			"\n\n one\n\n\n\ntwo\n \n", " one\n\ntwo"),
		CLEAN("a signature goes", "yes\n-- \nJoe\n", "yes"),
		CLEAN("a line of dashes is no signature", "a\n--\nb",
			"a\n--\nb"),
		CLEAN("a short quote stays", "> 1\n> 2\n> 3\nyes",
			"> 1\n> 2\n> 3\nyes"),
		CLEAN("a long quote is cut short",
			"> 1\n> 2\n> 3\n> 4\n> 5\nyes\n> 6",
			"> 1\n> 2\n> 3\n[...]\nyes\n> 6"),
		CLEAN("controls go, tabs stay", "a\x1b[31m\tb\x7f\x01",
			"a[31m\tb"),
		CLEAN("nothing stays nothing", "\r\n \n", ""),
		CUT("a text that fits is whole",
			"123456789 123456789 123456789 ",
			"123456789 123456789 123456789"),
		CUT("a long text is cut and says so",
			"123456789 123456789 123456789 123456789 1",
			"123456789 123456789 123456789 123\n[...]"),
		CUT("a character is not cut in two",
			"123456789 123456789 123456789 12\xc3\xa9 4567",
			"123456789 123456789 123456789 12\n[...]"),
		CUT("what follows a cut is left out",
			"123456789 123456789 123456789 123456789\nmore",
			"123456789 123456789 123456789 123\n[...]"),
		STRIP("tags go, breaks become lines",
			"<html><p>one</p><div>two<br/>three</div>",
			"\none\ntwo\nthree\n"),
		STRIP("style and script are no text",
			"a<style>p {}</style>b<script>x < y</script>c", "abc"),
		STRIP("references become characters",
			"&lt;b&gt; &amp;amp; &quot;x&quot;&nbsp;&#39;",
			"<b> &amp; \"x\" '"),
		STRIP("a tag that does not end swallows the rest", "a<b", "a"),
		STRIP("an element that does not end swallows the rest",
			"a<style>x", "a"),
		CASE("parts are counted before they are parsed", scans, NULL),
	};

	return cmocka_run_group_tests_name("ctl/plaintext", cases, NULL, NULL);
}
