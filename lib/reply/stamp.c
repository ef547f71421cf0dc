/* SPDX-License-Identifier: BSD-2-Clause */
#include "reply/stamp.h"

#include <string.h>

const char stamp_name[] = "X-Reprieve";

bool stamp_is_ours(struct slice name)
{
	/* A blank before the colon is lost by the MTA, so it does not count. */
	return slice_is_equal_nocase(slice_trim(name), slice_of(stamp_name));
}

/* Only what cannot end the field or begin another: RFC 5322 s2.2. */
static void add_token(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] > 0x20 && s.at[i] < 0x7f && s.at[i] != ';')
			buf_add_char(out, s.at[i]);
}

enum result stamp_format(const struct stamp_input *in, struct buf *out)
{
	const struct verdict *v = in->verdict;

	buf_add_format(out, " action=%s", action_name(v->action));
	if (v->would_be != v->action)
		buf_add_format(out, "; would_be=%s", action_name(v->would_be));
	if (v->mode != NULL && strcmp(v->mode, "enforce") != 0)
		buf_add_format(out, "; mode=%s", v->mode);
	if (!slice_is_empty(in->ref)) {
		buf_add_text(out, "; ref=");
		add_token(out, in->ref);
	}
	if (in->unchecked)
		buf_add_text(out, "; unchecked=lists");
	buf_add_format(out, "; score=%.1f; host=", v->score);
	add_token(out, in->host);
	return buf_result(out);
}
