/* SPDX-License-Identifier: BSD-2-Clause */
/* A report of junk as evidence for the listing of its source: by the rules of
 * judge/autolist. */
#include "store/reportcore.h"

#include "base/log.h"
#include "conf/conf.h"
#include "store/offences.h"
#include "store/standing.h"

#include <stdio.h>

enum { REASON_MAX = 256, SPAN_MAX = 32, HOUR_S = 3600, MINUTE_S = 60 };

/* KEYS: original. */
static const char weighed_text[] =
	"return redis.call('HDEL', KEYS[1], 'evidence')\n";

/* They have had their effect, in one step with that the original says so: a
 * piece that came after would count for the next listing.
 * KEYS: original, evidence, counts. ARGV: effect, what is counted. */
static const char settle_text[] =
	"if redis.call('HDEL', KEYS[1], 'evidence') == 1 then\n"
	"  redis.call('DEL', KEYS[2])\n"
	"  redis.call('HSET', KEYS[1], 'effect', ARGV[1])\n"
	"  redis.call('HINCRBY', KEYS[3], ARGV[2], 1)\n"
	"end\n"
	"return 1\n";

static void tell(
	const struct report_work *w, const struct cidr *net, const char *reason)
{
	char text[CIDR_TEXT_MAX];
	struct logline line;

	log_start(&line, LOG_LEVEL_NOTICE, "listing");
	log_text(&line, "net", cidr_format(net, text));
	log_text(&line, "what", "listed");
	log_text(&line, "reason", reason);
	log_text(&line, "report", w->id);
	log_text(&line, "would", w->conf->listing.enabled ? "no" : "yes");
	log_send(&line);
}

static const char *span(unsigned seconds, char out[SPAN_MAX])
{
	if (seconds % HOUR_S == 0)
		snprintf(out, SPAN_MAX, "%u h", seconds / HOUR_S);
	else if (seconds % MINUTE_S == 0)
		snprintf(out, SPAN_MAX, "%u min", seconds / MINUTE_S);
	else
		snprintf(out, SPAN_MAX, "%u s", seconds);
	return out;
}

static enum result settle(struct report_work *w, const struct cidr *net,
	const char *item, struct report_outcome *o, bool is_listed)
{
	struct script_call call = { .count = 0 };
	struct redis_reply reply;
	char text[CIDR_TEXT_MAX];

	if (is_listed)
		o->effect = REPORT_LISTED;
	report_key(&call, w->conf, "report:", item);
	report_key(&call, w->conf, "evidence:", cidr_format(net, text));
	report_key(&call, w->conf, "report:count", "");
	script_arg(&call, slice_of(report_effect_name(o->effect)));
	script_arg(&call,
		slice_of(w->conf->listing.enabled ? "listing:listed"
						  : "listing:would"));
	return script_run(w->redis, settle_text, &call, &reply);
}

/* Enough is there. */
static enum result list(struct report_work *w, const struct cidr *net,
	const struct offences *all, const char *item, struct report_outcome *o)
{
	const struct conf_listing *l = &w->conf->listing;
	char reason[REASON_MAX], within[SPAN_MAX];
	struct standing_evidence e = { .code = slice_of(""),
		.origin = slice_of("auto"),
		.ref = slice_of(all->ref),
		.who = slice_of("reports") };
	struct standing after = { .listed_ms = 0 };
	enum result res = RES_OK;

	snprintf(reason, sizeof(reason),
		"%u message%s scored %.6g or more, or were reported as junk, "
		"within %s",
		all->count, all->count == 1 ? "" : "s", l->score_at,
		span(l->window_s, within));
	e.reason = slice_of(reason);
	/* At the time of the report, so that who does it again can tell that
	 * it was this one. */
	if (l->enabled)
		res = standing_list(
			w->redis, w->conf, net, w->at_ms, &e, &after);
	if (res != RES_OK)
		return res;
	if (!l->enabled || after.listed_ms == w->at_ms)
		tell(w, net, reason);
	return settle(
		w, net, item, o, l->enabled && after.listed_ms == w->at_ms);
}

enum result report_evidence_run(
	struct report_work *w, size_t number, struct report_outcome *o)
{
	const struct trace *t = &w->filing->original[number].trace;
	const struct conf_listing *l = &w->conf->listing;
	const struct cidr net = cidr_of_client(&t->ip);
	/* One message is one piece, however many tell of it. */
	const struct offence piece = {
		.at_ms = w->now_ms, .ref = "", .id = t->id
	};
	struct script_call call = { .count = 0 };
	char item[REPORT_NAME_MAX];
	struct redis_reply reply;
	struct offences all;
	enum result res;

	if (!o->has_evidence)
		return RES_OK;
	report_item_name(w->id, number, item);
	res = offences_add(w->redis, slice_of(w->conf->redis.prefix), &net,
		&piece, l->messages, l->window_s, &all);
	if (res != RES_OK)
		return res;
	if (all.count >= l->messages)
		return list(w, &net, &all, item, o);
	report_key(&call, w->conf, "report:", item);
	return script_run(w->redis, weighed_text, &call, &reply);
}
