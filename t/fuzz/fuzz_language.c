/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/language: the first line is what was asked for, the rest an
 * Accept-Language. There is always one language; what was asked for goes
 * first; what is not of the grammar changes nothing.
 */
#include "web/language.h"

#include "base/buf.h"
#include "t/fuzz/target.h"

enum { SHORT_MAX = 480 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice accept = slice_make(data, size);
	struct slice wanted = { 0 };
	enum language asked = LANGUAGE_EN;
	enum language got;
	struct buf more;

	(void)slice_cut(&accept, '\n', &wanted);
	got = language_choose(wanted, accept, LANGUAGE_ES);
	target_promise(got < LANGUAGE_COUNT, "it is one of ours");
	if (language_parse(wanted, &asked))
		target_promise(got == asked, "what was asked for goes first");
	if (accept.len > SHORT_MAX)
		return 0;
	buf_init(&more, SHORT_MAX + 64);
	buf_add_text(&more, "en-;q=1, pt;q=x, <es>, ");
	buf_add(&more, accept);
	buf_add_text(&more, ",,en;q=2");
	if (more.len <= 512)
		target_promise(language_choose(wanted, buf_slice(&more),
				       LANGUAGE_ES) == got,
			"other grammar changes nothing");
	buf_clear(&more);
	return 0;
}
