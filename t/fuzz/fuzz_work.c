/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/work: of an answer that is read each part lies within the text, has
 * its shape, and nothing of one that is refused is used.
 */
#include "portal/work.h"

#include "t/fuzz/target.h"

static bool lies_in(struct slice part, struct slice whole)
{
	return part.at >= whole.at &&
		part.at + part.len <= whole.at + whole.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice text = slice_make(data, size);
	struct work_answer a = { .bits = 0 };

	if (!work_parse(text, &a)) {
		target_promise(a.bits == 0, "a refusal leaves *out alone");
		return 0;
	}
	target_promise(a.bits >= 1 && a.bits <= WORK_BITS_MAX, "1 to 30 bits");
	target_promise(size <= WORK_ANSWER_MAX, "no answer is long");
	target_promise(a.salt.len == 32 && a.mark.len == 32, "32 digits each");
	target_promise(lies_in(a.head, text) && lies_in(a.salt, a.head) &&
			lies_in(a.mark, text) && lies_in(a.number, text),
		"all parts are of the text");
	target_promise(a.expires_s >= 1, "it ends some time");
	/* Most are not; whatever it says, it says it twice. */
	target_promise(work_is_solved(&a) == work_is_solved(&a),
		"the same answer is judged alike");
	return 0;
}
