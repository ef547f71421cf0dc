/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/context.h"

#include "auth/arcseal.h"
#include "base/clock.h"
#include "base/fairlock.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/once.h"
#include "conf/conf.h"
#include "dns/resolver.h"
#include "judge/asncount.h"
#include "judge/autolist.h"
#include "judge/budget.h"
#include "judge/conduct.h"
#include "judge/dmarcfail.h"
#include "judge/dmarcrows.h"
#include "judge/factlog.h"
#include "judge/outbound.h"
#include "judge/record.h"
#include "judge/services.h"
#include "judge/session.h"
#include "judge/shadowcount.h"
#include "judge/telemetry.h"
#include "judge/tracing.h"
#include "judge/trafficwatch.h"
#include "milter/gauges.h"
#include "milter/prover.h"
#include "milter/restart.h"
#include "store/account.h"
#include "store/aggregate.h"
#include "store/blocklist.h"
#include "store/ledger.h"
#include "store/mirror.h"
#include "store/node.h"
#include "store/repute.h"
#include "store/secret.h"
#include "store/tracekeys.h"
#include "store/traffic.h"
#include "store/writer.h"
#include "web/metrics.h"
#include "web/server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ERRORS_MAX = 64 * 1024, WARNINGS_MAX = 16 };

struct context {
	pthread_rwlock_t gate; /* read: an event is inside; of closed */
	bool closed;
	pthread_rwlock_t lock; /* of conf */
	struct conf *conf;
	struct conf *started; /* the one that sockets and sizes are of */
	const struct clock *clock;
	struct mirror *mirror;
	struct blocklist *blocklist;
	struct writer *writer;
	struct case_book *book;
	struct node *node;
	struct web_server *web;
	struct once *warned;
	struct telemetry telemetry;
	struct gauges gauges;
	struct services services;
	struct secret secret;
	struct prover *prover;
	struct asncount *networks;
	struct session_watch watch_networks;
	struct shadowcount shadows;
	struct session_watch watch_shadows;
	struct budget *budget;
	struct correspond *correspond;
	struct correspondents correspondents;
	struct tracekeys *tracekeys;
	struct accounts *accounts;
	struct tracing tracing;
	struct factlog *facts; /* NULL: none are kept */
	struct ledger *ledger;
	struct repute *repute;
	struct conduct conduct;
	struct traffic *traffic;
	struct trafficwatch watch_traffic;
	struct aggregate *aggregate;
	struct dmarcrows dmarcrows;
	struct dmarcfail dmarcfail;
	struct autolist *autolist;
	struct arcseal *seal; /* NULL: nothing is sealed */
	struct casework cases;
	struct session_env env;
	atomic_ulong agreed_steps;
	atomic_uint agreed_may;
};

/* ---- cases ---- */

static void refer(void *at, const struct ipaddr *ip, const char *code,
	struct slice subject, char ref[CASE_REF_MAX], bool *is_new)
{
	struct context *ctx = at;

	case_reference(ctx->book, ip, code, subject, ref, is_new);
}

static enum result record(void *at, const char ref[CASE_REF_MAX], bool is_new,
	const struct case_facts *facts)
{
	struct context *ctx = at;
	enum result res = case_record(ctx->book, ref, is_new, facts);

	telemetry_case(&ctx->telemetry, res == RES_OK);
	return res;
}

/* ---- birth and death ---- */

static enum result open_seal(struct context *ctx, const struct conf *conf)
{
	struct buf why;
	enum result res;

	buf_init(&why, 1024);
	res = arcseal_open(&conf->arc, &why, &ctx->seal);
	if (res != RES_OK)
		log_message(LOG_LEVEL_ERROR, "arc", "%s", buf_text(&why));
	buf_clear(&why);
	return res;
}

/* What senders, and those who vouch for them, do about a listing. */
static enum result open_prover(struct context *ctx, struct conf *conf)
{
	const struct prover_needs needs = {
		.conf = conf,
		.mirror = ctx->mirror,
		.blocklist = ctx->blocklist,
		.geo = ctx->services.geo,
		.clock = ctx->clock,
	};

	secret_load(&ctx->secret, conf->milter.secret_file);
	ctx->services.blocked.secret = &ctx->secret;
	ctx->services.paused.secret = &ctx->secret;
	return prover_open(&ctx->prover, &needs);
}

/* What is remembered of senders; after open_prover, for the secret. */
static enum result open_history(struct context *ctx, struct conf *conf)
{
	struct history_service *s = &ctx->services.history;
	enum result res = ledger_open(&ctx->ledger, conf, ctx->clock, NULL);

	if (res == RES_OK)
		res = repute_open(&ctx->repute, conf, ctx->writer, NULL);
	if (res == RES_OK)
		res = traffic_open(
			&ctx->traffic, conf, ctx->writer, ctx->clock);
	if (res == RES_OK)
		res = history_meters_init(&s->meters, ctx->telemetry.metrics);
	if (res == RES_OK)
		res = autolist_open(&ctx->autolist, conf, ctx->clock);
	if (res == RES_OK)
		res = aggregate_open(
			&ctx->aggregate, conf, ctx->writer, ctx->clock);
	if (res != RES_OK)
		return res;
	s->ledger = ctx->ledger;
	s->secret = &ctx->secret;
	s->clock = ctx->clock;
	conduct_init(&ctx->conduct, ctx->repute,
		autolist_watch(ctx->autolist, &ctx->watch_networks));
	trafficwatch_init(&ctx->watch_traffic, ctx->traffic, ctx->services.psl,
		&ctx->conduct.watch);
	dmarcrows_init(
		&ctx->dmarcrows, ctx->aggregate, &ctx->watch_traffic.watch);
	dmarcfail_init(&ctx->dmarcfail, ctx->writer, ctx->clock,
		&ctx->dmarcrows.watch);
	res = correspond_open(
		&ctx->correspond, conf, &ctx->secret, ctx->writer, ctx->clock);
	ctx->correspondents = outbound_correspondents(ctx->correspond);
	return res;
}

/* After open_prover, for the secret. */
static enum result open_tracing(struct context *ctx, struct conf *conf)
{
	enum result res =
		tracekeys_open(&ctx->tracekeys, conf, &ctx->secret, ctx->clock);

	if (res == RES_OK)
		res = accounts_open(&ctx->accounts, ctx->writer, ctx->clock);
	ctx->tracing = tracing_of(
		ctx->tracekeys, ctx->accounts, &ctx->secret, ctx->services.psl);
	return res;
}

/* What judging reads. */
static enum result open_lists(struct context *ctx, struct conf *conf)
{
	enum result res = telemetry_init(&ctx->telemetry);

	if (res == RES_OK)
		res = mirror_open(&ctx->mirror, conf, ctx->clock);
	if (res == RES_OK)
		res = blocklist_open(
			&ctx->blocklist, conf, ctx->mirror, ctx->clock);
	if (res == RES_OK)
		res = services_open(
			&ctx->services, conf, ctx->mirror, ctx->blocklist);
	if (res == RES_OK)
		res = open_seal(ctx, conf);
	return res;
}

static enum result open_parts(struct context *ctx, struct conf *conf)
{
	enum result res;

	ctx->warned = once_new(WARNINGS_MAX);
	ctx->networks = asncount_new();
	ctx->budget = budget_new();
	if (ctx->warned == NULL || ctx->networks == NULL || ctx->budget == NULL)
		return RES_NOMEM;
	res = open_lists(ctx, conf);
	if (res == RES_OK)
		res = writer_open(&ctx->writer, conf, ctx->clock);
	if (res == RES_OK)
		res = case_book_open(&ctx->book, conf, ctx->writer, ctx->clock);
	if (res == RES_OK)
		res = open_prover(ctx, conf);
	if (res == RES_OK)
		res = open_history(ctx, conf);
	if (res == RES_OK)
		res = open_tracing(ctx, conf);
	if (res == RES_OK)
		res = node_open(
			&ctx->node, conf, ctx->mirror, ctx->writer, ctx->clock);
	if (res != RES_OK)
		return res;
	ctx->gauges = (struct gauges){
		.model = ctx->services.model,
		.telemetry = &ctx->telemetry,
		.mirror = ctx->mirror,
		.blocklist = ctx->blocklist,
		.writer = ctx->writer,
		.geo = ctx->services.geo,
		.ledger = ctx->ledger,
		.repute = ctx->repute,
		.tracekeys = ctx->tracekeys,
		.traffic = ctx->traffic,
		.aggregate = ctx->aggregate,
		.clock = ctx->clock,
		.start_s = (double)clock_wall_ms(ctx->clock) / 1000.0,
	};
	return gauges_register(&ctx->gauges, ctx->telemetry.metrics);
}

enum result context_open(
	struct context **out, struct conf *conf, const struct clock *clock)
{
	struct context *ctx = calloc(1, sizeof(*ctx));
	enum result res;

	*out = NULL;
	if (ctx == NULL)
		return RES_NOMEM;
	pthread_rwlock_init(&ctx->gate, NULL);
	fairlock_init(&ctx->lock);
	ctx->clock = clock;
	ctx->conf = conf_hold(conf);
	ctx->started = conf_hold(conf);
	res = open_parts(ctx, conf);
	if (res != RES_OK) {
		context_close(ctx);
		context_free(ctx);
		return res;
	}
	ctx->cases = (struct casework){ refer, record, ctx };
	ctx->watch_shadows = (struct session_watch){
		.judged = shadowcount_judged,
		.at = &ctx->shadows,
	};
	ctx->watch_networks = (struct session_watch){
		.judged = asncount_judged,
		.at = ctx->networks,
		.next = &ctx->watch_shadows,
	};
	ctx->env = (struct session_env){
		.clock = clock,
		.pipeline = &ctx->services.pipeline,
		.cases = &ctx->cases,
		.telemetry = &ctx->telemetry,
		.seal = ctx->seal,
		.watch = &ctx->dmarcfail.watch,
		.budget = ctx->budget,
		.correspondents = &ctx->correspondents,
		.proof = prover_proof(ctx->prover),
		.tracing = &ctx->tracing,
	};
	*out = ctx;
	return RES_OK;
}

static void serve_metrics(
	void *at, const struct web_request *rq, struct web_answer *out)
{
	struct context *ctx = at;

	if (!slice_is_equal(rq->path, slice_of("/metrics"))) {
		out->status = 404;
		out->type = "text/plain; charset=utf-8";
		buf_add_text(&out->body, "see /metrics\n");
		return;
	}
	out->status = 200;
	out->type = METRICS_TYPE;
	gauges_format(ctx->telemetry.metrics, &out->body);
	gauges_format_zones(ctx->services.watch, &out->body);
	asncount_format(ctx->networks, &out->body);
	autolist_format(ctx->autolist, &out->body);
	shadowcount_format(&ctx->shadows, &out->body);
	budget_format(ctx->budget, &out->body);
}

static enum result start_metrics(struct context *ctx)
{
	const struct web_options options = {
		.listen = ctx->started->metrics.listen,
		.handle = serve_metrics,
		.ctx = ctx,
	};
	struct buf why;
	enum result res;

	if (options.listen.kind == ENDPOINT_NONE)
		return RES_OK;
	buf_init(&why, 512);
	res = web_server_open(&ctx->web, &options, &why);
	if (res != RES_OK)
		log_message(LOG_LEVEL_ERROR, "metrics", "metrics.listen: %s",
			buf_text(&why));
	buf_clear(&why);
	return res;
}

/* Those that stay are known; without memory new ones are asked untested. */
static void follow_zones(struct context *ctx, struct conf *conf)
{
	if (services_follow(&ctx->services, conf) != RES_OK)
		log_message(LOG_LEVEL_ERROR, "dnsbl",
			"no memory: new DNS lists are not tested");
}

/* Mail goes on without DNS: what hangs on it can not be told then. */
static void start_services(struct context *ctx)
{
	struct buf why;

	follow_zones(ctx, ctx->started);
	buf_init(&why, 512);
	if (services_start(&ctx->services, ctx->started, ctx->clock, &why) ==
		RES_OK) {
		ctx->env.dns = resolver_source(ctx->services.resolver);
		ctx->gauges.resolver = ctx->services.resolver;
	} else {
		log_message(LOG_LEVEL_ERROR, "dns",
			"no name can be asked for: %s", buf_text(&why));
	}
	buf_clear(&why);
}

/* Mail goes on without them, too. */
static void start_facts(struct context *ctx)
{
	enum result res = factlog_open(&ctx->facts, ctx->started, ctx->clock);

	if (res != RES_OK)
		log_message(LOG_LEVEL_ERROR, "facts",
			"facts of judged messages are not kept: %s: %s",
			ctx->started->facts.folder, result_name(res));
	ctx->env.watch = factlog_watch(ctx->facts, ctx->env.watch);
	ctx->gauges.facts = ctx->facts;
}

enum result context_start(struct context *ctx)
{
	enum result res = mirror_start(ctx->mirror);

	start_services(ctx);
	start_facts(ctx);
	if (res == RES_OK)
		res = writer_start(ctx->writer);
	if (res == RES_OK)
		res = autolist_start(ctx->autolist);
	if (res == RES_OK && ctx->started->trace.enabled)
		res = tracekeys_start(ctx->tracekeys);
	if (res == RES_OK)
		res = node_start(ctx->node);
	if (res == RES_OK)
		res = start_metrics(ctx);
	return res;
}

void context_close(struct context *ctx)
{
	if (ctx == NULL)
		return;
	pthread_rwlock_wrlock(&ctx->gate);
	ctx->closed = true;
	pthread_rwlock_unlock(&ctx->gate);
	web_server_close(ctx->web);
	node_close(ctx->node);
	case_book_close(ctx->book);
	correspond_close(ctx->correspond);
	repute_close(ctx->repute);
	traffic_close(ctx->traffic);
	aggregate_close(ctx->aggregate);
	writer_close(ctx->writer);
	accounts_close(ctx->accounts);
	tracekeys_close(ctx->tracekeys);
	factlog_close(ctx->facts);
	prover_close(ctx->prover);
	services_close(&ctx->services);
	ledger_close(ctx->ledger);
	arcseal_close(ctx->seal);
	blocklist_close(ctx->blocklist);
	mirror_close(ctx->mirror);
	telemetry_clear(&ctx->telemetry);
	autolist_close(ctx->autolist);
	asncount_free(ctx->networks);
	budget_free(ctx->budget);
	once_free(ctx->warned);
	conf_release(ctx->conf);
	conf_release(ctx->started);
}

void context_free(struct context *ctx)
{
	if (ctx == NULL)
		return;
	pthread_rwlock_destroy(&ctx->lock);
	pthread_rwlock_destroy(&ctx->gate);
	free(ctx);
}

bool context_enter(struct context *ctx)
{
	pthread_rwlock_rdlock(&ctx->gate);
	if (!ctx->closed)
		return true;
	pthread_rwlock_unlock(&ctx->gate);
	return false;
}

void context_leave(struct context *ctx)
{
	pthread_rwlock_unlock(&ctx->gate);
}

/* ---- what sessions ask ---- */

static struct conf *hold_conf(struct context *ctx)
{
	struct conf *conf;

	pthread_rwlock_rdlock(&ctx->lock);
	conf = conf_hold(ctx->conf);
	pthread_rwlock_unlock(&ctx->lock);
	return conf;
}

struct session *context_session(struct context *ctx)
{
	struct conf *conf = hold_conf(ctx);
	struct session *s = session_new(&ctx->env, conf);

	conf_release(conf);
	return s;
}

void context_agree(struct context *ctx, const struct agreement *a)
{
	atomic_store(&ctx->agreed_steps, a->steps);
	atomic_store(&ctx->agreed_may, a->may);
}

struct agreement context_agreement(struct context *ctx)
{
	return (struct agreement){
		.steps = atomic_load(&ctx->agreed_steps),
		.may = atomic_load(&ctx->agreed_may),
	};
}

bool context_defers_errors(struct context *ctx)
{
	struct conf *conf = hold_conf(ctx);
	bool defers = conf->mode == CONF_ENFORCE &&
		conf->milter.on_internal_error == CONF_FAILURE_TEMPFAIL;

	conf_release(conf);
	return defers;
}

void context_warn_once(struct context *ctx, const char *text)
{
	if (once_is_first(ctx->warned, slice_of(text)))
		log_message(LOG_LEVEL_WARNING, "mta", "%s", text);
}

/* ---- reload ---- */

static void log_lines(
	enum log_level level, const char *event, struct slice text)
{
	struct slice line;

	while (slice_cut(&text, '\n', &line))
		if (!slice_is_empty(line))
			log_message(level, event, "%.*s", SLICE_ARG(line));
}

static void warn_of_restart(struct context *ctx, const struct conf *loaded)
{
	struct buf names;

	buf_init(&names, 4096);
	restart_differences(ctx->started, loaded, &names);
	if (names.len > 0)
		log_message(LOG_LEVEL_WARNING, "reload",
			"needs a restart to take effect: %s", buf_text(&names));
	buf_clear(&names);
}

enum result context_reload(struct context *ctx)
{
	struct conf *loaded = NULL;
	struct conf *old;
	struct buf errors;
	enum result res;

	buf_init(&errors, ERRORS_MAX);
	res = conf_load(ctx->started->path, &loaded, &errors);
	log_lines(res == RES_OK ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, "reload",
		buf_slice(&errors));
	buf_clear(&errors);
	telemetry_reload(&ctx->telemetry, res == RES_OK);
	if (res != RES_OK) {
		log_message(LOG_LEVEL_ERROR, "reload",
			"%s: %s; the configuration stays as it was",
			ctx->started->path, result_name(res));
		return res;
	}
	warn_of_restart(ctx, loaded);
	follow_zones(ctx, loaded);
	pthread_rwlock_wrlock(&ctx->lock);
	old = ctx->conf;
	ctx->conf = loaded;
	pthread_rwlock_unlock(&ctx->lock);
	conf_release(old);
	log_message(LOG_LEVEL_NOTICE, "reload",
		"%s is in effect for new sessions", loaded->path);
	return RES_OK;
}

/* ---- how we are ---- */

static void flush_sums(struct context *ctx)
{
	struct conf *conf = hold_conf(ctx);

	repute_flush(ctx->repute, conf);
	traffic_flush(ctx->traffic, conf);
	aggregate_flush(ctx->aggregate, conf);
	conf_release(conf);
}

void context_describe(struct context *ctx, struct buf *out)
{
	struct mirror_status status;

	mirror_read_status(ctx->mirror, &status);
	buf_add_format(out, "lists %s%s, %zu entries, %ld sessions",
		mirror_state_name(status.state),
		status.is_usable ? "" : " (UNCHECKED)", status.entries,
		atomic_load(&ctx->telemetry.open_sessions));
	if (status.state != MIRROR_LIVE && status.error[0] != '\0')
		buf_add_format(out, "; %s", status.error);
}

void context_beat(struct context *ctx)
{
	struct buf text;

	case_book_flush(ctx->book);
	flush_sums(ctx);
	buf_init(&text, 1024);
	buf_add_text(&text, "STATUS=");
	context_describe(ctx, &text);
	buf_add_text(&text, "\nWATCHDOG=1");
	if (buf_result(&text) == RES_OK)
		notify_send(buf_text(&text));
	buf_clear(&text);
}
