/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/showing.h"

#include "conf/conf.h"
#include "judge/petition.h"
#include "judge/services.h"
#include "net/cidr.h"
#include "portal/findings.h"
#include "portal/meters.h"
#include "store/delist.h"

#include <stdio.h>

enum { PATH_LEN_MAX = 64 };

bool showing_is_here(const struct visit *v, const struct delist_request *q)
{
	const struct cidr net = cidr_of_client(&q->ip);

	return v->has_client && cidr_covers(&net, &v->client);
}

bool showing_may_press(struct visit *v, enum guard_answer answer)
{
	switch (answer) {
	case GUARD_FORGED:
	case GUARD_LIMITED:
	case GUARD_DOWN:
		return false;
	case GUARD_MACHINE:
		visit_redirect(v, "/");
		return false;
	case GUARD_GOOD:
	case GUARD_STALE:
	case GUARD_QUICK:
		break;
	}
	return true;
}

bool showing_read(struct visit *v, struct slice rid, struct delist_request *out)
{
	struct redis *r;
	char ref[CASE_REF_MAX];
	enum result res;

	if (case_ref_parse(rid, ref) != RES_OK) {
		visit_not_found(v);
		return false;
	}
	r = visit_redis(v);
	if (r == NULL)
		return false;
	res = delist_read(
		r, v->site.conf, slice_of(ref), v->now_ms, v->arena, out);
	if (res == RES_MISSING || res == RES_SYNTAX)
		visit_not_found(v);
	else if (res != RES_OK)
		visit_failed(v, "request", res);
	return res == RES_OK;
}

void showing_redirect(struct visit *v, const struct delist_request *q)
{
	char path[PATH_LEN_MAX];

	snprintf(path, sizeof(path), "/status/%s", q->rid);
	visit_redirect(v, path);
}

/* The lists, or the name that is needed, could not be asked for: nothing
 * happened, and the same button works again later. */
static void answer(
	struct visit *v, const struct delist_request *q, const struct grant *g)
{
	meters_delist(
		context_meters(v->site.context), grant_answer_name(g->answer));
	if (g->answer == GRANT_UNKNOWN && delist_is_open(q->state))
		visit_unavailable(v);
	else
		showing_redirect(v, q);
}

void showing_confirm(struct visit *v, struct delist_request *q,
	struct slice token, enum grant_proof proof)
{
	const struct petition_env env = {
		.conf = v->site.conf,
		.mirror = context_mirror(v->site.context),
		.blocklist = context_blocklist(v->site.context),
		.geo = context_services(v->site.context)->geo,
		.now_ms = v->now_ms,
	};
	const struct petition_showing showing = {
		.rid = slice_of(q->rid),
		.token = token,
		.proof = proof,
		.who = slice_of("portal"),
		.why = slice_of("asked for by the sender"),
	};
	struct redis *r = visit_redis(v);
	struct delist_request after = *q;
	struct petition petition = { .grant.answer = GRANT_UNKNOWN };
	enum result res;

	if (r == NULL)
		return;
	res = findings_renew(&v->site, r, v->arena, q);
	if (res == RES_OK)
		res = petition_confirm(
			r, &env, &showing, v->arena, &after, &petition);
	if (res == RES_MISSING) /* it is over: its page says how */
		showing_redirect(v, q);
	else if (res != RES_OK)
		visit_failed(v, "petition", res);
	else
		answer(v, &after, &petition.grant);
}
