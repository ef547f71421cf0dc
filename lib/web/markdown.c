/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/markdown.h"

#include "web/utf8.h"

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
	buf_add_text(markup, made);
	free(made);
	return buf_result(title) != RES_OK ? buf_result(title)
					   : buf_result(markup);
}
