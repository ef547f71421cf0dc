/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/xarf: whatever comes, it is read to its end; what is used are lines
 * within their bounds, and a refusal changes nothing.
 */
#include "base/arena.h"
#include "ctl/xarf.h"
#include "t/fuzz/target.h"

enum { ARENA_MAX = 16 << 20, NEVER = 77 };

static void check_word(struct slice text)
{
	target_promise(text.len <= XARF_WORD_MAX, "a word is short");
	for (size_t i = 0; i < text.len; i++)
		target_promise(
			(unsigned char)text.at[i] >= ' ' && text.at[i] != 0x7f,
			"a word is one line");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(ARENA_MAX);
	struct xarf x = { .version = NEVER };

	if (a == NULL)
		return 0;
	if (xarf_parse(slice_make(data, size), a, &x) != RES_OK) {
		target_promise(x.version == NEVER, "a refusal leaves it alone");
		arena_free(a);
		return 0;
	}
	target_promise(x.version == 3 || x.version == 4, "one of the two");
	target_promise((x.why != NULL) == x.is_malformed, "why is told");
	target_promise(x.kind < REPORT_KINDS, "a kind that there is");
	target_promise(x.count <= XARF_EVIDENCE_MAX, "so much, and no more");
	check_word(x.category);
	check_word(x.type);
	check_word(x.report_id);
	check_word(x.timestamp);
	check_word(x.org);
	check_word(x.contact);
	check_word(x.domain);
	check_word(x.smtp_from);
	for (size_t i = 0; i < x.count; i++)
		target_promise(x.message[i].octets.len > 0 &&
				x.message[i].octets.len <= size,
			"a message is a part of what came");
	arena_free(a);
	return 0;
}
