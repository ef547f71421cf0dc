/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/html: what is shown is valid UTF-8, and no more than there was.
 */
#include "mail/html.h"

#include "base/utf8.h"
#include "mail/charset.h"
#include "t/fuzz/target.h"

static bool take(void *ctx, const struct html_token *t)
{
	size_t *left = ctx;
	size_t len = t->text.len + t->name.len;

	target_promise(utf8_is_whole(t->text), "text is UTF-8");
	target_promise(t->attribute_count <= HTML_ATTRIBUTES_MAX,
		"attributes are bounded");
	for (size_t i = 0; i < t->attribute_count; i++) {
		len += t->attributes[i].name.len + t->attributes[i].value.len;
		target_promise(utf8_is_whole(t->attributes[i].value),
			"values are UTF-8");
	}
	target_promise(len <= *left, "no token is longer than its source");
	*left -= len;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf utf8;
	size_t left;

	buf_init(&utf8, 4 * size + 1);
	if (charset_decode(slice_of("utf-8"), slice_make(data, size), &utf8) ==
		RES_OK) {
		left = utf8.len;
		(void)!html_walk(buf_slice(&utf8), take, &left);
	}
	buf_clear(&utf8);
	return 0;
}
