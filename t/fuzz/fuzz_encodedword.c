/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/encodedword and mail/param: what comes out is valid UTF-8 and bounded,
 * whatever the charset.
 */
#include "mail/encodedword.h"

#include "base/utf8.h"
#include "mail/param.h"
#include "t/fuzz/target.h"

enum { OUT_MAX = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice value = slice_make(data, size);
	struct encodedword seen;
	struct buf out;

	buf_init(&out, OUT_MAX);
	(void)!encodedword_decode(value, &out, &seen);
	target_promise(utf8_is_whole(buf_slice(&out)), "it is UTF-8");
	target_promise(out.len <= OUT_MAX, "it is bounded");
	target_promise(seen.broken <= seen.words && seen.unknown <= seen.words,
		"no more is odd than there is");
	buf_reset(&out);
	(void)!param_find(value, "name", &out);
	target_promise(utf8_is_whole(buf_slice(&out)), "a parameter too");
	buf_clear(&out);
	return 0;
}
