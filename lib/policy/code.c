/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/code.h"

static const struct code_row rows[CODE_COUNT] = {
#define CODE(name, smtp, xcode, stage, text, cause, remedy) \
	[CODE_##name] = { #name, smtp, xcode, stage, text, cause, remedy },
#include "policy/codes.def"
#undef CODE
};

const struct code_row *code_row(enum code c)
{
	if (c <= CODE_NONE || c >= CODE_COUNT)
		return NULL;
	return &rows[c];
}

enum code code_find(struct slice name)
{
	for (enum code c = CODE_NONE + 1; c < CODE_COUNT; c++)
		if (slice_is_equal(name, slice_of(rows[c].name)))
			return c;
	return CODE_NONE;
}
