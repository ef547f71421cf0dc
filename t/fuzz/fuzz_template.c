/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/template: the input as a template is refused or printed within bounds;
 * the input as a value is nothing but text in a page, and has no controls but
 * line ends in a letter.
 */
#include "web/template.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "t/fuzz/target.h"
#include "web/view.h"

enum { MEMORY_MAX = 1 << 20, OUT_MAX = 1 << 16 };

static void fill(struct view *v, struct slice value)
{
	struct view *item;

	view_slice(v, "v", value);
	view_say(v, "w", "Words {v}");
	view_flag(v, "y", true);
	view_markup(v, "m", slice_of("<hr>"));
	for (size_t i = 0; i < 2; i++) {
		item = view_item(v, "l");
		view_slice(item, "e", value);
	}
}

static void count_text(void *ctx, struct slice template, struct slice text)
{
	(void)ctx;
	(void)template;
	target_promise(text.len > 0 && text.at[0] != ' ' &&
			text.at[text.len - 1] != ' ' &&
			slice_find(text, '\n') == text.len,
		"a text for translators is one line without blanks around");
}

static void try_as_template(struct slice text, const struct view *v)
{
	struct templates *t = templates_new();
	struct buf out;

	buf_init(&out, OUT_MAX);
	for (size_t kind = 0; t != NULL && kind < 2; kind++) {
		if (templates_add(t, slice_of("i"), (enum template_kind)kind,
			    text, NULL) != RES_OK)
			continue;
		templates_texts(t, count_text, NULL);
		buf_reset(&out);
		target_promise(template_render(t, slice_of("i"), v, NULL,
				       &out) != RES_OK ||
				buf_result(&out) == RES_OK,
			"what is printed is whole");
		target_promise(out.len <= OUT_MAX, "the bound is kept");
	}
	buf_clear(&out);
	templates_free(t);
}

static size_t count(struct slice s, char c)
{
	size_t found = 0;

	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] == c)
			found++;
	return found;
}

static void check_page(struct slice page)
{
	target_promise(count(page, '<') == 3 && count(page, '>') == 3,
		"a value opens no tag");
	target_promise(count(page, '"') == 2 && count(page, '\'') == 0,
		"a value ends no attribute");
	target_promise(utf8_is_whole(page), "a page is UTF-8");
}

static void check_letter(struct slice letter)
{
	for (size_t i = 0; i < letter.len; i++)
		target_promise((unsigned char)letter.at[i] >= 0x20 ||
				letter.at[i] == '\n',
			"a letter has no controls");
	target_promise(utf8_is_whole(letter), "a letter is UTF-8");
}

static void try_as_value(const struct view *v)
{
	static const char text[] = "<p title=\"{{v}}\">{{#l}}{{e}}{{/l}}"
				   "{{&v}}{{w}}{{_ Text {v}.}}</p><br>";
	struct templates *t = templates_new();
	struct buf out;

	buf_init(&out, MEMORY_MAX);
	for (size_t kind = 0; t != NULL && kind < 2; kind++) {
		if (templates_add(t, slice_of("t"), (enum template_kind)kind,
			    slice_of(text), NULL) != RES_OK)
			continue;
		buf_reset(&out);
		if (template_render(t, slice_of("t"), v, NULL, &out) != RES_OK)
			continue;
		if (kind == TEMPLATE_HTML)
			check_page(buf_slice(&out));
		else
			check_letter(buf_slice(&out));
	}
	buf_clear(&out);
	templates_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice text = slice_make(data, size);
	struct arena *a = arena_new(MEMORY_MAX);
	struct view *v = view_new(a);

	fill(v, text);
	try_as_template(text, v);
	try_as_value(v);
	arena_free(a);
	return 0;
}
