/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/shape.h"

#include "heur/headernote.h"
#include "heur/shapehtml.h"
#include "heur/shapepeople.h"
#include "heur/shapeprogram.h"
#include "heur/shapesubject.h"
#include "heur/shapetext.h"

static const double half = 0.5;

/* It names a message that it answers. Whoever answers somebody seldom writes to
 * many, and has the marks of what he quotes. A forger can claim it, so that
 * half of what is seen still counts. */
static bool is_answer(const struct message *m)
{
	static const char *const names[] = { "In-Reply-To", "References" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct field *f = headernote_field(m, names[i]);

		if (f != NULL && slice_find(f->value, '<') < f->value.len &&
			slice_find(f->value, '@') < f->value.len)
			return true;
	}
	return false;
}

static void halve(struct findings *out, size_t from)
{
	for (size_t i = from; i < out->count; i++)
		out->item[i].factor *= half;
}

enum check_progress shape_step(
	const struct check_input *in, struct findings *out)
{
	struct headernote n = { .check = "shape", .in = in, .out = out };
	size_t before;

	if (out == NULL || in->message == NULL)
		return CHECK_DONE;
	before = out->count;
	shapesubject_run(&n);
	shapepeople_run(&n);
	shapeprogram_run(&n);
	if (in->body != NULL && in->body->is_known) {
		shapehtml_run(&n);
		shapetext_run(&n);
	}
	if (is_answer(in->message))
		halve(out, before);
	headernote_end(&n);
	return CHECK_DONE;
}
