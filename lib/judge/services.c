/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/services.h"

#include "conf/conf.h"
#include "dns/resolver.h"
#include "store/trust.h"

static enum result find_trusted(
	void *ctx, const char *kind, struct slice domain, bool *found)
{
	return trust_find(ctx, kind, domain, found);
}

enum result services_open(
	struct services *s, struct mirror *mirror, struct blocklist *list)
{
	enum result res;

	*s = (struct services){ .resolver = NULL };
	pipeline_init(&s->pipeline);
	s->pipeline.service[SERVICE_BLOCKLIST] = list;
	res = trust_open(&s->trust, mirror);
	if (res != RES_OK)
		return res;
	s->trusted = (struct trust_source){ find_trusted, s->trust };
	return RES_OK;
}

enum result services_start(struct services *s, const struct conf *conf,
	const struct clock *clock, struct buf *why)
{
	const struct conf_dns *dns = &conf->dns;
	const struct resolver_options options = {
		.forward = (const char *const *)dns->forward,
		.forward_count = dns->forward_count,
		.unbound_conf = dns->unbound_conf,
		.dnssec = dns->dnssec,
		.trust_anchor = dns->trust_anchor,
		.timeout_ms = dns->timeout_ms,
		.pending_max = dns->pending_max,
		.cache_octets = dns->cache_octets,
		.cache_positive_s = dns->cache_positive_s,
		.cache_negative_s = dns->cache_negative_s,
		.answer_max = dns->answer_max,
		.clock = clock,
	};

	return resolver_open(&s->resolver, &options, why);
}

void services_close(struct services *s)
{
	resolver_close(s->resolver);
	trust_close(s->trust);
}
