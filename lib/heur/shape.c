/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/shape.h"

#include "heur/headernote.h"
#include "heur/shapehtml.h"
#include "heur/shapepeople.h"
#include "heur/shapeprogram.h"
#include "heur/shapesubject.h"
#include "heur/shapetext.h"

enum check_progress shape_step(
	const struct check_input *in, struct findings *out)
{
	struct headernote n = { .check = "shape", .in = in, .out = out };

	if (out == NULL || in->message == NULL)
		return CHECK_DONE;
	shapesubject_run(&n);
	shapepeople_run(&n);
	shapeprogram_run(&n);
	if (in->body != NULL && in->body->is_known) {
		shapehtml_run(&n);
		shapetext_run(&n);
	}
	headernote_end(&n);
	return CHECK_DONE;
}
