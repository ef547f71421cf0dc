/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/catalog: the input is a .mo file. What is found lies in it, or is the
 * text that was asked for.
 */
#include "web/catalog.h"

#include "t/fuzz/target.h"

static bool is_within(struct slice all, struct slice part)
{
	return part.at >= all.at && part.at + part.len <= all.at + all.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const texts[] = { "", "Help", "a", "one server",
		"Hello {name}", "zzz" };
	const struct slice mo = slice_make(data, size);
	struct catalog *c = NULL;

	if (catalog_open(&c, mo) != RES_OK)
		return 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct slice text = slice_of(texts[i]);
		const struct slice found = catalog_find(c, text);

		target_promise(found.at == text.at || is_within(mo, found),
			"a translation is of the file");
		target_promise(found.len > 0 || text.len == 0,
			"no text is translated to nothing");
	}
	for (size_t at = 0; at < size && at < 64; at++)
		(void)catalog_find(c, slice_part(mo, at, 8));
	catalog_close(c);
	return 0;
}
