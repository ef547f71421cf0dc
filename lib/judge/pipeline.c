/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/pipeline.h"

#include "auth/arc.h"
#include "auth/dkim.h"
#include "auth/dmarc.h"
#include "auth/iprev.h"
#include "auth/spf.h"
#include "dns/asker.h"
#include "heur/attach.h"
#include "heur/backscatter.h"
#include "heur/body.h"
#include "heur/bulk.h"
#include "heur/content.h"
#include "heur/country.h"
#include "heur/headers.h"
#include "heur/helo.h"
#include "heur/history.h"
#include "heur/links.h"
#include "heur/rate.h"
#include "heur/reverse.h"
#include "heur/shape.h"
#include "heur/zones.h"
#include "list/blocked.h"

/*
 * The lists are asked anew for each recipient: they may have one of their
 * own, and an edit must show in sessions that are open. So are the limits that
 * are known to be used up.
 */
static const struct pipeline_step steps[] = {
	{ STAGE_CONNECT, true, SERVICE_BLOCKLIST, blocked_run },
	{ STAGE_RCPT, false, SERVICE_BLOCKLIST, blocked_run },
	{ STAGE_RCPT, false, SERVICE_LEDGER, rate_run },
};

/*
 * A sender's names, records and fields can make checks ask for much; of 40
 * questions iprev has 4, SPF 14, DKIM 8 and ARC 4, and DMARC the 10 that the
 * longest walk needs, or a forger's own records would keep us from reading
 * those of his victim. At the end all have begun, and a long honest SPF record
 * may have what nobody wanted.
 */
static const struct pipeline_check checks[] = {
	/* Of authentication, AUTH_COUNT of them. */
	{ "iprev", STAGE_CONNECT, STAGE_END, iprev_step, NULL, SERVICE_NONE,
		NULL, 10, 10 },
	{ "spf", STAGE_MAIL, STAGE_END, spf_step, spf_clear, SERVICE_NONE, NULL,
		35, 75 },
	{ "dkim", STAGE_EOH, STAGE_END, dkim_check_step, dkim_check_clear,
		SERVICE_DKIM, dkim_check_body, 20, 20 },
	{ "arc", STAGE_EOH, STAGE_END, arc_step, arc_clear, SERVICE_ARC,
		arc_body, 10, 10 },
	{ "dmarc", STAGE_EOH, STAGE_END, dmarc_step, dmarc_clear, SERVICE_DMARC,
		NULL, 100, 100 },
	/* Of what follows each may read what those before it have found. */
	{ "helo", STAGE_MAIL, STAGE_END, helo_step, NULL, SERVICE_NONE, NULL,
		10, 10 },
	{ "reverse", STAGE_CONNECT, STAGE_END, reverse_step, NULL, SERVICE_NONE,
		NULL, 10, 10 },
	{ "body", STAGE_EOH, STAGE_END, body_step, body_clear, SERVICE_NONE,
		body_take, 10, 10 },
	/* DNS lists have bounds of their own. */
	{ "dnsbl", STAGE_CONNECT, STAGE_END, zones_begin_step, NULL,
		SERVICE_ZONES, NULL, 0, 0 },
	{ "dnsbl", STAGE_MAIL, STAGE_END, zones_step, zones_clear,
		SERVICE_ZONES, NULL, 0, 0 },
	{ "country", STAGE_CONNECT, STAGE_END, country_step, NULL, SERVICE_GEO,
		NULL, 10, 10 },
	{ "headers", STAGE_END, STAGE_END, headers_step, NULL,
		SERVICE_IMITATION, NULL, 10, 10 },
	{ "links", STAGE_END, STAGE_END, links_step, NULL, SERVICE_PSL, NULL,
		10, 10 },
	{ "shape", STAGE_END, STAGE_END, shape_step, NULL, SERVICE_NONE, NULL,
		10, 10 },
	{ "attach", STAGE_END, STAGE_END, attach_step, NULL, SERVICE_NONE, NULL,
		10, 10 },
	{ "bulk", STAGE_END, STAGE_END, bulk_step, NULL, SERVICE_NONE, NULL, 10,
		10 },
	{ "backscatter", STAGE_END, STAGE_END, backscatter_step, NULL,
		SERVICE_NONE, NULL, 10, 10 },
	{ "content", STAGE_END, STAGE_END, content_step, NULL, SERVICE_CONTENT,
		NULL, 10, 10 },
	/* Of rate, reputation and greylist: one round trip to Redis. */
	{ "rate", STAGE_RCPT, STAGE_END, history_step, history_clear,
		SERVICE_LEDGER, NULL, 0, 0 },
};
enum { AUTH_COUNT = 5 };
_Static_assert(sizeof(checks) / sizeof(checks[0]) <= PIPELINE_CHECKS_MAX &&
		(int)PIPELINE_CHECKS_MAX <= (int)ASKER_OWNERS,
	"struct progress or the asker has too little room");

void pipeline_init(struct pipeline *p)
{
	*p = (struct pipeline){
		.steps = steps,
		.count = sizeof(steps) / sizeof(steps[0]),
		.checks = checks,
		.check_count = sizeof(checks) / sizeof(checks[0]),
		.auth_count = AUTH_COUNT,
	};
}

bool pipeline_has_heuristics(const struct pipeline *p)
{
	return p->check_count > p->auth_count;
}

bool pipeline_has_body(const struct pipeline *p)
{
	for (size_t i = p->auth_count; i < p->check_count; i++)
		if (p->checks[i].body != NULL)
			return true;
	return false;
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

static enum check_progress step(const struct pipeline *p, struct progress *at,
	size_t i, const struct check_input *in, struct findings *out)
{
	struct check_input own = *in;

	own.state = &at->state[i];
	own.service = p->service[p->checks[i].service];
	if (in->dns != NULL)
		asker_own(in->dns, (unsigned)i,
			out == NULL ? p->checks[i].share : p->checks[i].late);
	return p->checks[i].step(&own, out);
}

/* The first check that is run at all. */
static size_t first(const struct pipeline *p, const struct progress *at)
{
	return at->without_auth ? p->auth_count : 0;
}

void pipeline_advance(const struct pipeline *p, struct progress *at,
	enum stage stage, const struct check_input *in)
{
	for (size_t i = first(p, at); i < p->check_count; i++)
		if (!at->is_done[i] && p->checks[i].begin <= stage)
			at->is_done[i] = step(p, at, i, in, NULL) == CHECK_DONE;
}

bool pipeline_body(const struct pipeline *p, struct progress *at,
	const struct check_input *in, struct slice piece)
{
	bool wanted = false;

	for (size_t i = first(p, at); i < p->check_count; i++) {
		struct check_input own = *in;

		if (p->checks[i].body == NULL || at->is_body_over[i])
			continue;
		own.state = &at->state[i];
		own.service = p->service[p->checks[i].service];
		at->is_body_over[i] = !p->checks[i].body(&own, piece);
		wanted = wanted || !at->is_body_over[i];
	}
	return wanted;
}

/* Asks each that has not reported yet, in the order of the table, for one may
 * read what another has written. How many still wait. */
static size_t report(const struct pipeline *p, struct progress *at,
	enum stage stage, const struct check_input *in, struct findings *out,
	bool *reported)
{
	size_t waiting = 0;

	for (size_t i = first(p, at); i < p->check_count; i++) {
		if (reported[i] || p->checks[i].await != stage)
			continue;
		reported[i] = step(p, at, i, in, out) == CHECK_DONE;
		waiting += !reported[i];
	}
	return waiting;
}

void pipeline_await(const struct pipeline *p, struct progress *at,
	enum stage stage, const struct check_input *in, struct findings *out,
	int64_t deadline_ms)
{
	bool reported[PIPELINE_CHECKS_MAX] = { false };
	bool is_over = false;
	uint64_t seen;

	for (;;) {
		seen = asker_seen(in->dns);
		if (report(p, at, stage, in, out, reported) == 0)
			return;
		if (asker_wait(in->dns, seen, deadline_ms))
			continue;
		if (is_over)
			break;
		asker_expire(in->dns);
		is_over = true;
	}
	for (size_t i = first(p, at); i < p->check_count; i++)
		if (!reported[i] && p->checks[i].await == stage)
			findings_add(out, p->checks[i].name)->detail =
				"internal";
}

static void clear(const struct pipeline *p, struct progress *at, bool all)
{
	for (size_t i = 0; i < p->check_count; i++) {
		if (!all && p->checks[i].begin == STAGE_CONNECT)
			continue;
		if (at->state[i] != NULL && p->checks[i].clear != NULL)
			p->checks[i].clear(at->state[i]);
		at->state[i] = NULL;
		at->is_done[i] = false;
		at->is_body_over[i] = false;
	}
}

void pipeline_end_message(const struct pipeline *p, struct progress *at)
{
	clear(p, at, false);
}

void pipeline_end_connection(const struct pipeline *p, struct progress *at)
{
	clear(p, at, true);
}
