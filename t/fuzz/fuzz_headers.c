/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/headers, heur/bulk and heur/backscatter over any header: each says
 * something, of words that the configuration has, in lines that have an end,
 * and nobody's address.
 */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imitation *imitation;
	struct headerrig r;
	struct body_part part = { .type = slice_of("message/rfc822"),
		.content = slice_make(data, size) };

	headerrig_init(&r,
		"headers { protected = {\"paypal.com\", \"example.org\"} }\n"
		"portal { local_domains = {\"example.net\"} }\n");
	if (imitation_open(&imitation) != RES_OK)
		return 0;
	headerrig_take(&r, slice_make(data, size));
	r.service = imitation;
	r.body = (struct body_facts){
		.is_known = true, .parts = &part, .part_count = 1
	};
	check_findings(&r, headers_step);
	check_findings(&r, bulk_step);
	r.envelope.sender.is_null = true;
	check_findings(&r, backscatter_step);
	imitation_close(imitation);
	headerrig_clear(&r);
	return 0;
}
