/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/gauges.h"

#include "base/clock.h"
#include "base/log.h"
#include "dns/resolver.h"
#include "dns/zonewatch.h"
#include "geo/geoip.h"
#include "judge/factlog.h"
#include "judge/telemetry.h"
#include "store/aggregate.h"
#include "store/blocklist.h"
#include "store/ledger.h"
#include "store/mirror.h"
#include "store/modelcopy.h"
#include "store/repute.h"
#include "store/tracekeys.h"
#include "store/traffic.h"
#include "store/writer.h"
#include "web/metrics.h"

static struct mirror_status lists_of(void *ctx)
{
	const struct gauges *g = ctx;
	struct mirror_status status;

	mirror_read_status(g->mirror, &status);
	return status;
}

static double lists_entries(void *ctx)
{
	return (double)lists_of(ctx).entries;
}

static double lists_state(void *ctx)
{
	return (double)lists_of(ctx).state;
}

static double lists_usable(void *ctx)
{
	return lists_of(ctx).is_usable ? 1 : 0;
}

static double lists_age(void *ctx)
{
	const struct gauges *g = ctx;
	int64_t synced_ms = lists_of(ctx).synced_ms;

	if (synced_ms == 0)
		return 0;
	return (double)(clock_wall_ms(g->clock) - synced_ms) / 1000.0;
}

static double lists_ignored(void *ctx)
{
	return (double)lists_of(ctx).ignored;
}

static double lists_pending(void *ctx)
{
	return (double)lists_of(ctx).pending;
}

static double lists_lag(void *ctx)
{
	return (double)lists_of(ctx).lag_ms / 1000.0;
}

static double lists_memory(void *ctx)
{
	return (double)lists_of(ctx).memory;
}

static double lists_eviction(void *ctx)
{
	return lists_of(ctx).eviction_risk ? 1 : 0;
}

static double lists_resyncs(void *ctx)
{
	return (double)lists_of(ctx).resyncs;
}

static struct blocklist_counts details_of(void *ctx)
{
	const struct gauges *g = ctx;
	struct blocklist_counts counts;

	blocklist_count(g->blocklist, &counts);
	return counts;
}

static double details_cached(void *ctx)
{
	return (double)details_of(ctx).details_cached;
}

static double details_fetched(void *ctx)
{
	return (double)details_of(ctx).details_fetched;
}

static double details_failed(void *ctx)
{
	return (double)details_of(ctx).details_failed;
}

static double details_skipped(void *ctx)
{
	return (double)details_of(ctx).details_skipped;
}

static double breaker_open(void *ctx)
{
	return details_of(ctx).breaker_open ? 1 : 0;
}

static struct writer_counts writes_of(void *ctx)
{
	const struct gauges *g = ctx;
	struct writer_counts counts;

	writer_count(g->writer, &counts);
	return counts;
}

static double writes_waiting(void *ctx)
{
	return (double)writes_of(ctx).waiting;
}

static double writes_written(void *ctx)
{
	return (double)writes_of(ctx).written;
}

static double writes_dropped(void *ctx)
{
	return (double)writes_of(ctx).dropped;
}

static double writes_failed(void *ctx)
{
	return (double)writes_of(ctx).failed;
}

static double writer_connected(void *ctx)
{
	return writes_of(ctx).is_connected ? 1 : 0;
}

static struct factlog_counts facts_of(void *ctx)
{
	const struct gauges *g = ctx;
	struct factlog_counts counts = { 0 };

	if (g->facts != NULL)
		factlog_counts(g->facts, &counts);
	return counts;
}

static double facts_written(void *ctx)
{
	return (double)facts_of(ctx).written;
}

static double facts_lost(void *ctx)
{
	return (double)facts_of(ctx).lost;
}

static struct ledger_counts ledger_of(void *ctx)
{
	const struct gauges *g = ctx;
	struct ledger_counts counts = { .asked = 0 };

	if (g->ledger != NULL)
		ledger_count(g->ledger, &counts);
	return counts;
}

static double ledger_calls(void *ctx)
{
	return (double)ledger_of(ctx).asked;
}

static double ledger_timeouts(void *ctx)
{
	return (double)ledger_of(ctx).timeouts;
}

static double ledger_failed(void *ctx)
{
	return (double)ledger_of(ctx).failed;
}

static double ledger_skipped(void *ctx)
{
	return (double)ledger_of(ctx).skipped;
}

static double ledger_spent(void *ctx)
{
	return (double)ledger_of(ctx).spent;
}

static double ledger_open_breaker(void *ctx)
{
	return ledger_of(ctx).breaker_open ? 1 : 0;
}

static struct repute_counts repute_of(void *ctx)
{
	const struct gauges *g = ctx;
	struct repute_counts counts = { .waiting = 0 };

	if (g->repute != NULL)
		repute_count(g->repute, &counts);
	return counts;
}

static double trace_key(void *ctx)
{
	const struct gauges *g = ctx;
	struct tracekeys_ring ring;

	return g->tracekeys != NULL &&
			tracekeys_copy(g->tracekeys, &ring) == RES_OK
		? 1
		: 0;
}

static double trace_key_age(void *ctx)
{
	const struct gauges *g = ctx;
	struct tracekeys_ring ring;

	if (g->tracekeys == NULL ||
		tracekeys_copy(g->tracekeys, &ring) != RES_OK)
		return 0;
	return (double)ring.age_ms / 1000.0;
}

static double repute_waiting(void *ctx)
{
	return (double)repute_of(ctx).waiting;
}

static double repute_dropped(void *ctx)
{
	return (double)repute_of(ctx).dropped;
}

static struct sums_counts traffic_of(void *ctx)
{
	const struct gauges *g = ctx;
	struct sums_counts counts = { .waiting = 0 };

	if (g->traffic != NULL)
		traffic_count(g->traffic, &counts);
	return counts;
}

static double traffic_waiting(void *ctx)
{
	return (double)traffic_of(ctx).waiting;
}

static double traffic_dropped(void *ctx)
{
	return (double)traffic_of(ctx).dropped;
}

static struct sums_counts rows_of(void *ctx)
{
	const struct gauges *g = ctx;
	struct sums_counts counts = { .waiting = 0 };

	if (g->aggregate != NULL)
		aggregate_count(g->aggregate, &counts);
	return counts;
}

static double rows_waiting(void *ctx)
{
	return (double)rows_of(ctx).waiting;
}

static double rows_dropped(void *ctx)
{
	return (double)rows_of(ctx).dropped;
}

static struct resolver_count dns_of(void *ctx)
{
	const struct gauges *g = ctx;
	struct resolver_count count = { .asked = 0 };

	if (g->resolver != NULL)
		resolver_read_count(g->resolver, &count);
	return count;
}

static double dns_asked(void *ctx)
{
	return (double)dns_of(ctx).asked;
}

static double dns_hits(void *ctx)
{
	return (double)dns_of(ctx).hits;
}

static double dns_sent(void *ctx)
{
	return (double)dns_of(ctx).sent;
}

static double dns_failed(void *ctx)
{
	return (double)dns_of(ctx).failed;
}

static double dns_timeouts(void *ctx)
{
	return (double)dns_of(ctx).timeouts;
}

static double dns_refused(void *ctx)
{
	return (double)dns_of(ctx).refused;
}

static double dns_pending(void *ctx)
{
	return (double)dns_of(ctx).pending;
}

static double dns_cache(void *ctx)
{
	return (double)dns_of(ctx).cache_octets;
}

static struct geoip_status geo_of(void *ctx, enum geoip_file f)
{
	const struct gauges *g = ctx;
	struct geoip_status status;

	geoip_read_status(g->geo, f, &status);
	return status;
}

static double geo_country(void *ctx)
{
	return geo_of(ctx, GEOIP_COUNTRY).is_serving ? 1 : 0;
}

static double geo_asn(void *ctx)
{
	return geo_of(ctx, GEOIP_ASN).is_serving ? 1 : 0;
}

static double geo_loads(void *ctx)
{
	return (double)(geo_of(ctx, GEOIP_COUNTRY).loads +
		geo_of(ctx, GEOIP_ASN).loads);
}

static double geo_failures(void *ctx)
{
	return (double)(geo_of(ctx, GEOIP_COUNTRY).failures +
		geo_of(ctx, GEOIP_ASN).failures);
}

static double geo_octets(void *ctx)
{
	return (double)(geo_of(ctx, GEOIP_COUNTRY).octets +
		geo_of(ctx, GEOIP_ASN).octets);
}

static struct lessons_about model_of(void *ctx)
{
	const struct gauges *g = ctx;
	const struct modelcopy_model *model = NULL;
	struct lessons_about about = { 0 };

	if (g->model == NULL || modelcopy_hold(g->model, &model) != RES_OK)
		return about;
	about = model->about;
	modelcopy_release(g->model, model);
	return about;
}

static double content_version(void *ctx)
{
	return (double)model_of(ctx).version;
}

static double content_spam(void *ctx)
{
	return (double)model_of(ctx).spam;
}

static double content_ham(void *ctx)
{
	return (double)model_of(ctx).ham;
}

static double lines_dropped(void *ctx)
{
	(void)ctx;
	return (double)log_dropped();
}

static double open_sessions(void *ctx)
{
	const struct gauges *g = ctx;

	return (double)atomic_load(&g->telemetry->open_sessions);
}

static double start_time(void *ctx)
{
	const struct gauges *g = ctx;

	return g->start_s;
}

static const struct row {
	const char *name;
	const char *help;
	const char *type;
	double (*read)(void *ctx);
} rows[] = {
	{ "reprieve_lists_entries", "Entries of all lists in memory.", "gauge",
		lists_entries },
	{ "reprieve_lists_state",
		"0 empty, 1 snapshot, 2 live, 3 stale, 4 grace.", "gauge",
		lists_state },
	{ "reprieve_lists_usable",
		"1 when the lists are young enough to answer from.", "gauge",
		lists_usable },
	{ "reprieve_lists_age_seconds",
		"Time since the lists were known to be in step with Redis.",
		"gauge", lists_age },
	{ "reprieve_lists_ignored",
		"Keys of lists that are nonsense and do not count.", "gauge",
		lists_ignored },
	{ "reprieve_lists_pending", "Pushed changes not applied yet.", "gauge",
		lists_pending },
	{ "reprieve_lists_lag_seconds",
		"Age of the oldest change not applied yet.", "gauge",
		lists_lag },
	{ "reprieve_lists_memory_bytes", "Memory of the lists.", "gauge",
		lists_memory },
	{ "reprieve_lists_eviction_risk",
		"1 when maxmemory-policy may delete our keys.", "gauge",
		lists_eviction },
	{ "reprieve_lists_resyncs_total", "Full loads of the lists.", "counter",
		lists_resyncs },
	{ "reprieve_dns_questions_total", "Names asked for.", "counter",
		dns_asked },
	{ "reprieve_dns_cached_total", "Of these, known at once.", "counter",
		dns_hits },
	{ "reprieve_dns_sent_total", "Questions sent.", "counter", dns_sent },
	{ "reprieve_dns_failed_total", "Server failures and forged answers.",
		"counter", dns_failed },
	{ "reprieve_dns_timeouts_total", "Questions without answer in time.",
		"counter", dns_timeouts },
	{ "reprieve_dns_refused_total",
		"Questions not sent: too many on their way.", "counter",
		dns_refused },
	{ "reprieve_dns_pending", "Questions on their way.", "gauge",
		dns_pending },
	{ "reprieve_dns_cache_bytes", "Memory of answers.", "gauge",
		dns_cache },
	{ "reprieve_geo_country_usable",
		"1 while the country of a client can be looked up.", "gauge",
		geo_country },
	{ "reprieve_geo_asn_usable",
		"1 while the network of a client can be looked up.", "gauge",
		geo_asn },
	{ "reprieve_geo_loads_total", "Databases that were taken into use.",
		"counter", geo_loads },
	{ "reprieve_geo_failures_total",
		"Times that a database was missing or broken.", "counter",
		geo_failures },
	{ "reprieve_geo_bytes", "Size of the databases in use.", "gauge",
		geo_octets },
	{ "reprieve_content_model_version",
		"Version of the classifier's model in memory, 0 for none.",
		"gauge", content_version },
	{ "reprieve_content_spam", "Spam that it was made of.", "gauge",
		content_spam },
	{ "reprieve_content_ham", "Ham that it was made of.", "gauge",
		content_ham },
	{ "reprieve_redis_breaker_open",
		"1 while details of hits are not asked for.", "gauge",
		breaker_open },
	{ "reprieve_details_cached", "Hits whose details are in memory.",
		"gauge", details_cached },
	{ "reprieve_details_fetched_total", "Details of hits that Redis gave.",
		"counter", details_fetched },
	{ "reprieve_details_failed_total",
		"Details of hits that Redis did not give in time.", "counter",
		details_failed },
	{ "reprieve_details_skipped_total",
		"Details of hits that were over lists.details_rate.", "counter",
		details_skipped },
	{ "reprieve_facts_written_total",
		"Facts of judged messages that are kept.", "counter",
		facts_written },
	{ "reprieve_facts_lost_total", "Facts that found no room.", "counter",
		facts_lost },
	{ "reprieve_ledger_calls_total",
		"Questions to Redis about limits, reputation and greylist.",
		"counter", ledger_calls },
	{ "reprieve_ledger_timeouts_total", "Of these, not answered in time.",
		"counter", ledger_timeouts },
	{ "reprieve_ledger_failed_total",
		"Of these, not answered for another reason.", "counter",
		ledger_failed },
	{ "reprieve_ledger_skipped_total",
		"Messages without a question: Redis had not answered before.",
		"counter", ledger_skipped },
	{ "reprieve_ledger_breaker_open",
		"1 while limits, reputation and greylist are not asked for.",
		"gauge", ledger_open_breaker },
	{ "reprieve_ledger_spent", "Limits known to be used up.", "gauge",
		ledger_spent },
	{ "reprieve_reputation_waiting",
		"Senders whose reputation waits to be written.", "gauge",
		repute_waiting },
	{ "reprieve_reputation_dropped_total",
		"Senders whose reputation found no room.", "counter",
		repute_dropped },
	{ "reprieve_trace_key", "1 while there is a key that signs traces.",
		"gauge", trace_key },
	{ "reprieve_trace_key_age_seconds", "How old it is.", "gauge",
		trace_key_age },
	{ "reprieve_traffic_waiting",
		"Senders whose numbers wait to be written.", "gauge",
		traffic_waiting },
	{ "reprieve_traffic_dropped_total",
		"Numbers of senders that found no room.", "counter",
		traffic_dropped },
	{ "reprieve_dmarc_rows_waiting",
		"Rows of reports about DMARC that wait to be written.", "gauge",
		rows_waiting },
	{ "reprieve_dmarc_rows_dropped_total",
		"Rows of reports about DMARC that found no room.", "counter",
		rows_dropped },
	{ "reprieve_writer_connected", "1 while writes reach Redis.", "gauge",
		writer_connected },
	{ "reprieve_writer_waiting", "Writes that wait for Redis.", "gauge",
		writes_waiting },
	{ "reprieve_writer_written_total", "Writes that Redis took.", "counter",
		writes_written },
	{ "reprieve_writer_dropped_total", "Writes that found no room.",
		"counter", writes_dropped },
	{ "reprieve_writer_failed_total", "Writes that Redis refused.",
		"counter", writes_failed },
	{ "reprieve_log_dropped_total", "Log lines that were not taken.",
		"counter", lines_dropped },
	{ "reprieve_open_sessions", "Sessions that the MTA holds open.",
		"gauge", open_sessions },
	{ "reprieve_start_time_seconds", "When this process began (1970).",
		"gauge", start_time },
};

enum result gauges_register(struct gauges *g, struct metrics *m)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (metrics_read(m, rows[i].name, rows[i].help, rows[i].type,
			    rows[i].read, g) < 0)
			return RES_NOMEM;
	return RES_OK;
}

void gauges_format(struct metrics *m, struct buf *out)
{
	metrics_format(m, out);
	buf_add_text(out,
		"# HELP reprieve_build_info 1, and which build this is.\n"
		"# TYPE reprieve_build_info gauge\n"
		"reprieve_build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
}

/* ---- DNS lists; their names come from the configuration ---- */

static uint64_t zone_up(const struct zonewatch_status *s)
{
	return s->is_up ? 1 : 0;
}

static uint64_t zone_asked(const struct zonewatch_status *s)
{
	return s->asked;
}

static uint64_t zone_listed(const struct zonewatch_status *s)
{
	return s->listed;
}

static uint64_t zone_unknown(const struct zonewatch_status *s)
{
	return s->unknown;
}

static const struct zone_row {
	const char *name;
	const char *help;
	const char *type;
	uint64_t (*read)(const struct zonewatch_status *s);
} zone_rows[] = {
	{ "reprieve_dnsbl_zone_up",
		"1 while a DNS list is asked, 0 while it does not work.",
		"gauge", zone_up },
	{ "reprieve_dnsbl_asked_total", "Answers of a DNS list looked at.",
		"counter", zone_asked },
	{ "reprieve_dnsbl_listed_total", "Of these, listings.", "counter",
		zone_listed },
	{ "reprieve_dnsbl_unknown_total",
		"Of these, failures, silence, and errors of the list.",
		"counter", zone_unknown },
};

void gauges_format_zones(struct zonewatch *w, struct buf *out)
{
	struct zonewatch_status s;

	for (size_t i = 0; i < sizeof(zone_rows) / sizeof(zone_rows[0]); i++) {
		const struct zone_row *row = &zone_rows[i];

		if (!zonewatch_read(w, 0, &s))
			return;
		buf_add_format(out, "# HELP %s %s\n# TYPE %s %s\n", row->name,
			row->help, row->name, row->type);
		for (size_t at = 0; zonewatch_read(w, at, &s); at++)
			buf_add_format(out, "%s{zone=\"%s\"} %llu\n", row->name,
				s.name, (unsigned long long)row->read(&s));
	}
}
