/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dmarcuri.h"

#include "base/buf.h"
#include "base/hex.h"

#include <string.h>

static const char scheme[] = "mailto:";

/* "10m"; RES_SYNTAX, RES_RANGE. */
static enum result read_limit(struct slice text, uint64_t *out)
{
	static const char units[] = "kmgt";
	uint64_t number;
	unsigned shift = 0;
	enum result res;

	if (text.len > 0) {
		char unit = (char)(text.at[text.len - 1] | 0x20);
		const char *found = unit != '\0' ? strchr(units, unit) : NULL;

		if (found != NULL) {
			shift = (unsigned)(found - units + 1) * 10;
			text.len--;
		}
	}
	res = slice_parse_u64(text, 1, UINT64_MAX >> shift, &number);
	if (res == RES_OK)
		*out = number << shift;
	return res;
}

/* RFC 3986 s2.1. RES_SYNTAX: a "%" that is none. */
static enum result decode(struct slice text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char octet = text.at[i];

		if (octet == '%') {
			if (!hex_read(slice_part(text, i + 1, 2), &octet))
				return RES_SYNTAX;
			i += 2;
		}
		buf_add_char(out, octet);
	}
	return buf_result(out);
}

static enum result read_mailbox(struct slice text, char out[MAILBOX_TEXT_MAX])
{
	struct buf plain;
	enum result res;

	buf_init(&plain, MAILBOX_TEXT_MAX);
	res = decode(text, &plain);
	if (res == RES_OK && slice_trim(buf_slice(&plain)).len != plain.len)
		res = RES_SYNTAX;
	if (res == RES_OK)
		res = mailbox_parse(buf_slice(&plain), out);
	buf_clear(&plain);
	return res;
}

/* The limit stands behind the last "!" of what is not an address. */
static enum result read_uri(struct slice text, struct dmarcuri *out)
{
	struct slice rest;
	size_t end;

	*out = (struct dmarcuri){ .limit = 0 };
	text = slice_trim(text);
	if (!slice_has_prefix_nocase(text, slice_of(scheme)))
		return RES_SYNTAX;
	rest = slice_part(text, sizeof(scheme) - 1, text.len);
	end = slice_find_last(rest, '!');
	if (end < rest.len) {
		enum result res = read_limit(
			slice_part(rest, end + 1, rest.len), &out->limit);

		if (res != RES_OK)
			return res;
		rest.len = end;
	}
	return read_mailbox(
		slice_part(rest, 0, slice_find(rest, '?')), out->mailbox);
}

static bool is_known(
	const struct dmarcuri *list, size_t count, const char *mailbox)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is_equal_nocase(
			    slice_of(list[i].mailbox), slice_of(mailbox)))
			return true;
	return false;
}

size_t dmarcuri_parse(
	struct slice list, struct dmarcuri out[DMARCURI_MAX], size_t *ignored)
{
	struct slice uri;
	size_t count = 0, other = 0;

	while (slice_cut(&list, ',', &uri)) {
		struct dmarcuri one;

		if (slice_is_empty(slice_trim(uri)))
			continue;
		if (count < DMARCURI_MAX && read_uri(uri, &one) == RES_OK &&
			!is_known(out, count, one.mailbox))
			out[count++] = one;
		else
			other++;
	}
	if (ignored != NULL)
		*ignored = other;
	return count;
}
