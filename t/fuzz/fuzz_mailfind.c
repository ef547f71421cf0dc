/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/mailfind and ctl/plaintext: whatever mail comes to an alias, it is read
 * to its end, an ID that is found reads as itself, and the text of a ticket is
 * within its bounds and without controls.
 */
#include "ctl/mailfind.h"
#include "ctl/plaintext.h"
#include "store/secret.h"
#include "t/fuzz/target.h"

#include <string.h>

enum { TEXT_MAX = 1 << 20, MOST = 512 };

static void try_text(struct slice text)
{
	struct buf out, plain;

	buf_init(&out, MOST);
	buf_init(&plain, TEXT_MAX);
	target_promise(plaintext_scan(text) <= text.len,
		"no more is parsed than there is");
	plaintext_strip(text, &plain);
	target_promise(plain.len <= text.len * 2 + 1,
		"a text does not grow without its tags");
	plaintext_clean(text, MOST, &out);
	target_promise(out.len <= MOST && buf_result(&out) == RES_OK,
		"a text is not longer than it may be");
	for (size_t i = 0; i < out.len; i++)
		target_promise((unsigned char)out.at[i] >= ' ' ||
				out.at[i] == '\n' || out.at[i] == '\t',
			"a text has no controls");
	buf_clear(&out);
	buf_clear(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct secret secret = { .octet = "0123456789abcdef",
		.len = 16 };
	const struct mailfind_envelope envelope = { .recipient = "" };
	const struct slice text = slice_make(data, size);
	struct mailfind got = { .kind = MAILFIND_NONE };
	char again[CASE_REF_MAX];
	struct savedmail m;

	try_text(text);
	if (savedmail_parse(&m, text) != RES_OK)
		return 0;
	target_promise(mailfind_address(&secret, &envelope, &m, &got) == RES_OK,
		"every mail is for somebody or nobody");
	if (got.id[0] != '\0')
		target_promise(
			case_ref_parse(slice_of(got.id), again) == RES_OK &&
				strcmp(got.id, again) == 0,
			"an ID reads as itself");
	(void)mailfind_robot(&envelope, text, &m);
	(void)mailfind_is_report(&m);
	(void)mailfind_has_failed(m.body);
	savedmail_clear(&m);
	return 0;
}
