/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/pipeline.h"

#include "base/arena.h"
#include "base/clock.h"
#include "dns/asker.h"
#include "list/blocked.h"

#include <assert.h>

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

/* ---- checks that wait ---- */

void pipeline_begin(struct pipeline_run *run, const struct pipeline *p)
{
	assert(p->check_count <= PIPELINE_CHECKS_MAX);
	*run = (struct pipeline_run){ .pipeline = p };
}

static uint32_t bit_of(size_t i)
{
	return UINT32_C(1) << i;
}

static enum check_progress step_one(struct pipeline_run *run, size_t i,
	const struct check_input *in, struct findings *out)
{
	const struct pipeline_check *c = &run->pipeline->checks[i];
	struct check_input own = *in;

	own.service = run->pipeline->service[c->service];
	own.state = &run->state[i];
	return c->step(&own, out);
}

void pipeline_advance(struct pipeline_run *run, enum stage stage,
	const struct check_input *in)
{
	const struct pipeline *p = run->pipeline;
	uint64_t seen = asker_seen(in->dns);

	if (run->has_advanced && run->stage == stage && run->seen == seen)
		return;
	run->has_advanced = true;
	run->stage = stage;
	/* Taken before the checks look: what comes meanwhile is new. */
	run->seen = seen;
	for (size_t i = 0; i < p->check_count; i++) {
		if (p->checks[i].begin > stage ||
			((run->idle | run->reported) & bit_of(i)) != 0)
			continue;
		if (step_one(run, i, in, NULL) == CHECK_DONE)
			run->idle |= bit_of(i);
	}
}

void pipeline_body(struct pipeline_run *run, const struct check_input *in,
	struct slice piece)
{
	const struct pipeline *p = run->pipeline;

	for (size_t i = 0; i < p->check_count; i++) {
		struct check_input own = *in;

		if (p->checks[i].body == NULL)
			continue;
		own.service = p->service[p->checks[i].service];
		own.state = &run->state[i];
		p->checks[i].body(&own, piece);
	}
}

static bool is_missing(
	const struct pipeline_run *run, size_t i, enum stage stage)
{
	return run->pipeline->checks[i].await <= stage &&
		(run->reported & bit_of(i)) == 0;
}

struct progress {
	size_t reports;
	size_t missing;
};

static struct progress ask_all(struct pipeline_run *run, enum stage stage,
	const struct check_input *in, struct findings *out)
{
	struct progress made = { 0, 0 };

	for (size_t i = 0; i < run->pipeline->check_count; i++) {
		if (!is_missing(run, i, stage))
			continue;
		if (step_one(run, i, in, out) == CHECK_WAITING) {
			made.missing++;
			continue;
		}
		run->reported |= bit_of(i);
		made.reports++;
	}
	return made;
}

/* False: nothing new will come before the deadline. */
static bool wait_for_more(struct asker *dns, uint64_t seen,
	const struct pipeline_wait *w, int64_t *beat_ms)
{
	for (;;) {
		int64_t until_ms = w->deadline_ms;
		int64_t now_ms;

		if (w->beat != NULL && *beat_ms < until_ms)
			until_ms = *beat_ms;
		if (asker_wait(dns, seen, until_ms))
			return true;
		now_ms = clock_mono_ms(w->clock);
		/* Too early: nothing is on its way. */
		if (now_ms >= w->deadline_ms || now_ms < until_ms)
			return false;
		w->beat(w->at);
		*beat_ms = now_ms + w->beat_ms;
	}
}

void pipeline_await(struct pipeline_run *run, enum stage stage,
	const struct check_input *in, struct findings *out,
	const struct pipeline_wait *wait)
{
	int64_t beat_ms = clock_mono_ms(wait->clock) + wait->beat_ms;
	bool is_late = false;

	for (;;) {
		uint64_t seen = asker_seen(in->dns);
		struct progress made = ask_all(run, stage, in, out);
		int64_t start_ms;

		if (made.missing == 0)
			return;
		/* One may wait for another's part of the facts. */
		if (made.reports > 0)
			continue;
		if (is_late)
			break;
		start_ms = clock_mono_ms(wait->clock);
		if (!wait_for_more(in->dns, seen, wait, &beat_ms)) {
			asker_expire(in->dns);
			is_late = true;
		}
		run->waited_ms += clock_mono_ms(wait->clock) - start_ms;
	}
	for (size_t i = 0; i < run->pipeline->check_count; i++) {
		if (!is_missing(run, i, stage))
			continue;
		findings_add(out, run->pipeline->checks[i].name)->detail =
			"internal";
		run->reported |= bit_of(i);
	}
}

static void end(struct pipeline_run *run, bool is_connection)
{
	const struct pipeline *p = run->pipeline;

	for (size_t i = 0; p != NULL && i < p->check_count; i++) {
		void *state = run->state[i];

		if (state == NULL ||
			(!is_connection && p->checks[i].begin == STAGE_CONNECT))
			continue;
		run->state[i] = NULL;
		if (p->checks[i].clear != NULL)
			p->checks[i].clear(state);
	}
	run->idle = 0;
	run->reported = 0;
	run->has_advanced = false;
	run->waited_ms = 0;
}

void pipeline_end_message(struct pipeline_run *run)
{
	end(run, false);
}

void pipeline_end_connection(struct pipeline_run *run)
{
	end(run, true);
}
