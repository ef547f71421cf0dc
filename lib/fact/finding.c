/* SPDX-License-Identifier: BSD-2-Clause */
#include "fact/finding.h"

#include <string.h>

const char *outcome_name(enum outcome o)
{
	switch (o) {
	case OUTCOME_UNKNOWN:
		return "unknown";
	case OUTCOME_MISS:
		return "miss";
	case OUTCOME_HIT:
		return "hit";
	}
	return "unknown";
}

void findings_clear(struct findings *f)
{
	f->count = 0;
}

struct finding *findings_add(struct findings *f, const char *check)
{
	struct finding *one = NULL;

	if (f->count < FINDINGS_MAX)
		f->count++;
	one = &f->item[f->count - 1];
	*one = (struct finding){ .check = check, .detail = "" };
	return one;
}

const struct finding *findings_find(const struct findings *f, const char *check)
{
	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(f->item[i].check, check) == 0)
			return &f->item[i];
	}
	return NULL;
}
