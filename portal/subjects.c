/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/subjects.h"

#include "web/view.h"

const struct subject subjects[SUBJECTS] = {
	{ "refused", N_("My mail is refused") },
	{ "removal", N_("A removal that was denied, or takes too long") },
	{ "rules", N_("A question about your rules") },
	{ "abuse", N_("Unwanted mail from your servers") },
	{ "other", N_("Something else") },
};

const char *subjects_find(struct slice key)
{
	for (size_t i = 0; i < SUBJECTS; i++)
		if (slice_is_equal(key, slice_of(subjects[i].key)))
			return subjects[i].words;
	return NULL;
}
