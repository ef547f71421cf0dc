/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/pipeline.h"

#include "base/arena.h"
#include "list/blocked.h"

/*
 * The lists are asked anew for each recipient: they may have one of their
 * own, and an edit must show in sessions that are open.
 */
static const struct pipeline_step steps[] = {
	{ STAGE_CONNECT, true, SERVICE_BLOCKLIST, blocked_run },
	{ STAGE_RCPT, false, SERVICE_BLOCKLIST, blocked_run },
};

void pipeline_init(struct pipeline *p)
{
	*p = (struct pipeline){
		.steps = steps,
		.count = sizeof(steps) / sizeof(steps[0]),
	};
}

void pipeline_run(const struct pipeline *p, enum stage stage,
	const struct check_input *in, struct findings *out)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct pipeline_step *step = &p->steps[i];
		struct check_input own = *in;
		size_t before = out->count;

		if (step->stage != stage)
			continue;
		own.service = p->service[step->service];
		step->run(&own, out);
		if (step->warm)
			out->count = before;
	}
}
