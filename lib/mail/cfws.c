/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/cfws.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool skip_comment(struct slice v, size_t *at)
{
	size_t depth = 0;

	for (; *at < v.len; ++*at) {
		char c = v.at[*at];

		if (c == '\\')
			++*at;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0) {
			++*at;
			return true;
		}
	}
	*at = v.len;
	return false;
}

bool cfws_skip(struct slice v, size_t *at)
{
	while (*at < v.len) {
		if (is_blank(v.at[*at]))
			++*at;
		else if (v.at[*at] != '(')
			break;
		else if (!skip_comment(v, at))
			return false;
	}
	return true;
}

bool cfws_quoted(struct slice v, size_t *at, struct slice *inner)
{
	size_t from = ++*at;

	for (; *at < v.len; ++*at) {
		if (v.at[*at] == '"') {
			*inner = slice_part(v, from, *at - from);
			++*at;
			return true;
		}
		if (v.at[*at] == '\\')
			++*at;
	}
	*at = v.len;
	return false;
}
