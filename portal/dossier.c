/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/dossier.h"

#include "base/log.h"
#include "conf/conf.h"
#include "judge/services.h"
#include "portal/visit.h"

enum result dossier_find(struct visit *v, struct slice ref, struct dossier *out)
{
	struct redis *r;
	enum result res;

	*out = (struct dossier){ .code = CODE_NONE };
	/* What is no reference costs no question. */
	if (case_ref_parse(ref, out->ref) != RES_OK)
		return RES_MISSING;
	r = visit_redis(v);
	if (r == NULL)
		return RES_DOWN;
	casefile_init(&out->file, v->arena);
	res = case_read(r, slice_of(v->site.conf->redis.prefix), ref,
		casefile_add, &out->file);
	if (res == RES_OK && out->file.is_cut)
		return RES_NOMEM;
	if (res != RES_OK)
		return res == RES_SYNTAX ? RES_MISSING : res;
	out->code = casefile_code(&out->file);
	out->has_ip = casefile_ip(&out->file, &out->ip);
	return RES_OK;
}

/* False: Redis went away in the meantime, and the page has been answered. */
static bool look(struct visit *v, struct dossier *d)
{
	const struct petition_env env = { .conf = v->site.conf,
		.mirror = context_mirror(v->site.context),
		.blocklist = context_blocklist(v->site.context),
		.geo = context_services(v->site.context)->geo,
		.now_ms = v->now_ms };
	enum result res;

	if (!d->has_ip || env.mirror == NULL || env.blocklist == NULL)
		return true;
	res = petition_look(visit_redis(v), &env, &d->ip, GRANT_PROOF_NONE,
		GRANT_PTR_UNKNOWN, v->arena, &d->petition);
	if (res != RES_OK) {
		visit_failed(v, "petition", res);
		return false;
	}
	d->is_asked = true;
	return true;
}

bool dossier_open(struct visit *v, struct slice ref, struct dossier *out)
{
	enum result res = dossier_find(v, ref, out);

	if (res == RES_OK)
		return look(v, out);
	if (res == RES_MISSING)
		visit_not_found(v);
	else if (v->loan == NULL)
		visit_unavailable(v); /* said by visit_redis already */
	else
		visit_failed(v, "case", res);
	return false;
}
