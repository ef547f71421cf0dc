/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Features of any octets: each has an index within the space, what is gathered
 * is what was walked, ascending, each once and bounded, and a name is
 * printable.
 */
#include "base/buf.h"
#include "fact/body.h"
#include "fact/message.h"
#include "heur/tokens.h"
#include "t/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS = 4, NAME_MAX_LEN = 80, OCTETS_MAX = 3000 };

struct seen {
	uint32_t run[TOKENS_SPACE]; /* in which each was there last */
	uint32_t now;
	size_t count;
};

static void look(void *ctx, const struct token *t)
{
	struct seen *seen = ctx;
	struct buf name;

	target_promise(t->index > 0 && t->index < TOKENS_SPACE,
		"an index lies within the space, and is not that of nobody");
	if (seen->run[t->index] == seen->now)
		return;
	seen->run[t->index] = seen->now;
	seen->count++;
	buf_init(&name, NAME_MAX_LEN * 8);
	token_format(t, &name);
	for (size_t i = 0; i < name.len; i++)
		target_promise(name.at[i] >= ' ' && name.at[i] <= '~',
			"a name is printable");
	buf_clear(&name);
}

static void compare(const struct tokens_source *source)
{
	/* Not to be cleared each time. */
	static struct seen seen;
	struct tokens t;

	seen.now++;
	seen.count = 0;
	if (tokens_walk(source, look, &seen) != RES_OK ||
		tokens_gather(source, &t) != RES_OK)
		return;
	target_promise(
		t.count == (seen.count < TOKENS_MAX ? seen.count : TOKENS_MAX),
		"all are gathered, up to the bound");
	for (size_t i = 0; i < t.count; i++)
		target_promise(seen.run[t.index[i]] == seen.now &&
				(i == 0 || t.index[i - 1] < t.index[i]),
			"what is gathered was walked, in order");
	tokens_clear(&t);
}

/* Up to the next octet 0xff. */
static struct slice cut(struct slice *rest)
{
	struct slice part = slice_of("");

	(void)slice_cut(rest, '\xff', &part);
	return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_make(data, size);
	struct field field[FIELDS];
	struct message message = { .fields = field, .field_count = FIELDS };
	struct body_part part = { .kind = BODY_HTML };
	struct body_link link = { .is_address = size % 2 == 0 };
	struct body_facts body = { .is_known = true,
		.parts = &part,
		.part_count = 1,
		.links = &link,
		.link_count = 1 };
	const struct tokens_source source = { &message, &body, OCTETS_MAX };

	for (size_t i = 0; i < FIELDS; i++)
		field[i] = (struct field){ .name = cut(&rest),
			.value = cut(&rest) };
	part.type = slice_of("text/html");
	part.charset = cut(&rest);
	part.name = cut(&rest);
	link.url = cut(&rest);
	link.host = cut(&rest);
	part.content = cut(&rest);
	body.text = rest;
	compare(&source);
	return 0;
}
