/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/tracingnote.h"

#include "auth/aligned.h"
#include "auth/arcset.h"
#include "base/arena.h"
#include "judge/fields.h"

static bool is_signature(struct slice name)
{
	return slice_is_equal_nocase(name, slice_of("DKIM-Signature")) ||
		slice_is_equal_nocase(name, slice_of(arcset_message_name));
}

/* Read less strictly than a verifier reads, so that none of them minds. */
static bool names_ours(struct slice signature)
{
	struct slice tag;

	while (slice_cut(&signature, ';', &tag)) {
		size_t equals = slice_find(tag, '=');
		struct slice letter = slice_trim(slice_part(tag, 0, equals));

		if (slice_is_equal_nocase(letter, slice_of("h")) &&
			aligned_names(slice_part(tag, equals + 1, tag.len),
				trace_name))
			return true;
	}
	return false;
}

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
	if (is_signature(name))
		n->is_signed = n->is_signed ||
			name.len + value.len >= FIELD_CUT_AT ||
			names_ours(value);
	else if (trace_is_ours(name))
		keep_own(n, a, value);
}
