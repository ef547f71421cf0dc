/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/markdown.h"

#include "base/utf8.h"

#include <cmark.h>
#include <stdlib.h>

/* A line in front of the title: empty, or a comment, such as a date. */
static bool is_remark(struct slice line)
{
	const struct slice end = slice_of("-->");

	line = slice_trim(line);
	if (line.len == 0)
		return true;
	return slice_has_prefix(line, slice_of("<!--")) && line.len >= 7 &&
		slice_is_equal(
			slice_part(line, line.len - end.len, end.len), end);
}

/* Cuts the title off the front of *text. */
static bool take_title(struct slice *text, struct slice *title)
{
	struct slice line = { 0 };

	while (slice_cut(text, '\n', &line)) {
		if (slice_has_prefix(line, slice_of("# "))) {
			*title = slice_trim(slice_part(line, 2, line.len));
			return title->len > 0;
		}
		if (!is_remark(line))
			return false;
	}
	return false;
}

/* The X of "text {#X}"; *heading is cut before it. Empty: there is none. */
static struct slice take_id(struct slice *heading)
{
	const size_t at = slice_find(*heading, '{');
	struct slice id = slice_part(*heading, at, heading->len);

	if (!slice_has_prefix(id, slice_of("{#")) || id.len < 4 ||
		id.at[id.len - 1] != '}')
		return slice_of("");
	id = slice_part(id, 2, id.len - 3);
	for (size_t i = 0; i < id.len; i++)
		if (id.at[i] != '_' && (id.at[i] < 'a' || id.at[i] > 'z'))
			return slice_of("");
	*heading = slice_trim(slice_part(*heading, 0, at));
	return id;
}

/* Adds what cmark made, with the ids of its headings; each is on a line. */
static void add_markup(struct buf *out, struct slice made)
{
	const struct slice begin = slice_of("<h2>"), end = slice_of("</h2>");
	struct slice line;

	while (slice_cut(&made, '\n', &line)) {
		if (slice_has_prefix(line, begin) &&
			line.len > begin.len + end.len) {
			struct slice words = slice_part(line, begin.len,
				line.len - begin.len - end.len);
			struct slice id = take_id(&words);

			if (id.len > 0) {
				buf_add_format(
					out, "<h2 id=\"%.*s\">", SLICE_ARG(id));
				buf_add(out, words);
				line = end;
			}
		}
		buf_add(out, line);
		buf_add_char(out, '\n');
	}
}

enum result markdown_render(
	struct slice text, struct buf *title, struct buf *markup)
{
	struct slice words = { 0 };
	char *made;

	if (!utf8_is_whole(text) || !take_title(&text, &words))
		return RES_SYNTAX;
	buf_add(title, words);
	/* Safe is the default since 0.29, but said for older ones. */
	made = cmark_markdown_to_html(text.len > 0 ? text.at : "", text.len,
		CMARK_OPT_SAFE | CMARK_OPT_VALIDATE_UTF8);
	if (made == NULL)
		return RES_NOMEM;
	add_markup(markup, slice_of(made));
	free(made);
	return buf_result(title) != RES_OK ? buf_result(title)
					   : buf_result(markup);
}
