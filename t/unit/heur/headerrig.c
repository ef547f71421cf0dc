/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/heur/headerrig.h"

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_MAX = 1 << 24, FIELDS_MAX = 4096, CONF_MAX = 4096 };

void headerrig_init(struct headerrig *r, const char *more)
{
	struct buf errors;
	char text[CONF_MAX];

	*r = (struct headerrig){ .arena = arena_new(MEMORY_MAX) };
	snprintf(text, sizeof(text),
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"unix:/run/x/s\" }\n"
		"redis { servers = {\"unix:/run/x/r\"} }\n%s\n",
		more);
	buf_init(&errors, CONF_MAX);
	if (r->arena == NULL ||
		conf_load_text("test", slice_of(text), &r->conf, &errors) !=
			RES_OK) {
		fprintf(stderr, "%s\n", buf_text(&errors));
		abort();
	}
	buf_clear(&errors);
}

void headerrig_clear(struct headerrig *r)
{
	conf_release(r->conf);
	arena_free(r->arena);
}

/* Where the field that begins at "from" ends: before its CRLF. */
static size_t end_of_field(struct slice text, size_t from)
{
	for (size_t i = from; i + 1 < text.len; i++)
		if (text.at[i] == '\r' && text.at[i + 1] == '\n' &&
			(i + 2 == text.len ||
				(text.at[i + 2] != ' ' &&
					text.at[i + 2] != '\t')))
			return i;
	return text.len;
}

void headerrig_take(struct headerrig *r, struct slice header)
{
	struct field *list = arena_alloc(r->arena, FIELDS_MAX * sizeof(*list));
	struct slice text;
	size_t count = 0;

	if (list == NULL || arena_copy(r->arena, header, &text) != RES_OK)
		abort();
	for (size_t at = 0; at < text.len && count < FIELDS_MAX;) {
		size_t end = end_of_field(text, at);
		struct slice line = slice_part(text, at, end - at);
		size_t colon = slice_find(line, ':');

		if (colon < line.len)
			list[count++] = (struct field){
				.name = slice_part(line, 0, colon),
				.value = slice_part(line, colon + 1, line.len),
			};
		at = end + 2;
	}
	r->message.fields = list;
	r->message.field_count = count;
	r->message.header_count = (unsigned)count;
}

static void write_down(struct headerrig *r)
{
	size_t len = 0;

	r->text[0] = '\0';
	for (size_t i = 0; i < r->found.count; i++) {
		const struct finding *f = &r->found.item[i];
		const char *word =
			f->outcome == OUTCOME_HIT ? f->detail : "miss";
		size_t room = sizeof(r->text) - len;
		bool is_whole = f->outcome != OUTCOME_HIT || f->factor == 1;
		int more = is_whole
			? snprintf(r->text + len, room, "%s%s",
				  len > 0 ? " " : "", word)
			: snprintf(r->text + len, room, "%s%s*%g",
				  len > 0 ? " " : "", word, f->factor);

		if (more < 0 || (size_t)more >= room)
			return;
		len += (size_t)more;
	}
}

void headerrig_run(struct headerrig *r, check_step *step)
{
	void *state = NULL;
	struct check_input in = {
		.conf = r->conf,
		.envelope = &r->envelope,
		.message = &r->message,
		.auth = &r->auth,
		.body = &r->body,
		.arena = r->arena,
		.wall_s = HEADERRIG_NOW_S,
		.body_ended = true,
		.service = r->service,
		.state = &state,
	};

	findings_clear(&r->found);
	if (step(&in, NULL) != CHECK_DONE || step(&in, &r->found) != CHECK_DONE)
		abort();
	write_down(r);
}

struct slice headerrig_evidence(const struct headerrig *r, const char *word)
{
	for (size_t i = 0; i < r->found.count; i++)
		if (strcmp(r->found.item[i].detail, word) == 0)
			return r->found.item[i].evidence;
	return slice_of("");
}
