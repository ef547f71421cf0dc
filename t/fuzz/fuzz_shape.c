/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/shape over any message: it says something, each word once and of those
 * that the configuration has, in lines that have an end, and nobody's address.
 */
#include "base/arena.h"
#include "conf/conf.h"
#include "t/fuzz/target.h"
#include "unit/heur/shaperig.h"

#include <string.h>

static void check_finding(const struct headerrig *r, size_t at)
{
	const struct finding *f = &r->found.item[at];
	const struct conf_check *check = conf_check_find(r->conf, "shape");

	target_promise(f->outcome != OUTCOME_HIT ||
			conf_check_rule(check, f->detail) != NULL,
		"the configuration knows the word");
	target_promise(
		f->factor >= 0 && f->factor <= 1, "a factor has its bounds");
	target_promise(f->evidence.len <= 900, "a line has an end");
	target_promise(slice_find(f->evidence, '@') == f->evidence.len,
		"nobody's address is told");
	for (size_t i = 0; i < at; i++)
		target_promise(strcmp(r->found.item[i].detail, f->detail) != 0,
			"a word is said once");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct headerrig rig;

	if (rig.conf == NULL)
		headerrig_init(&rig, "");
	arena_reset(rig.arena);
	shaperig_run(&rig, slice_make(data, size));
	target_promise(rig.found.count > 0, "there is a finding");
	for (size_t i = 0; i < rig.found.count; i++)
		check_finding(&rig, i);
	return 0;
}
