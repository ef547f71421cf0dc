/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/template.h"

#include "base/arena.h"
#include "support/case.h"
#include "web/view.h"

#include <stdio.h>
#include <string.h>

enum { MEMORY_MAX = 256 * 1024, PAGE_MAX = 64 * 1024 };

/* ---- what templates are filled with ---- */

static void fill(struct view *v)
{
	struct view *item;

	view_text(v, "name", "<b>&\"'");
	view_text(v, "brace", "{{name}} {name}");
	view_text(v, "empty", "");
	view_text(v, "lines", "a\r\nb\tc\x01");
	view_flag(v, "yes", true);
	view_flag(v, "no", false);
	view_number(v, "count", 3);
	view_say(v, "words", "It is <i>{name}</i>");
	view_say(v, "outer", "See: {words}");
	view_markup(v, "markup", slice_of("<hr>"));
	for (int i = 1; i <= 3; i++) {
		item = view_item(v, "list");
		view_number(item, "n", i);
		view_text(view_item(item, "inner"), "m", "x");
		view_text(view_item(item, "inner"), "m", "y");
	}
}

static void add(struct templates *t, const char *name, enum template_kind kind,
	const char *text)
{
	struct buf why;

	buf_init(&why, 512);
	if (templates_add(t, slice_of(name), kind, slice_of(text), &why) !=
		RES_OK)
		fail_msg("%s: %s", name, buf_text(&why));
	buf_clear(&why);
}

struct row {
	const char *text;
	const char *want;
	enum template_kind kind;
};

static void prints(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new(MEMORY_MAX);
	struct templates *t = templates_new();
	struct view *v = view_new(a);
	struct buf out;

	fill(v);
	add(t, "part", TEMPLATE_TEXT, "[{{name}}]\n");
	add(t, "page", row->kind, row->text);
	buf_init(&out, PAGE_MAX);
	assert_string_equal(result_name(template_render(
				    t, slice_of("page"), v, NULL, &out)),
		result_name(RES_OK));
	assert_string_equal(buf_text(&out), row->want);
	buf_clear(&out);
	templates_free(t);
	arena_free(a);
}

/* ---- faults ---- */

struct fault {
	const char *text;
	const char *why;
};

static void refuses(void **state)
{
	const struct fault *row = *state;
	struct templates *t = templates_new();
	struct buf why;

	buf_init(&why, 512);
	assert_string_equal(result_name(templates_add(t, slice_of("page"),
				    TEMPLATE_HTML, slice_of(row->text), &why)),
		result_name(RES_SYNTAX));
	assert_string_equal(buf_text(&why), row->why);
	assert_false(templates_has(t, slice_of("page")));
	buf_clear(&why);
	templates_free(t);
}

static void nest(struct buf *out, size_t depth)
{
	for (size_t i = 0; i < depth; i++)
		buf_add_format(out, "{{#yes}}");
	buf_add_text(out, "in");
	for (size_t i = 0; i < depth; i++)
		buf_add_format(out, "{{/yes}}");
}

static void bounds_sections(void **state)
{
	struct templates *t = templates_new();
	struct buf text;

	(void)state;
	buf_init(&text, 4096);
	nest(&text, 16);
	assert_string_equal(result_name(templates_add(t, slice_of("page"),
				    TEMPLATE_HTML, buf_slice(&text), NULL)),
		result_name(RES_OK));
	buf_reset(&text);
	nest(&text, 17);
	assert_string_equal(result_name(templates_add(t, slice_of("page"),
				    TEMPLATE_HTML, buf_slice(&text), NULL)),
		result_name(RES_SYNTAX));
	buf_clear(&text);
	templates_free(t);
}

/* Renders "first" into at most max octets. */
static enum result render(const struct templates *t, size_t max)
{
	struct arena *a = arena_new(MEMORY_MAX);
	struct view *v = view_new(a);
	struct buf out;
	enum result res;

	fill(v);
	buf_init(&out, max);
	res = template_render(t, slice_of("first"), v, NULL, &out);
	buf_clear(&out);
	arena_free(a);
	return res;
}

static void refuses_itself(void **state)
{
	struct templates *t = templates_new();

	(void)state;
	add(t, "first", TEMPLATE_HTML, "a {{>second}}");
	assert_string_equal(
		result_name(render(t, PAGE_MAX)), result_name(RES_MISSING));
	add(t, "second", TEMPLATE_HTML, "b {{>first}}");
	assert_string_equal(
		result_name(render(t, PAGE_MAX)), result_name(RES_SYNTAX));
	add(t, "second", TEMPLATE_HTML, "b");
	assert_string_equal(
		result_name(render(t, PAGE_MAX)), result_name(RES_OK));
	templates_free(t);
}

static void bounds_includes(void **state)
{
	struct templates *t = templates_new();
	char name[16] = "first";
	char text[32];

	(void)state;
	for (int i = 0; i < 9; i++) {
		snprintf(text, sizeof(text), "{{>i%d}}", i);
		add(t, name, TEMPLATE_HTML, text);
		snprintf(name, sizeof(name), "i%d", i);
	}
	add(t, "i7", TEMPLATE_HTML, "the eighth");
	assert_string_equal(
		result_name(render(t, PAGE_MAX)), result_name(RES_OK));
	add(t, "i7", TEMPLATE_HTML, "{{>i8}}");
	add(t, "i8", TEMPLATE_HTML, "the ninth");
	assert_string_equal(
		result_name(render(t, PAGE_MAX)), result_name(RES_TOOBIG));
	templates_free(t);
}

static void bounds_what_is_printed(void **state)
{
	struct templates *t = templates_new();

	(void)state;
	add(t, "first", TEMPLATE_HTML, "more than ten");
	assert_string_equal(
		result_name(render(t, 10)), result_name(RES_TOOBIG));
	templates_free(t);
}

/* Sixteen loops within each other print nothing, but for a long time. */
static void bounds_work(void **state)
{
	struct templates *t = templates_new();
	struct buf text;

	(void)state;
	buf_init(&text, 4096);
	for (size_t i = 0; i < 16; i++)
		buf_add_text(&text, "{{#list}}");
	for (size_t i = 0; i < 16; i++)
		buf_add_text(&text, "{{/list}}");
	add(t, "first", TEMPLATE_HTML, buf_text(&text));
	assert_string_equal(
		result_name(render(t, PAGE_MAX)), result_name(RES_TOOBIG));
	buf_clear(&text);
	templates_free(t);
}

static void tells_a_broken_view(void **state)
{
	struct templates *t = templates_new();
	struct arena *a = arena_new(64);
	struct view *v = view_new(a);
	struct buf out;

	(void)state;
	add(t, "first", TEMPLATE_HTML, "x");
	view_format(v, "long", "%0100d", 1);
	buf_init(&out, PAGE_MAX);
	assert_string_equal(result_name(template_render(
				    t, slice_of("first"), v, NULL, &out)),
		result_name(RES_NOMEM));
	assert_string_equal(result_name(template_render(
				    t, slice_of("first"), NULL, NULL, &out)),
		result_name(RES_NOMEM));
	buf_clear(&out);
	arena_free(a);
	templates_free(t);
}

/* ---- texts ---- */

static void note(void *ctx, struct slice template, struct slice text)
{
	buf_add_format(ctx, "%.*s:%.*s;", SLICE_ARG(template), SLICE_ARG(text));
}

static void lists_its_texts(void **state)
{
	struct templates *t = templates_new();
	struct buf out;

	(void)state;
	add(t, "a", TEMPLATE_HTML,
		"{{_ One\n\ttwo }}{{#x}}{{_ Three {x}}}{{/x}}");
	add(t, "b", TEMPLATE_TEXT, "{{! no text }}{{_ Four}}");
	buf_init(&out, 512);
	templates_texts(t, note, &out);
	assert_string_equal(buf_text(&out), "a:One two;a:Three {x};b:Four;");
	buf_clear(&out);
	templates_free(t);
}

#define HTML(text, ...) \
	CASE(text, prints, (&(struct row){ __VA_ARGS__, TEMPLATE_HTML }))
#define TEXT(text, ...) \
	CASE(text, prints, (&(struct row){ __VA_ARGS__, TEMPLATE_TEXT }))
#define FAULT(text, ...) CASE(text, refuses, (&(struct fault){ __VA_ARGS__ }))

#define WORDS_40 "four and four and four and four and four"
#define WORD_50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"

int main(void)
{
	const struct CMUnitTest cases[] = {
		HTML("text is printed as it is", "a < b }} c\n",
			"a < b }} c\n"),
		HTML("a value is escaped", "{{name}}",
			"&lt;b&gt;&amp;&quot;&#39;"),
		HTML("blanks around a name are allowed", "{{ count }}", "3"),
		HTML("a name that has no value prints nothing", "a{{other}}b",
			"ab"),
		HTML("a value is never looked at as a template", "{{brace}}",
			"{{name}} {name}"),
		HTML("markup of ours is printed as it is", "{{&markup}}",
			"<hr>"),
		HTML("markup is escaped where it is not asked for",
			"{{markup}}", "&lt;hr&gt;"),
		HTML("a value is escaped where markup is asked for",
			"{{&name}}", "&lt;b&gt;&amp;&quot;&#39;"),
		HTML("a section is printed when it is so",
			"{{#yes}}a{{/yes}}{{#no}}b{{/no}}{{#empty}}c{{/empty}}"
			"{{#name}}d{{/name}}{{#other}}e{{/other}}",
			"ad"),
		HTML("an inverted section is printed when it is not",
			"{{^yes}}a{{/yes}}{{^no}}b{{/no}}{{^empty}}c{{/empty}}"
			"{{^name}}d{{/name}}{{^other}}e{{/other}}{{^list}}f"
			"{{/list}}",
			"bce"),
		HTML("a list is printed element by element",
			"{{#list}}{{n}}{{count}},{{/list}}", "13,23,33,"),
		HTML("a list within a list is that of its element",
			"{{#list}}{{n}}{{#inner}}{{m}}{{/inner}} {{/list}}",
			"1xy 2xy 3xy "),
		HTML("after a list its values are gone",
			"{{#list}}{{/list}}{{n}}.", "."),
		HTML("a template is included, as what it is included in",
			"a {{>part}}b", "a [&lt;b&gt;&amp;&quot;&#39;]\nb"),
		HTML("a comment is not printed", "a{{! b }}c", "ac"),
		HTML("a text is printed in English", "{{_ Hello}}!", "Hello!"),
		HTML("a text may hold markup, its values not",
			"{{_ a <b>{count}</b> {name}}}",
			"a <b>3</b> &lt;b&gt;&amp;&quot;&#39;"),
		HTML("a brace that is no name is printed",
			"{{_ a { b} {} {c d} {count}}}", "a { b} {} {c d} 3"),
		HTML("the lines of a text are one",
			"{{_ One\n\t\ttwo\r\n  three }}", "One two three"),
		HTML("words are escaped with their values", "{{words}}",
			"It is &lt;i&gt;&lt;b&gt;&amp;&quot;&#39;&lt;/i&gt;"),
		HTML("words as markup escape only their values", "{{&words}}",
			"It is <i>&lt;b&gt;&amp;&quot;&#39;</i>"),
		HTML("words within words are not looked into", "{{outer}}",
			"See: It is &lt;i&gt;{name}&lt;/i&gt;"),
		HTML("a line of one tag leaves no line",
			"a\n  {{#yes}}  \nb\n{{/yes}}\n\t{{! x }}\r\nc\n",
			"a\nb\nc\n"),
		HTML("an include on a line of its own leaves none",
			"a\n  {{>part}}\nb\n",
			"a\n[&lt;b&gt;&amp;&quot;&#39;]\nb\n"),
		HTML("a comment of more lines leaves none",
			"a\n{{! one\n two }}\nb\n", "a\nb\n"),
		HTML("a line of a value or a text is kept",
			"a\n {{empty}}\n{{_ b}}\n", "a\n \nb\n"),
		HTML("a line of two tags is kept", "{{#yes}} {{/yes}}\nb\n",
			" \nb\n"),
		HTML("the last line may end without a line end",
			"a\n{{#yes}}\nb\n{{/yes}}", "a\nb\n"),

		TEXT("in a letter nothing is escaped", "{{name}}\n",
			"<b>&\"'\n"),
		TEXT("in a letter controls become blanks", "{{lines}}",
			"a \nb c "),
		TEXT("a subject is one line",
			"{{_ " WORDS_40 " " WORDS_40 "}}\n",
			WORDS_40 " " WORDS_40 "\n"),
		TEXT("a long text in a letter is broken between words",
			"s\n{{_ " WORDS_40 " " WORDS_40 "}}\n",
			"s\n" WORDS_40 " four and four and four and four\n"
			"and four\n"),
		TEXT("what stands before a text is counted",
			"s\n0123456789: {{_ " WORDS_40 " " WORDS_40 "}}",
			"s\n0123456789: " WORDS_40 " four and four and\nfour "
			"and four and four"),
		TEXT("a long word is not broken",
			"s\n{{_ a " WORD_50 WORD_50 " b}}",
			"s\na\n" WORD_50 WORD_50 "\nb"),

		FAULT("a tag without an end is told with its line",
			"a\nb {{name\n", "line 2: a tag has no end"),
		FAULT("a tag within a tag is told", "a {{b {{c}}",
			"line 1: a tag begins within a tag"),
		FAULT("a section without an end is told",
			"{{_ one\ntwo}}\n{{#a}}\n{{#b}}{{/b}}\n",
			"line 5: a section has no end: a"),
		FAULT("an end without a section is told",
			"{{_ one\n\n\ntwo}}\n{{/a}}\n",
			"line 5: no section is open: a"),
		FAULT("sections that cross are told",
			"{{#a}}{{#b}}{{/a}}{{/b}}",
			"line 1: another section is open: b"),
		FAULT("a name of other signs is told", "{{a b}}",
			"line 1: not a name: a b"),
		FAULT("an empty name is told", "{{#}}", "line 1: not a name"),
		FAULT("an empty text is told", "\n{{_ }}",
			"line 2: a text is empty"),
		CASE("sections nest up to sixteen deep", bounds_sections, NULL),
		CASE("a template that includes itself is refused",
			refuses_itself, NULL),
		CASE("includes nest up to eight deep", bounds_includes, NULL),
		CASE("a page past its bound is told", bounds_what_is_printed,
			NULL),
		CASE("a rendering does not go on for ever", bounds_work, NULL),
		CASE("a view that lost values is not printed",
			tells_a_broken_view, NULL),
		CASE("all texts are told, for a catalogue", lists_its_texts,
			NULL),
	};

	return cmocka_run_group_tests_name("web/template", cases, NULL, NULL);
}
