/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/multipart: what is read keeps its bounds, holds no field twice, and its
 * files are parts of the body. The first line is the Content-Type.
 */
#include "web/multipart.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "t/fuzz/target.h"

enum { MEMORY_MAX = 1 << 20, VALUE_MAX = 64, FILES = 4, OCTETS = 1024 };

static void check_text(struct slice text, bool may_have_lines)
{
	target_promise(utf8_is_whole(text), "a text is UTF-8");
	for (size_t i = 0; i < text.len; i++) {
		const unsigned char c = (unsigned char)text.at[i];

		target_promise(
			c >= 0x20 || c == '\t' || (c == '\n' && may_have_lines),
			"a text has no controls");
	}
}

static void check_fields(const struct multipart *m)
{
	const struct form *f = &m->form;

	target_promise(f->count <= FORM_FIELDS_MAX, "fields have a bound");
	for (size_t i = 0; i < f->count; i++) {
		target_promise(f->field[i].value.len <= VALUE_MAX,
			"a value keeps its bound");
		check_text(f->field[i].value, true);
		for (size_t k = 0; k < i; k++)
			target_promise(!slice_is_equal(f->field[i].name,
					       f->field[k].name),
				"no field is there twice");
		for (size_t k = 0; k < m->count; k++)
			target_promise(!slice_is_equal(f->field[i].name,
					       m->file[k].field),
				"no field is a file");
	}
}

static void check_files(const struct multipart *m, struct slice body)
{
	size_t sum = 0;

	target_promise(m->count <= FILES, "files have a bound");
	for (size_t i = 0; i < m->count; i++) {
		const struct multipart_file *f = &m->file[i];

		sum += f->octets.len;
		target_promise(form_is_name(f->field), "a file has a field");
		target_promise(
			f->name.len <= MULTIPART_NAME_MAX, "a name is short");
		check_text(f->name, false);
		target_promise(slice_find(f->name, '/') == f->name.len &&
				slice_find(f->name, '\\') == f->name.len,
			"a name is no path");
		target_promise(f->octets.at >= body.at &&
				f->octets.at + f->octets.len <=
					body.at + body.len,
			"a file is a part of the body");
	}
	target_promise(sum <= OCTETS, "files keep their bound");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct multipart_limits limits = {
		.values = { VALUE_MAX, true },
		.files_max = FILES,
		.octets_max = OCTETS,
	};
	struct slice body = slice_make(data, size);
	struct slice type;
	struct arena *a = arena_new(MEMORY_MAX);
	struct multipart m;

	if (a != NULL && slice_cut(&body, '\n', &type)) {
		if (multipart_parse(&m, type, body, &limits, a) == RES_OK) {
			target_promise(multipart_is_type(type),
				"what is read is of that type");
			check_fields(&m);
			check_files(&m, body);
		} else {
			target_promise(m.count == 0 && m.form.count == 0,
				"what is not read is empty");
		}
	}
	arena_free(a);
	return 0;
}
