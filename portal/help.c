/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arena.h"
#include "base/buf.h"
#include "policy/code.h"
#include "portal/frame.h"
#include "portal/helptables.h"
#include "portal/pages.h"
#include "portal/remedies.h"
#include "portal/texts.h"
#include "portal/visit.h"
#include "web/html.h"

#include <string.h>

enum { MARKUP_MAX = VISIT_MEMORY_MAX / 2 };

/* ---- help pages ---- */

/* {name} in a help page stands for that value of the frame. */
static const char *const values[] = { "host", "portal_url", "postmaster",
	"abuse", "site_name" };

/* As people write it, and as it is written within a link. */
static const struct braces {
	const char *left;
	const char *right;
} braces[] = { { "{", "}" }, { "%7B", "%7D" } };

static bool skip(struct slice *text, const char *what)
{
	const struct slice s = slice_of(what);

	if (!slice_has_prefix(*text, s))
		return false;
	*text = slice_part(*text, s.len, text->len);
	return true;
}

/* How much of text was read; 0: no value begins here. */
static size_t add_value(
	const struct visit *v, struct slice text, struct buf *out)
{
	for (size_t b = 0; b < 2; b++)
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]);
			i++) {
			struct slice rest = text;

			if (!skip(&rest, braces[b].left) ||
				!skip(&rest, values[i]) ||
				!skip(&rest, braces[b].right))
				continue;
			html_add(out,
				view_find(v->view, slice_of(values[i])).text);
			return text.len - rest.len;
		}
	return 0;
}

/* The path of a link of ours gets the language that the visitor chose. */
static size_t add_link(
	const struct visit *v, struct slice text, struct buf *out)
{
	const struct slice begin = slice_of("href=\"/");
	size_t end = begin.len;

	if (!slice_has_prefix(text, begin) || text.len == begin.len ||
		text.at[end] == '/')
		return 0;
	while (end < text.len && strchr("\"#?", text.at[end]) == NULL)
		end++;
	buf_add(out, slice_part(text, 0, end));
	if (end < text.len && text.at[end] != '?')
		buf_add_text(out, v->lang_query);
	return end;
}

static bool finish_markup(
	struct visit *v, struct slice markup, struct slice *done)
{
	struct buf out;
	enum result res;

	buf_init(&out, MARKUP_MAX);
	while (markup.len > 0) {
		size_t len = 0;

		if (markup.at[0] == '{' || markup.at[0] == '%')
			len = add_value(v, markup, &out);
		else if (markup.at[0] == 'h')
			len = add_link(v, markup, &out);
		if (len == 0) {
			buf_add_char(&out, markup.at[0]);
			len = 1;
		}
		markup = slice_part(markup, len, markup.len);
	}
	res = buf_result(&out);
	if (res == RES_OK)
		res = arena_copy(v->arena, buf_slice(&out), done);
	buf_clear(&out);
	return res == RES_OK;
}

/* ---- tables of a help page ---- */

static struct slice find_text(struct slice text, const char *what)
{
	const size_t len = strlen(what);
	const char *at =
		text.len == 0 ? NULL : memmem(text.at, text.len, what, len);

	return at == NULL ? slice_part(text, text.len, 0)
			  : slice_make(at, text.len - (size_t)(at - text.at));
}

static void add_markup(struct visit *v, const char *from, const char *to)
{
	if (to > from)
		view_markup(view_item(v->view, "parts"), "markup",
			slice_make(from, (size_t)(to - from)));
}

/* A paragraph of {NAME} alone is a table, if there is one of that name. */
static void show_parts(struct visit *v, struct slice markup)
{
	static const char begin[] = "<p>{", end[] = "}</p>";
	const char *done = markup.at, *last = markup.at + markup.len;

	for (struct slice at = find_text(markup, begin); at.len > 0;
		at = find_text(at, begin)) {
		struct slice name = slice_part(at, sizeof(begin) - 1, at.len);
		struct slice rest = find_text(name, end);

		name = slice_part(name, 0, slice_find(name, '}'));
		at = slice_part(at, 1, at.len);
		if (rest.len == 0 || name.at + name.len != rest.at)
			continue;
		add_markup(v, done, at.at - 1);
		done = at.at - 1;
		if (helptables_show(v, view_item(v->view, "parts"), name))
			done = rest.at + sizeof(end) - 1;
	}
	add_markup(v, done, last);
}

static void help_index(struct visit *v)
{
	struct texts_help page;

	for (size_t i = 0; texts_help_at(v->site.texts, i, v->language, &page);
		i++) {
		struct view *item = view_item(v->view, "pages");

		view_text(item, "name", page.name);
		view_slice(item, "page_title", page.title);
	}
	view_say(v->view, "title", "Help");
	visit_page(v, STATUS_OK, "help-index");
}

void page_help(struct visit *v)
{
	struct texts_help page;
	struct slice markup;

	view_flag(v->view, "is_public", true);
	if (v->rest.len == 0) {
		help_index(v);
		return;
	}
	if (!texts_help(v->site.texts, v->rest, v->language, &page)) {
		visit_not_found(v);
		return;
	}
	if (!finish_markup(v, page.markup, &markup)) {
		visit_failed(v, "help", RES_TOOBIG);
		return;
	}
	view_slice(v->view, "title", page.title);
	show_parts(v, markup);
	view_slice(v->view, "changed", page.changed);
	visit_date(v, v->view, "changed_words", page.changed);
	view_text(v->view, "page_lang", language_tag(page.language));
	view_flag(v->view, "is_other_language", page.language != v->language);
	visit_page(v, STATUS_OK, "help");
}

/* ---- the dictionary of codes ---- */

static void code_index(struct visit *v)
{
	for (unsigned i = CODE_NONE + 1; i < CODE_COUNT; i++) {
		const struct code_row *row = code_row((enum code)i);
		struct view *item = view_item(v->view, "codes");

		view_text(item, "name", row->name);
		view_text(item, "smtp", row->smtp);
		view_text(item, "xcode", row->xcode);
		view_say(item, "cause", row->cause);
	}
	view_say(v->view, "title", "What our refusals mean");
	visit_page(v, STATUS_OK, "code-index");
}

void page_code(struct visit *v)
{
	const enum code code = code_find(v->rest);
	const struct code_row *row = code_row(code);

	view_flag(v->view, "is_public", true);
	if (v->rest.len == 0) {
		code_index(v);
		return;
	}
	if (row == NULL) {
		visit_not_found(v);
		return;
	}
	view_text(v->view, "name", row->name);
	view_text(v->view, "smtp", row->smtp);
	view_text(v->view, "xcode", row->xcode);
	view_text(v->view, "reply", row->text);
	view_say(v->view, "cause", row->cause);
	view_say(v->view, "remedy", row->remedy);
	if (remedy_help(code) != NULL)
		view_text(v->view, "help", remedy_help(code));
	view_flag(v->view, "is_temporary", row->smtp[0] == '4');
	view_say(v->view, "title", "{smtp} {xcode}: what it means");
	visit_page(v, STATUS_OK, "code");
}
