/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/url: a host is printable, bounded and spelled one way; links in a text
 * lie in it, one behind the other.
 */
#include "mail/url.h"

#include "t/fuzz/target.h"

static void check(struct slice text)
{
	char clean[URL_MAX], again[URL_MAX];
	struct url u, same;
	size_t len = url_parse(text, clean, &u);

	target_promise(len <= URL_MAX && u.host_len < HOSTNAME_MAX,
		"it has its bounds");
	for (size_t i = 0; i < u.host_len; i++)
		target_promise((unsigned char)u.host[i] > ' ' &&
				u.host[i] != 0x7f &&
				!(u.host[i] >= 'A' && u.host[i] <= 'Z'),
			"a host is folded, without blanks and controls");
	(void)url_parse(slice_make(clean, len), again, &same);
	target_promise(slice_is_equal(url_host(&u), url_host(&same)),
		"what was cleaned leads to the same host");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice text = slice_make(data, size);
	struct slice found;
	size_t at = 0, before = 0;

	check(text);
	while (url_find(text, &at, &found)) {
		target_promise(found.at >= text.at + before &&
				found.at + found.len <= text.at + at,
			"a link lies behind the one before it");
		target_promise(at > before, "it gets on");
		before = at;
		check(found);
	}
	return 0;
}
