/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What reprieve-intake reads of a report beside ARF and XARF: the frames of a
 * child that a stranger may have in his hands (ctl/mailframe), and a mail that
 * was forwarded as text (ctl/pastedmail).
 */
#include "base/arena.h"
#include "ctl/mailframe.h"
#include "ctl/pastedmail.h"
#include "t/fuzz/target.h"

#include <stdlib.h>

enum { ARENA_MAX = 16 << 20 };

static bool is_part(struct slice part, struct slice whole)
{
	return part.len == 0 ||
		(part.at >= whole.at &&
			part.at + part.len <= whole.at + whole.len);
}

static void frames(struct slice text)
{
	struct mailparts *p = calloc(1, sizeof(*p));
	enum result res;

	if (p == NULL)
		return;
	buf_init(&p->octets, text.len);
	buf_add(&p->octets, text);
	res = mailframe_read(p);
	target_promise(res == RES_OK || (res == RES_CORRUPT && p->is_partial),
		"what is no end is told");
	target_promise(p->count <= MAILPARTS_COUNT_MAX, "so many, no more");
	for (size_t i = 0; i < p->count; i++) {
		const struct mailpart *one = &p->part[i];

		target_promise(is_part(one->octets, buf_slice(&p->octets)) &&
				is_part(one->name, buf_slice(&p->octets)),
			"a part is a part");
		target_promise(one->kind < MAILPARTS_KINDS, "a known kind");
		target_promise(one->within < (int)i &&
				(one->within < 0 ||
					p->part[one->within].kind ==
						MAILPARTS_ORIGINAL),
			"it is within an original before it");
	}
	mailparts_clear(p);
	free(p);
}

static void pasted(struct slice text)
{
	struct arena *a = arena_new(ARENA_MAX);
	struct pastedmail got;

	if (a == NULL)
		return;
	if (pastedmail_find(text, a, &got) == RES_OK) {
		target_promise(
			is_part(got.before, text), "what stands above it");
		target_promise(got.message.len <= text.len + 1,
			"a message does not grow");
		target_promise(is_part(got.from, got.message) &&
				is_part(got.subject, got.message),
			"claims are of the message");
	}
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	frames(slice_make(data, size));
	pasted(slice_make(data, size));
	return 0;
}
