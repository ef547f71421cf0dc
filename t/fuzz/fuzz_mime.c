/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/mime: parts lie in the body and in their parents, within the limits. The
 * first line is the Content-Type.
 */
#include "mail/mime.h"

#include "base/arena.h"
#include "t/fuzz/target.h"

static const struct mime_limits limits = { .parts_max = 20, .depth_max = 5 };

static bool lies_in(struct slice inner, struct slice outer)
{
	return inner.at >= outer.at &&
		inner.at + inner.len <= outer.at + outer.len;
}

static void check(const struct mime *m, struct slice body)
{
	target_promise(m->count > 0 && m->count <= limits.parts_max,
		"there is one part, and there are not too many");
	for (size_t i = 0; i < m->count; i++) {
		const struct mime_part *p = &m->parts[i];

		target_promise(p->depth <= limits.depth_max, "none is deeper");
		target_promise(
			p->parent < (int)i && (i == 0) == (p->parent < 0),
			"all but the first have one before as parent");
		target_promise(body.len == 0 || lies_in(p->raw, body),
			"each lies in the body");
		/* An empty one may stand behind the end that was cut off. */
		if (p->parent >= 0 && p->raw.len > 0)
			target_promise(lies_in(p->raw, m->parts[p->parent].raw),
				"and in its parent");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice body = slice_make(data, size);
	struct mime_head head = { .encoding = slice_of(""),
		.disposition = slice_of("") };
	struct arena *a = arena_new(1 << 20);
	struct mime m;

	if (a != NULL && slice_cut(&body, '\n', &head.type) &&
		mime_parse(body, &head, &limits, a, &m) == RES_OK)
		check(&m, body);
	arena_free(a);
	return 0;
}
