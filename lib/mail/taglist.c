/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/taglist.h"

#include "base/arena.h"
#include "base/ascii.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* tag-name = ALPHA *ALNUMPUNC */
static bool is_name(struct slice s)
{
	if (s.len == 0 || !ascii_is_alpha(s.at[0]))
		return false;
	for (size_t i = 1; i < s.len; i++)
		if (!ascii_is_alpha(s.at[i]) && s.at[i] != '_' &&
			(s.at[i] < '0' || s.at[i] > '9'))
			return false;
	return true;
}

/* VALCHAR and blanks; the ";" has been cut off. */
static bool is_value(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if ((c < 0x21 || c == 0x7f) && !is_blank(s.at[i]))
			return false;
	}
	return true;
}

static enum result add(struct taglist *out, struct slice spec)
{
	size_t at = slice_find(spec, '=');
	struct tag t = {
		.name = slice_trim(slice_part(spec, 0, at)),
		.value = slice_trim(slice_part(spec, at + 1, spec.len)),
	};

	if (at == spec.len || !is_name(t.name) || !is_value(t.value))
		return RES_SYNTAX;
	for (size_t i = 0; i < out->count; i++)
		if (slice_is_equal(out->tag[i].name, t.name))
			return RES_EXISTS;
	if (out->count == TAGLIST_MAX)
		return RES_TOOBIG;
	out->tag[out->count++] = t;
	return RES_OK;
}

enum result taglist_parse(struct taglist *out, struct slice text)
{
	struct slice rest = slice_trim(text), spec;
	enum result res = RES_OK;

	out->count = 0;
	if (rest.len > 0 && rest.at[rest.len - 1] == ';')
		rest.len--;
	if (rest.len == 0)
		return RES_SYNTAX;
	/* An empty piece between two ";" is no tag, and no list either. */
	for (size_t at = 0; res == RES_OK && at <= rest.len;
		at += spec.len + 1) {
		spec = slice_part(rest, at, rest.len);
		spec.len = slice_find(spec, ';');
		res = add(out, spec);
	}
	return res;
}

const struct slice *taglist_find(const struct taglist *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (slice_is_equal(list->tag[i].name, slice_of(name)))
			return &list->tag[i].value;
	return NULL;
}

enum result taglist_squeeze(
	struct slice value, struct arena *a, struct slice *out)
{
	size_t len = 0;
	char *copy;

	*out = value;
	for (size_t i = 0; i < value.len; i++)
		len += !is_blank(value.at[i]);
	if (len == value.len)
		return RES_OK;
	copy = arena_alloc(a, len + 1);
	if (copy == NULL)
		return RES_NOMEM;
	len = 0;
	for (size_t i = 0; i < value.len; i++)
		if (!is_blank(value.at[i]))
			copy[len++] = value.at[i];
	*out = slice_make(copy, len);
	return RES_OK;
}
