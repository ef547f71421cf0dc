/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/heur/shaperig.h"

#include "heur/body.h"
#include "heur/shape.h"

#include <stdlib.h>
#include <string.h>

static size_t end_of_header(struct slice message)
{
	const char *end = message.len == 0
		? NULL
		: memmem(message.at, message.len, "\r\n\r\n", 4);

	return end == NULL ? message.len : (size_t)(end - message.at);
}

void shaperig_run(struct headerrig *r, struct slice message)
{
	const size_t end = end_of_header(message);
	struct slice body = slice_part(message, end + 4, message.len);
	void *state = NULL;
	struct check_input in = {
		.conf = r->conf,
		.envelope = &r->envelope,
		.message = &r->message,
		.auth = &r->auth,
		.body = &r->body,
		.arena = r->arena,
		.body_ended = true,
		.state = &state,
	};
	struct findings none;

	headerrig_take(r, slice_part(message, 0, end));
	memset(&r->body, 0, sizeof(r->body));
	findings_clear(&none);
	if (body_step(&in, NULL) != CHECK_DONE)
		abort();
	(void)body_take(&in, body);
	if (body_step(&in, &none) != CHECK_DONE)
		abort();
	headerrig_run(r, shape_step);
	if (state != NULL)
		body_clear(state);
	memset(&r->body, 0, sizeof(r->body));
}
