/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/form: a form that is read holds text only, within its bounds, no field
 * twice; written again it is read as the same. The first octet says whether
 * values may have lines.
 */
#include "web/form.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "t/fuzz/target.h"

enum { MEMORY_MAX = 1 << 20, VALUE_MAX = 256 };

static void check_value(struct slice value, bool is_multiline)
{
	target_promise(value.len <= VALUE_MAX, "a value keeps its bound");
	target_promise(utf8_is_whole(value), "a value is UTF-8");
	for (size_t i = 0; i < value.len; i++) {
		const unsigned char c = (unsigned char)value.at[i];

		target_promise(
			c >= 0x20 || c == '\t' || (c == '\n' && is_multiline),
			"a value has no controls");
	}
}

static void write_form(const struct form *f, struct buf *out)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct form_field *field = &f->field[i];

		buf_add_format(out, "%s%.*s=", i > 0 ? "&" : "",
			SLICE_ARG(field->name));
		for (size_t k = 0; k < field->value.len; k++)
			buf_add_format(out, "%%%02X",
				(unsigned char)field->value.at[k]);
	}
}

static bool is_same(const struct form *a, const struct form *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++)
		same = slice_is_equal(a->field[i].name, b->field[i].name) &&
			slice_is_equal(a->field[i].value, b->field[i].value);
	return same;
}

static void check_form(
	const struct form *f, const struct form_limits *limits, struct arena *a)
{
	struct form again;
	struct buf text;

	target_promise(f->count <= FORM_FIELDS_MAX, "there is a bound");
	for (size_t i = 0; i < f->count; i++) {
		check_value(f->field[i].value, limits->is_multiline);
		for (size_t k = 0; k < i; k++)
			target_promise(!slice_is_equal(f->field[i].name,
					       f->field[k].name),
				"no field is there twice");
	}
	buf_init(&text, MEMORY_MAX);
	write_form(f, &text);
	target_promise(buf_result(&text) != RES_OK ||
			(form_parse(&again, buf_slice(&text), limits, a) ==
					RES_OK &&
				is_same(f, &again)),
		"written again it is the same");
	buf_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct form_limits limits = {
		.value_max = VALUE_MAX,
		.is_multiline = size > 0 && data[0] == 'm',
	};
	struct arena *a = arena_new(MEMORY_MAX);
	struct form f;

	if (a == NULL || size == 0) {
		arena_free(a);
		return 0;
	}
	if (form_parse(&f, slice_make(data + 1, size - 1), &limits, a) ==
		RES_OK)
		check_form(&f, &limits, a);
	else
		target_promise(f.count == 0, "what is not read is empty");
	arena_free(a);
	return 0;
}
