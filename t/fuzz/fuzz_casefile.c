/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/casefile: whatever stands in the findings of a case, all that is read
 * is a part of it, the reading ends, and of our own lists nothing is seen.
 */
#include "portal/casefile.h"
#include "t/fuzz/target.h"

static bool is_part(struct slice part, struct slice whole)
{
	return part.len == 0 ||
		(part.at >= whole.at &&
			part.at + part.len <= whole.at + whole.len);
}

static void look(const struct casefile_finding *f, struct slice all)
{
	double score = 0;

	target_promise(is_part(f->check, all) && is_part(f->detail, all) &&
			is_part(f->rule, all) && is_part(f->seen, all),
		"what is read is a part of the text");
	if (slice_is_equal(f->check, slice_of("blocked")) ||
		slice_is_equal(f->check, slice_of("allowed")))
		target_promise(slice_is_empty(f->seen),
			"of our lists nothing is seen");
	if (!casefile_score(f, &score))
		target_promise(score == 0, "no score leaves it alone");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_make(data, size), rest = all;
	struct casefile_finding f;
	size_t count = 0;

	while (casefile_next(&rest, &f)) {
		look(&f, all);
		count++;
	}
	target_promise(count <= size, "a finding takes an octet at least");
	target_promise(
		is_part(casefile_word(all, "d"), all), "a word is a part");
	(void)casefile_parse_time(all);
	return 0;
}
