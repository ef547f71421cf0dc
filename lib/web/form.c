/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/form.h"

#include "base/arena.h"
#include "base/hex.h"
#include "base/utf8.h"

#include <string.h>

/* *octet is what the text at *at stands for; *at moves behind it. */
static bool read_octet(struct slice text, size_t *at, char *octet)
{
	*octet = text.at[(*at)++];
	if (*octet == '+')
		*octet = ' ';
	if (*octet != '%')
		return true;
	if (!hex_read(slice_part(text, *at, text.len), octet))
		return false;
	*at += 2;
	return true;
}

static bool is_control(char c, bool is_multiline)
{
	if (c == '\t' || (c == '\n' && is_multiline))
		return false;
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* CR LF and CR become LF. In place; returns the new length. */
static size_t fold_lines(char *text, size_t len)
{
	size_t to = 0;

	for (size_t from = 0; from < len; from++) {
		if (text[from] == '\r') {
			if (from + 1 < len && text[from + 1] == '\n')
				continue;
			text[from] = '\n';
		}
		text[to++] = text[from];
	}
	return to;
}

/* In place: what it is folded to may be shorter. */
static enum result check_value(char *value, size_t len,
	const struct form_limits *limits, struct slice *out)
{
	*out = (struct slice){ 0 };
	len = fold_lines(value, len);
	if (len > limits->value_max)
		return RES_TOOBIG;
	for (size_t i = 0; i < len; i++)
		if (is_control(value[i], limits->is_multiline))
			return RES_SYNTAX;
	*out = slice_make(value, len);
	return utf8_is_whole(*out) ? RES_OK : RES_SYNTAX;
}

static enum result decode(struct slice text, const struct form_limits *limits,
	struct arena *a, struct slice *out)
{
	char *value;
	size_t at = 0;
	size_t len = 0;

	*out = (struct slice){ 0 };
	if (text.len == 0)
		return RES_OK;
	/* What a CR LF is folded to is counted before: a few octets less. */
	value = arena_alloc(a, text.len);
	if (value == NULL)
		return RES_NOMEM;
	while (at < text.len)
		if (!read_octet(text, &at, &value[len++]))
			return RES_SYNTAX;
	return check_value(value, len, limits, out);
}

bool form_is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		const char c = name.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			    c == '_' || c == '-'))
			return false;
	}
	return name.len > 0 && name.len <= FORM_NAME_MAX;
}

static const struct form_field *find(const struct form *f, struct slice name)
{
	for (size_t i = 0; i < f->count; i++)
		if (slice_is_equal(f->field[i].name, name))
			return &f->field[i];
	return NULL;
}

/* A field without its value: *out is it. */
static enum result begin_field(const struct form *f, struct slice name,
	struct arena *a, struct slice *out)
{
	if (!form_is_name(name))
		return RES_SYNTAX;
	if (find(f, name) != NULL)
		return RES_EXISTS;
	if (f->count == FORM_FIELDS_MAX)
		return RES_TOOBIG;
	return arena_copy(a, name, out) == RES_OK ? RES_OK : RES_NOMEM;
}

static enum result add_field(struct form *f, struct slice part,
	const struct form_limits *limits, struct arena *a)
{
	const size_t mark = slice_find(part, '=');
	struct form_field field;
	enum result res =
		begin_field(f, slice_part(part, 0, mark), a, &field.name);

	if (res == RES_OK)
		res = decode(slice_part(part, mark + 1, part.len), limits, a,
			&field.value);
	if (res == RES_OK)
		f->field[f->count++] = field;
	return res;
}

enum result form_add(struct form *f, struct slice name, struct slice value,
	const struct form_limits *limits, struct arena *a)
{
	struct form_field field = { .value = { 0 } };
	enum result res = begin_field(f, name, a, &field.name);
	char *copy;

	if (res == RES_OK && value.len > 0) {
		/* What comes to nothing is not copied first. */
		if (value.len / 2 > limits->value_max)
			return RES_TOOBIG;
		copy = arena_alloc(a, value.len);
		if (copy == NULL)
			return RES_NOMEM;
		memcpy(copy, value.at, value.len);
		res = check_value(copy, value.len, limits, &field.value);
	}
	if (res == RES_OK)
		f->field[f->count++] = field;
	return res;
}

enum result form_parse(struct form *out, struct slice text,
	const struct form_limits *limits, struct arena *a)
{
	struct slice part = { 0 };
	enum result res = RES_OK;

	out->count = 0;
	while (res == RES_OK && slice_cut(&text, '&', &part))
		if (part.len > 0) /* WHATWG URL s5.1: an empty one is skipped */
			res = add_field(out, part, limits, a);
	if (res != RES_OK)
		out->count = 0;
	return res;
}

struct slice form_value(const struct form *f, const char *name)
{
	const struct form_field *field = find(f, slice_of(name));

	return field != NULL ? field->value : (struct slice){ 0 };
}

bool form_has(const struct form *f, const char *name)
{
	return find(f, slice_of(name)) != NULL;
}
