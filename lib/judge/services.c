/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/services.h"

#include "auth/arc.h"
#include "auth/dkim.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "dns/resolver.h"
#include "dns/zonewatch.h"
#include "geo/geoip.h"
#include "heur/imitation.h"
#include "net/psl.h"
#include "store/modelcopy.h"
#include "store/trust.h"

#include <string.h>

static enum result find_trusted(
	void *ctx, const char *kind, struct slice domain, bool *found)
{
	return trust_find(ctx, kind, domain, found);
}

static enum result open_psl(struct services *s, const struct conf *conf)
{
	enum result res = psl_open(&s->psl);

	if (res != RES_DOWN)
		return res;
	if (strcmp(conf->auth.dmarc_mode, "treewalk") != 0)
		log_message(LOG_LEVEL_ERROR, "dmarc",
			"there is no Public Suffix List: dmarc_mode \"%s\" "
			"works as \"treewalk\"",
			conf->auth.dmarc_mode);
	return RES_OK;
}

static void fill(struct services *s, struct blocklist *list)
{
	pipeline_init(&s->pipeline);
	s->blocked.list = list;
	s->pipeline.service[SERVICE_BLOCKLIST] = &s->blocked;
	s->paused.list = list;
	s->pipeline.service[SERVICE_PAUSED] = &s->paused;
	s->pipeline.service[SERVICE_DKIM] = s->dkim;
	s->pipeline.service[SERVICE_ARC] = s->arc;
	s->dmarc = (struct dmarc_service){ s->psl, &s->trusted };
	s->pipeline.service[SERVICE_DMARC] = &s->dmarc;
	s->pipeline.service[SERVICE_IMITATION] = s->imitation;
	s->pipeline.service[SERVICE_GEO] = s->geo;
	s->pipeline.service[SERVICE_PSL] = s->psl;
	s->zones = (struct zones_service){ s->watch, s->psl };
	s->pipeline.service[SERVICE_ZONES] = &s->zones;
	s->pipeline.service[SERVICE_LEDGER] = &s->history;
	s->pipeline.service[SERVICE_CONTENT] = s->model;
}

enum result services_open(struct services *s, const struct conf *conf,
	struct mirror *mirror, struct blocklist *list)
{
	enum result res;

	*s = (struct services){ .resolver = NULL };
	res = trust_open(&s->trust, mirror);
	s->trusted = (struct trust_source){ find_trusted, s->trust };
	if (res == RES_OK)
		res = dkim_service_open(SIGNER_KEYS_MAX, &s->dkim);
	if (res == RES_OK)
		res = arc_open(ARC_KEYS_MAX, &s->trusted, &s->arc);
	if (res == RES_OK)
		res = open_psl(s, conf);
	if (res == RES_OK)
		res = imitation_open(&s->imitation);
	if (res == RES_OK)
		res = geoip_open_conf(&s->geo, conf);
	if (res == RES_OK)
		res = zonewatch_open(&s->watch, clock_system());
	if (res == RES_OK)
		res = modelcopy_open(&s->model, conf);
	fill(s, list);
	return res;
}

enum result services_follow(struct services *s, struct conf *conf)
{
	return zonewatch_follow(s->watch, conf);
}

void services_forgo_content(struct services *s)
{
	modelcopy_close(s->model);
	s->model = NULL;
	s->pipeline.service[SERVICE_CONTENT] = NULL;
}

enum result services_start(struct services *s, const struct conf *conf,
	const struct clock *clock, struct buf *why)
{
	enum result res;

	/* Without the thread the databases serve as they are. */
	if (geoip_start(s->geo) != RES_OK)
		log_message(LOG_LEVEL_ERROR, "geo",
			"no thread: new files need a restart");
	if (conf->content.enabled && s->model != NULL &&
		modelcopy_start(s->model) != RES_OK)
		log_message(LOG_LEVEL_ERROR, "content",
			"no thread: the classifier is not asked");
	res = resolver_open_conf(&s->resolver, conf, clock, why);
	if (res == RES_OK &&
		zonewatch_start(s->watch, resolver_source(s->resolver)) !=
			RES_OK)
		log_message(LOG_LEVEL_ERROR, "dnsbl",
			"no thread: DNS lists are not tested");
	return res;
}

void services_close(struct services *s)
{
	zonewatch_close(s->watch);
	resolver_close(s->resolver);
	imitation_close(s->imitation);
	geoip_close(s->geo);
	psl_close(s->psl);
	arc_close(s->arc);
	dkim_service_close(s->dkim);
	modelcopy_close(s->model);
	trust_close(s->trust);
}
