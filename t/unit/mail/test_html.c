/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/html.h"

#include "base/buf.h"
#include "support/case.h"

#include <stdlib.h>
#include <string.h>

struct row {
	const char *html;
	const char *want;
};

/* What a reader sees, and beside it, in [], what is hidden from him. */
static bool see(void *ctx, const struct html_token *t)
{
	struct buf *b = ctx;

	if (t->kind != HTML_TEXT)
		return true;
	if (t->is_hidden)
		buf_add_char(b, '[');
	buf_add(b, t->text);
	if (t->is_hidden)
		buf_add_char(b, ']');
	return true;
}

/* Each token: <name key=value>, </name>, "text", !comment. */
static bool spell(void *ctx, const struct html_token *t)
{
	struct buf *b = ctx;

	switch (t->kind) {
	case HTML_TEXT:
		buf_add_format(b, "\"%.*s\"", SLICE_ARG(t->text));
		break;
	case HTML_TITLE:
		buf_add_format(b, "T%.*s", SLICE_ARG(t->text));
		break;
	case HTML_COMMENT:
		buf_add_format(b, "!%.*s", SLICE_ARG(t->text));
		break;
	case HTML_CLOSE:
		buf_add_format(b, "</%.*s>", SLICE_ARG(t->name));
		break;
	case HTML_OPEN:
		buf_add_format(b, "<%.*s", SLICE_ARG(t->name));
		for (size_t i = 0; i < t->attribute_count; i++)
			buf_add_format(b, " %.*s=%.*s",
				SLICE_ARG(t->attributes[i].name),
				SLICE_ARG(t->attributes[i].value));
		buf_add_char(b, '>');
		break;
	}
	return true;
}

static void walk(const struct row *row, html_take *take)
{
	/* Of its own size, so that a read past its end is seen. */
	char *copy = malloc(strlen(row->html) + 1);
	struct buf got;

	assert_non_null(copy);
	memcpy(copy, row->html, strlen(row->html));
	buf_init(&got, 10000);
	assert_int_equal(
		html_walk(slice_make(copy, strlen(row->html)), take, &got),
		RES_OK);
	assert_string_equal(buf_text(&got), row->want);
	buf_clear(&got);
	free(copy);
}

static void sees(void **state)
{
	walk(*state, see);
}

static void spells(void **state)
{
	walk(*state, spell);
}

struct count {
	size_t tokens;
	size_t octets;
	size_t hidden;
	size_t dropped;
	size_t attributes;
};

static bool count(void *ctx, const struct html_token *t)
{
	struct count *c = ctx;

	c->tokens++;
	c->octets += t->text.len;
	c->hidden += t->is_hidden;
	c->dropped += t->dropped;
	if (t->attribute_count > c->attributes)
		c->attributes = t->attribute_count;
	return true;
}

static struct count count_of(const char *piece, size_t times)
{
	struct count c = { .tokens = 0 };
	struct buf b;

	buf_init(&b, 4000000);
	for (size_t i = 0; i < times; i++)
		buf_add_text(&b, piece);
	assert_int_equal(html_walk(buf_slice(&b), count, &c), RES_OK);
	buf_clear(&b);
	return c;
}

static void is_bounded(void **state)
{
	(void)state;
	assert_int_equal(count_of("<", 1000000).octets, 1000000);
	assert_int_equal(count_of("<", 1000000).tokens, 1);
	assert_int_equal(count_of("&", 1000000).octets, 1000000);
	assert_int_equal(count_of("<b>", 100000).tokens, 100000);
	assert_int_equal(count_of("<div>x", 100000).tokens, 200000);
	assert_int_equal(count_of("<i></b>", 100000).tokens, 200000);
	assert_int_equal(count_of("<script>", 100000).tokens, 1);
	assert_int_equal(count_of("<title>", 100000).tokens, 2);
	assert_int_equal(count_of("<!--", 100000).tokens, 1);
	assert_int_equal(count_of("<a b=\"", 100001).tokens, 0);
	assert_int_equal(count_of("<a b ", 100000).tokens, 0);
	assert_int_equal(count_of("<!-->", 100000).tokens, 100000);
}

static void keeps_as_many_attributes_as_it_says(void **state)
{
	struct count c = { .tokens = 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	buf_add_text(&b, "<a");
	for (unsigned i = 0; i < 1000; i++)
		buf_add_format(&b, " x%u=y", i);
	buf_add_text(&b, ">z");
	assert_int_equal(html_walk(buf_slice(&b), count, &c), RES_OK);
	assert_int_equal(c.attributes, HTML_ATTRIBUTES_MAX);
	assert_int_equal(c.tokens, 2);
	buf_clear(&b);
}

static bool stop(void *ctx, const struct html_token *t)
{
	(void)t;
	return ++*(size_t *)ctx < 2;
}

static void stops_when_told(void **state)
{
	size_t tokens = 0;

	(void)state;
	assert_int_equal(
		html_walk(slice_of("<a><title>x</title><b>"), stop, &tokens),
		RES_OK);
	assert_int_equal(tokens, 2);
}

static void counts_what_it_drops(void **state)
{
	(void)state;
	assert_int_equal(
		count_of("V\xe2\x80\x8bi&#8203;a&shy;gra", 1).dropped, 3);
	assert_int_equal(
		count_of("V\xe2\x80\x8bi&#8203;a&shy;gra", 1).octets, 6);
}

#define SEES(name, html, want) \
	CASE(name, sees, (&(const struct row){ html, want }))
#define SPELLS(name, html, want) \
	CASE(name, spells, (&(const struct row){ html, want }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		SPELLS("text is text", "a b", "\"a b\""),
		SPELLS("names are folded", "<A HREF=X>y</A>",
			"<a href=X>\"y\"</a>"),
		SPELLS("values have quotes, others, or none",
			"<a b=\"c>d\" e='f\"g' h=i/j k>",
			"<a b=c>d e=f\"g h=i/j k=>"),
		SPELLS("blanks around an equals sign", "<a b = c\n>",
			"<a b=c>"),
		SPELLS("an empty value", "<a b= >x", "<a b=>\"x\""),
		SPELLS("the first of a name counts", "<a b=c B=d>", "<a b=c>"),
		SPELLS("an element that ends itself", "<br/><img src=a />",
			"<br><img src=a>"),
		SPELLS("a slash between attributes", "<a/b/c=d>", "<a b= c=d>"),
		SPELLS("a less-than sign is text", "1 < 2 <3", "\"1 < 2 <3\""),
		SPELLS("one at the end too", "a<", "\"a<\""),
		SPELLS("and before a slash at the end", "a</", "\"a</\""),
		SPELLS("a tag that does not end is not shown", "a<b c",
			"\"a\""),
		SPELLS("nor one whose quote does not end", "a<b c=\"d>e",
			"\"a\""),
		SPELLS("a comment", "a<!-- <b> -->c", "\"a\"! <b> \"c\""),
		SPELLS("the shortest comments", "<!-->a<!--->b",
			"!\"a\"!\"b\""),
		SPELLS("a comment ends with an exclamation mark too",
			"<!--a--!>b", "!a\"b\""),
		SPELLS("a comment without end takes the rest", "a<!--b>c",
			"\"a\"!b>c"),
		SPELLS("what is no tag is a comment",
			"<!DOCTYPE html><?xml?></3>x",
			"!DOCTYPE html!xml?!3\"x\""),
		SPELLS("scripts and style sheets are left out",
			"<script>a<b></script>c<style>d</STYLE >e",
			"<script></script>\"c\"<style></style>\"e\""),
		SPELLS("a script ends with its own tag only",
			"<script></scripty></script>x",
			"<script></script>\"x\""),
		SPELLS("a script without end takes the rest", "<script>a</b>",
			"<script>"),
		SPELLS("the title is no text", "<title>a&amp;<b></title>c",
			"<title>Ta&<b></title>\"c\""),
		SPELLS("in a textarea nothing is a tag",
			"<textarea><b></textarea>",
			"<textarea>\"<b>\"</textarea>"),
		SPELLS("references in text", "&lt;&#65;&#x42;&amp&nbsp;&copy",
			"\"<AB&\xc2\xa0\xc2\xa9\""),
		SPELLS("a name that runs into the next word", "a&nbspb&ampc",
			"\"a\xc2\xa0"
			"b&c\""),
		SPELLS("what is no reference stays", "&;&#;&#x;&nosuch;&a",
			"\"&;&#;&#x;&nosuch;&a\""),
		SPELLS("names have a case", "&Auml;&auml;&AMP;&AuMl;",
			"\"\xc3\x84\xc3\xa4&&AuMl;\""),
		SPELLS("numbers of Windows are meant as such", "&#128;&#150;",
			"\"\xe2\x82\xac\xe2\x80\x93\""),
		SPELLS("numbers that are no characters",
			"&#0;&#xd800;&#99999999999;",
			"\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""),
		SPELLS("references in values", "<a b='&#104;&quot;&colon;'>",
			"<a b=h\":>"),
		SPELLS("a query is no reference", "<a b='?a=1&copy=2&lt3&gt;'>",
			"<a b=?a=1&copy=2&lt3>>"),
		SEES("plain text is seen", "<p>a<b>b</b>", "ab"),
		SEES("what is not displayed",
			"a<div style='display:none'>b"
			"<p>c</div>d",
			"a[b][c]d"),
		SEES("with blanks, case and weight",
			"<p style=\" DISPLAY : None !important;\">b", "[b]"),
		SEES("the attribute hidden", "<p hidden>b</p>c", "[b]c"),
		SEES("what is invisible",
			"<p style='visibility:hidden'>a"
			"<b style='visibility:visible'>b",
			"[a]b"),
		SEES("what is transparent", "<p style='opacity:0'>a", "[a]"),
		SEES("what is half transparent is seen",
			"<p style='opacity:.5'>a", "a"),
		SEES("no size",
			"<p style='font-size:0'>a"
			"<b style='font-size:12px'>b</b>c",
			"[a]b[c]"),
		SEES("a size of one pixel", "<p style='font-size:1px'>a",
			"[a]"),
		SEES("a size in font",
			"<p style='font:bold 0/0 a'>a"
			"<b style='font: 400 12px b'>b",
			"[a]b"),
		SEES("a small size is seen", "<p style='font-size:0.8em'>a",
			"a"),
		SEES("a part of nothing is nothing",
			"<p style='font-size:0'><b style='font-size:80%'>a",
			"[a]"),
		SEES("white on white", "<font color=#ffffff>a</font>b", "[a]b"),
		SEES("nearly white on white", "<p style='color:#fefefe'>a",
			"[a]"),
		SEES("white by function",
			"<p style='color:rgb(255, 255,255)'>a", "[a]"),
		SEES("a colour that is clear",
			"<p style='color:rgba(1,2,3,0)'>"
			"a<b style='color:transparent'>b",
			"[a][b]"),
		SEES("white on black is seen",
			"<td bgcolor=black><font color=white>a", "a"),
		SEES("black on black",
			"<td style='background:#000'>"
			"<font color='000000'>a",
			"[a]"),
		SEES("white on an image is seen",
			"<td style='color:white;background:url(x) #fff'>a",
			"a"),
		SEES("white where a style sheet rules is seen",
			"<style>td{background:red}</style>"
			"<td style='color:white'>a",
			"a"),
		SEES("white on white even there",
			"<style></style><p style='color:#fff;background:#fff'>a",
			"[a]"),
		SEES("a link has a colour of its own",
			"<p style='color:#fff'>a<a href=x>b", "[a]b"),
		SEES("what stands far away",
			"<p style='position:absolute;left:-9999px'>a</p>b"
			"<p style='text-indent:-1000px'>c",
			"[a]b[c]"),
		SEES("what has no room",
			"<p style='max-height:0;overflow:hidden'>a</p>"
			"<p style='height:0'>b",
			"[a]b"),
		SEES("a paragraph ends where the next begins",
			"<p style='display:none'>a<p>b", "[a]b"),
		SEES("so does a cell, and a row",
			"<table><tr style='display:none'><td>a<tr><td hidden>"
			"<i>b<td>c",
			"[a][b]c"),
		SEES("a cell in a cell does not end it",
			"<td hidden><table><tr><td>a</table>b<td>c", "[a][b]c"),
		SEES("an end tag in a cell ends nothing around its table",
			"<div hidden><table><td></div>a</table></div>b",
			"[a]b"),
		SEES("an end tag without a beginning is nothing",
			"<p hidden></b>a</p></p>b", "[a]b"),
		SEES("an empty element holds nothing", "<img hidden>a", "a"),
		SEES("characters of no width are undone",
			"V\xe2\x80\x8bi&#8203;a&shy;g\xef\xbb\xbfr&zwnj;a",
			"Viagra"),
		SEES("joiners stay where a script needs them",
			"\xd9\x85\xe2\x80\x8c\xd8\xae",
			"\xd9\x85\xe2\x80\x8c\xd8\xae"),
		cmocka_unit_test(counts_what_it_drops),
		cmocka_unit_test(is_bounded),
		cmocka_unit_test(keeps_as_many_attributes_as_it_says),
		cmocka_unit_test(stops_when_told),
	};

	return cmocka_run_group_tests_name("mail/html", cases, NULL, NULL);
}
