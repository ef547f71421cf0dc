/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/markdown.h"

#include "support/case.h"

#include <string.h>

struct row {
	const char *text;
	enum result want;
	const char *title;
	const char *has; /* in the markup */
	const char *lacks; /* or NULL */
};

static void renders(void **state)
{
	const struct row *row = *state;
	struct buf title;
	struct buf markup;

	buf_init(&title, 64);
	buf_init(&markup, 4096);
	assert_string_equal(result_name(markdown_render(
				    slice_of(row->text), &title, &markup)),
		result_name(row->want));
	if (row->want == RES_OK) {
		assert_string_equal(buf_text(&title), row->title);
		if (strstr(buf_text(&markup), row->has) == NULL)
			fail_msg("no \"%s\" in: %s", row->has,
				buf_text(&markup));
		if (row->lacks != NULL)
			assert_null(strstr(buf_text(&markup), row->lacks));
	}
	buf_clear(&title);
	buf_clear(&markup);
}

static void bounds_the_markup(void **state)
{
	struct buf title;
	struct buf markup;

	(void)state;
	buf_init(&title, 64);
	buf_init(&markup, 10);
	assert_string_equal(
		result_name(markdown_render(
			slice_of("# T\n\nmore than ten\n"), &title, &markup)),
		result_name(RES_TOOBIG));
	buf_clear(&title);
	buf_clear(&markup);
}

#define ROW(text, ...) CASE(text, renders, (&(struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("the title is apart from the markup",
			"# How we *filter*\n\nSome **text**.\n", RES_OK,
			"How we *filter*", "<p>Some <strong>text</strong>.</p>",
			"<h1>"),
		ROW("a date may stand before the title",
			"<!-- 2026-11-26 -->\n\n# T\nx\n", RES_OK, "T",
			"<p>x</p>", "2026"),
		ROW("a text before the title is refused", "x\n# T\n",
			RES_SYNTAX, NULL, NULL, NULL),
		ROW("a text without a title is refused", "## T\n", RES_SYNTAX,
			NULL, NULL, NULL),
		ROW("an empty title is refused", "#  \n", RES_SYNTAX, NULL,
			NULL, NULL),
		ROW("an empty text is refused", "", RES_SYNTAX, NULL, NULL,
			NULL),
		ROW("text that is not UTF-8 is refused", "# T\n\n\xff\n",
			RES_SYNTAX, NULL, NULL, NULL),
		ROW("a title alone is a page", "# T", RES_OK, "T", "", NULL),
		ROW("a heading may have an id",
			"# T\n\n## Too early {#too_early}\n", RES_OK, "T",
			"<h2 id=\"too_early\">Too early</h2>", "{#"),
		ROW("what is no id stays text", "# T\n\n## A {#a\"b}\n", RES_OK,
			"T", "<h2>A {#a&quot;b}</h2>", "id="),
		ROW("raw HTML is left out",
			"# T\n\n<script>x</script>\n\n<b>y</b>\n", RES_OK, "T",
			"y", "<script"),
		ROW("a link that runs script is left out",
			"# T\n\n[a](javascript:alert(1))\n", RES_OK, "T",
			"<a href=\"\">a</a>", "javascript"),
		ROW("a link to a page is kept", "# T\n\n[a](/help/rdns)\n",
			RES_OK, "T", "<a href=\"/help/rdns\">a</a>", NULL),
		CASE("markup past its bound is told", bounds_the_markup, NULL),
	};

	return cmocka_run_group_tests_name("web/markdown", cases, NULL, NULL);
}
