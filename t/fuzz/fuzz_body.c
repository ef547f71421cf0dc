/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/body, links and attach on a whole message: the first line is the
 * Content-Type, the second the encoding.
 */
#include "heur/body.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "conf/conf.h"
#include "heur/attach.h"
#include "heur/links.h"
#include "t/fuzz/target.h"

#include <stdlib.h>

enum { TEXT_MAX = 2048, LINKS_MAX = 5, ARENA_MAX = 65536 };

static struct conf *load(void)
{
	struct conf *c = NULL;
	struct buf errors;

	buf_init(&errors, 4096);
	if (conf_load_text("f",
		    slice_of("host = \"mx.example.net\"\n"
			     "portal_url = \"https://p.example.net\"\n"
			     "milter { socket = \"inet:8894@127.0.0.1\" }\n"
			     "mime { body_max = 4096 text_max = 2048 "
			     "links_max = 5 parts_max = 10 depth_max = 4 "
			     "entries_max = 10 }\n"),
		    &c, &errors) != RES_OK)
		abort();
	buf_clear(&errors);
	return c;
}

static void check(const struct body_facts *f)
{
	target_promise(f->is_known, "memory is enough");
	target_promise(f->text.len <= TEXT_MAX && utf8_is_whole(f->text),
		"text is bounded UTF-8");
	target_promise(f->link_count <= LINKS_MAX, "links are bounded");
	for (size_t i = 0; i < f->part_count; i++) {
		const struct body_part *p = &f->parts[i];

		target_promise(utf8_is_whole(p->name), "names are UTF-8");
		target_promise(
			p->kind != BODY_HTML || utf8_is_whole(p->content),
			"HTML is UTF-8");
	}
	for (size_t i = 0; i < f->link_count; i++)
		target_promise(f->links[i].part < f->part_count,
			"a link is of a part");
}

static void judge(const struct conf *conf, const struct message *message,
	struct slice body)
{
	struct arena *a = arena_new(ARENA_MAX);
	struct findings found = { .count = 0 };
	struct body_facts facts = { .is_known = false };
	void *state = NULL;
	const struct check_input in = {
		.conf = conf,
		.message = message,
		.body = &facts,
		.arena = a,
		.state = &state,
		.body_ended = true,
	};

	if (a == NULL || !body_take(&in, body))
		abort();
	(void)body_step(&in, &found);
	target_promise(found.count == 0, "it reports nothing itself");
	check(&facts);
	(void)links_step(&in, &found);
	(void)attach_step(&in, &found);
	target_promise(found.count >= 2, "both say something");
	body_clear(state);
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice body = slice_make(data, size);
	struct field fields[] = {
		{ .name = slice_of("Content-Type") },
		{ .name = slice_of("Content-Transfer-Encoding") },
	};
	const struct message message = { .fields = fields, .field_count = 2 };
	static struct conf *conf; /* kept: loading takes longer than the rest */

	if (!slice_cut(&body, '\n', &fields[0].value) ||
		!slice_cut(&body, '\n', &fields[1].value) || body.len == 0)
		return 0;
	if (conf == NULL)
		conf = load();
	judge(conf, &message, body);
	return 0;
}
