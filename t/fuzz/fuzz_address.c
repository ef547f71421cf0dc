/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/address: the parts lie inside the text, hold no control octet, and an
 * address that was read is read as the same when it is written again.
 */
#include "mail/address.h"
#include "t/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

static bool lies_in(struct slice part, struct slice text)
{
	return part.len == 0 ||
		(part.at >= text.at &&
			part.at + part.len <= text.at + text.len);
}

static bool has_control(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.at[i] < 0x20)
			return true;
	}
	return false;
}

static void try_again(const struct address *a)
{
	size_t len = a->whole.len + 2;
	char *text = malloc(len);
	struct address again;

	if (text == NULL)
		return;
	text[0] = '<';
	if (a->whole.len > 0)
		memcpy(text + 1, a->whole.at, a->whole.len);
	text[len - 1] = '>';
	target_promise(address_parse(&again, slice_make(text, len)) == RES_OK,
		"an address that was read is read again");
	target_promise(slice_is_equal(a->whole, again.whole) &&
			slice_is_equal(a->local, again.local) &&
			slice_is_equal(a->domain, again.domain) &&
			a->is_null == again.is_null,
		"an address that was read is read as the same");
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data, size);
	struct address a;

	if (address_parse(&a, text) != RES_OK) {
		target_promise(slice_is_equal(a.whole, text) &&
				a.local.len == 0 && a.domain.len == 0 &&
				!a.is_null,
			"what is refused has no parts");
		return 0;
	}
	target_promise(lies_in(a.whole, text) && lies_in(a.local, a.whole) &&
			lies_in(a.domain, a.whole),
		"the parts lie inside the text");
	target_promise(!has_control(a.whole), "no part has a control octet");
	target_promise(a.is_null == (a.whole.len == 0),
		"the null sender has no parts");
	target_promise(slice_find(a.domain, '>') == a.domain.len ||
			slice_find(a.domain, '"') != a.domain.len,
		"a bracket is in a domain only inside quotes");
	try_again(&a);
	return 0;
}
