/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/loss.h"

bool loss_is_accepted(struct slice remembered, struct slice generation)
{
	return !slice_is_empty(generation) &&
		!slice_has_prefix(generation, slice_of(LOSS_AUTO)) &&
		!slice_is_equal(generation, remembered);
}

enum loss_verdict loss_judge(const struct loss_facts *f)
{
	bool is_known = !slice_is_empty(f->generation) &&
		(slice_is_equal(f->generation, f->remembered) ||
			slice_is_empty(f->remembered));

	if (loss_is_accepted(f->remembered, f->generation) &&
		!slice_is_empty(f->remembered))
		return LOSS_ACCEPTED;
	if (f->old_count == 0 ||
		f->new_count >= f->old_count - f->old_count / 2)
		return LOSS_NONE;
	if (is_known && f->old_count < LOSS_MANY)
		return LOSS_NONE;
	return LOSS_LOST;
}
