/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/markdown: whatever a help page says, its markup runs no script.
 */
#include "web/markdown.h"

#include "t/fuzz/target.h"

enum { MARKUP_MAX = 1 << 20 };

static bool holds(struct slice text, const char *what)
{
	for (size_t i = 0; i < text.len; i++)
		if (slice_has_prefix_nocase(
			    slice_part(text, i, text.len), slice_of(what)))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text;
	struct buf title;
	struct buf markup;

	buf_init(&text, MARKUP_MAX);
	buf_init(&title, MARKUP_MAX);
	buf_init(&markup, MARKUP_MAX);
	buf_add_text(&text, "# Title\n\n");
	buf_add(&text, slice_make(data, size));
	if (markdown_render(buf_slice(&text), &title, &markup) == RES_OK) {
		const struct slice made = buf_slice(&markup);

		target_promise(!holds(made, "<script") &&
				!holds(made, "<style") &&
				!holds(made, "<iframe"),
			"no tag but those of text");
		target_promise(!holds(made, "=\"javascript:") &&
				!holds(made, "=\"vbscript:"),
			"no link that runs script");
	}
	buf_clear(&text);
	buf_clear(&title);
	buf_clear(&markup);
	return 0;
}
