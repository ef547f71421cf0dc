/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/hostname.h"

#include "base/ascii.h"

#include <string.h>

enum { LABEL_MAX = 63, NAME_MAX_LEN = HOSTNAME_MAX - 1 };

static bool is_label_octet(char c)
{
	return ascii_is_digit(c) || (c >= 'a' && c <= 'z') ||
		(c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

static enum result check_label(struct slice label)
{
	if (label.len == 0 || label.at[0] == '-' ||
		label.at[label.len - 1] == '-')
		return RES_SYNTAX;
	for (size_t i = 0; i < label.len; i++) {
		if (!is_label_octet(label.at[i]))
			return RES_SYNTAX;
	}
	return label.len > LABEL_MAX ? RES_TOOBIG : RES_OK;
}

/* RFC 1123 s2.1: an address is no name, so the last label is no number. */
static bool is_number(struct slice label)
{
	for (size_t i = 0; i < label.len; i++) {
		if (!ascii_is_digit(label.at[i]))
			return false;
	}
	return true;
}

static enum result check_name(struct slice name)
{
	struct slice rest = name;
	struct slice label = slice_make(NULL, 0);

	/* A dot that is left at the end would be an empty last label. */
	if (name.len == 0 || name.at[name.len - 1] == '.')
		return RES_SYNTAX;
	while (slice_cut(&rest, '.', &label)) {
		enum result res = check_label(label);

		if (res != RES_OK)
			return res;
	}
	if (is_number(label))
		return RES_SYNTAX;
	return name.len > NAME_MAX_LEN ? RES_TOOBIG : RES_OK;
}

enum result hostname_parse(
	struct slice text, char out[HOSTNAME_MAX], size_t *len)
{
	enum result res;

	if (text.len > 0 && text.at[text.len - 1] == '.')
		text.len--;
	res = check_name(text);
	if (res != RES_OK)
		return res;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		out[i] = (c >= 'A' && c <= 'Z') ? (char)(c - 'A' + 'a') : c;
	}
	out[text.len] = '\0';
	*len = text.len;
	return RES_OK;
}

bool hostname_is_valid(struct slice text)
{
	char name[HOSTNAME_MAX];
	size_t len;

	return hostname_parse(text, name, &len) == RES_OK;
}

bool hostname_is_within(struct slice name, struct slice above)
{
	size_t cut = name.len - above.len;

	if (above.len == 0 || name.len < above.len)
		return false;
	return slice_is_equal(slice_part(name, cut, above.len), above) &&
		(cut == 0 || name.at[cut - 1] == '.');
}
