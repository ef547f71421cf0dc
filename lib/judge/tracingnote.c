/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/tracingnote.h"

#include "auth/aligned.h"
#include "base/arena.h"
#include "judge/fields.h"

static void keep_own(struct tracingnote *n, struct arena *a, struct slice value)
{
	if (n->has_own)
		return;
	n->has_own = true;
	if (value.len > TRACE_VALUE_MAX ||
		arena_copy(a, value, &n->own) != RES_OK)
		n->own = slice_of("");
}

void tracingnote_add(struct tracingnote *n, struct arena *a, struct slice name,
	struct slice value)
{
	tracebind_add(&n->bind, name, value);
	if (aligned_is_signature(name))
		n->is_signed = n->is_signed ||
			name.len + value.len >= FIELD_CUT_AT ||
			aligned_covers(value, trace_name);
	else if (trace_is_ours(name))
		keep_own(n, a, value);
}
