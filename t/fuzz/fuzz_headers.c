/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/headers, heur/bulk and heur/backscatter over any header: each says
 * something, of words that the configuration has, in lines that have an end,
 * and nobody's address.
 */
#include "base/arena.h"
#include "conf/conf.h"
#include "heur/backscatter.h"
#include "heur/bulk.h"
#include "heur/headers.h"
#include "heur/imitation.h"
#include "t/fuzz/target.h"
#include "unit/heur/headerrig.h"

static void check_findings(struct headerrig *r, check_step *step)
{
	headerrig_run(r, step);
	target_promise(r->found.count > 0, "there is a finding");
	for (size_t i = 0; i < r->found.count; i++) {
		const struct finding *f = &r->found.item[i];
		const struct conf_check *check =
			conf_check_find(r->conf, f->check);

		target_promise(f->outcome != OUTCOME_HIT ||
				conf_check_rule(check, f->detail) != NULL,
			"the configuration knows the word");
		target_promise(f->factor >= 0 && f->factor <= 1,
			"a factor has its bounds");
		target_promise(f->evidence.len <= 900, "a line has an end");
		target_promise(slice_find(f->evidence, '@') == f->evidence.len,
			"nobody's address is told");
	}
}

/* One for all inputs: what takes long is the configuration. */
struct stage {
	struct headerrig rig;
	struct imitation *imitation; /* NULL: not set up */
};

static bool set_up(struct stage *s)
{
	if (s->imitation != NULL)
		return true;
	headerrig_init(&s->rig,
		"headers { protected = {\"paypal.com\", \"example.org\"} }\n"
		"portal { local_domains = {\"example.net\"} }\n");
	return imitation_open(&s->imitation) == RES_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stage s;
	struct body_part part = { .type = slice_of("message/rfc822"),
		.content = slice_make(data, size) };

	if (!set_up(&s))
		return 0;
	arena_reset(s.rig.arena);
	headerrig_take(&s.rig, slice_make(data, size));
	s.rig.service = s.imitation;
	s.rig.body = (struct body_facts){
		.is_known = true, .parts = &part, .part_count = 1
	};
	s.rig.envelope.sender.is_null = false;
	check_findings(&s.rig, headers_step);
	check_findings(&s.rig, bulk_step);
	s.rig.envelope.sender.is_null = true;
	check_findings(&s.rig, backscatter_step);
	return 0;
}
