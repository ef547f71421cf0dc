/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/findings.h"

#include "conf/conf.h"
#include "dns/resolver.h"
#include "judge/services.h"
#include "net/cidr.h"
#include "portal/origin.h"
#include "store/delist.h"

struct proof_dns findings_dns(const struct context_view *site)
{
	const struct services *s = context_services(site->context);

	return (struct proof_dns){
		.source = s->resolver != NULL ? resolver_source(s->resolver)
					      : NULL,
		.psl = s->psl,
		.conf = site->conf,
		.clock = site->clock,
	};
}

/* The domain that was refused, when it came from the network that is asked
 * for: a reference of somebody else proves nothing. RES_OK also without. */
static enum result find_sender(struct redis *r, const struct conf *conf,
	const struct delist_request *q, struct arena *a, struct slice *out)
{
	const struct cidr net = cidr_of_client(&q->ip);
	struct origin origin;
	enum result res;

	*out = slice_of("");
	if (q->ref.len == 0)
		return RES_OK;
	res = origin_read(r, conf, q->ref, a, &origin);
	if (res == RES_MISSING || res == RES_SYNTAX || res == RES_TYPE)
		return RES_OK;
	if (res == RES_OK && origin.has_ip && cidr_covers(&net, &origin.ip))
		*out = origin.sender_domain;
	return res;
}

static bool is_good(const struct delist_request *q)
{
	return slice_is_equal(
		       q->ptr, slice_of(grant_ptr_name(GRANT_PTR_CONFIRMED))) &&
		slice_is_equal(q->fits, slice_of("yes"));
}

enum result findings_renew(const struct context_view *site, struct redis *r,
	struct arena *a, struct delist_request *q)
{
	const struct proof_dns dns = findings_dns(site);
	struct proof_question question = { .ip = q->ip, .mail = q->mail };
	struct delist_findings found;
	struct proof_fit fit;
	enum result res;

	if (is_good(q))
		return RES_OK;
	res = find_sender(r, site->conf, q, a, &question.sender_domain);
	if (res != RES_OK)
		return res;
	proof_find_fit(&dns, &question, a, &fit);
	found = (struct delist_findings){
		.ptr = grant_ptr_name(fit.ptr.ptr),
		.ptr_name = fit.ptr.name,
		.fits = fit.fits,
		.fits_by = fit.by,
	};
	res = delist_found(r, site->conf, slice_of(q->rid), &found);
	if (res != RES_OK)
		return res;
	q->ptr = slice_of(found.ptr);
	q->ptr_name = found.ptr_name;
	q->fits = slice_of(found.fits);
	q->fits_by = slice_of(found.fits_by);
	return RES_OK;
}
