/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/telemetry.h"

#include "auth/authres.h"
#include "web/metrics.h"

/* In the order of enum action, then what is not judged. */
static const char *const actions[] = { "none", "accept", "mark", "quarantine",
	"tempfail", "reject", "unjudged", NULL };
enum { ACTION_UNJUDGED = ACTION_REJECT + 1 };

static const char *const outcomes[] = { "failed", "ok", NULL };

static const char *const fates[] = { "dropped", "queued", NULL };

static const char *const answers[] = { "unknown", "no", "yes", NULL };

/* In the order of enum telemetry_trace. */
static const char *const traces[] = { "in", "out", "signed", "no_key", NULL };

/* In the order of enum auth_result. */
static const char *const results[] = { "unknown", "none", "pass", "fail",
	"softfail", "neutral", "policy", "temperror", "permerror", NULL };
_Static_assert(sizeof(results) / sizeof(results[0]) == AUTH_PERMERROR + 2,
	"each result has a series");

/* Of DMARC: a failure with what applies to it. */
enum dmarc_series {
	DMARC_UNKNOWN,
	DMARC_NONE,
	DMARC_PASS,
	DMARC_TEMPERROR,
	DMARC_PERMERROR,
	DMARC_FAIL, /* and with quarantine, with reject, behind it */
	DMARC_OVERRIDDEN = DMARC_FAIL + DMARC_POLICY_REJECT + 1
};
static const char *const dmarc_results[] = { "unknown", "none", "pass",
	"temperror", "permerror", "fail_none", "fail_quarantine", "fail_reject",
	"fail_overridden", NULL };

/* In the order of enum from_kind. */
static const char *const from_kinds[] = { "unknown", "one", "none",
	"several_fields", "several_domains", "unreadable", NULL };

static const struct auth_counter {
	const char *name;
	const char *help;
	const char *label;
	const char *const *values;
} auth_counters[TELEMETRY_AUTH_COUNT] = {
	[TELEMETRY_IPREV] = { "reprieve_iprev_total",
		"Messages by whether the client's name points back to it.",
		"result", results },
	[TELEMETRY_SPF] = { "reprieve_spf_total",
		"Messages by SPF of the sender, of a bounce by that of HELO.",
		"result", results },
	[TELEMETRY_SPF_HELO] = { "reprieve_spf_helo_total",
		"Messages by SPF of the HELO name.", "result", results },
	[TELEMETRY_DKIM] = { "reprieve_dkim_total",
		"Messages by DKIM: pass when one signature does, or the first.",
		"result", results },
	[TELEMETRY_SIGNATURES] = { "reprieve_dkim_signatures_total",
		"DKIM signatures by result.", "result", results },
	[TELEMETRY_ARC] = { "reprieve_arc_total",
		"Messages by their ARC chain.", "result", results },
	[TELEMETRY_DMARC] = { "reprieve_dmarc_total",
		"Messages by DMARC, failures by the policy that applies.",
		"result", dmarc_results },
	[TELEMETRY_FROM] = { "reprieve_from_total",
		"Messages by what their From field is.", "kind", from_kinds },
};

/* False: no memory. */
static bool register_auth(struct telemetry *t, struct metrics *m)
{
	bool ok = true;

	for (size_t i = 0; i < TELEMETRY_AUTH_COUNT; i++) {
		const struct auth_counter *c = &auth_counters[i];

		t->auth[i] = metrics_counter(
			m, c->name, c->help, c->label, c->values);
		ok = ok && t->auth[i] >= 0;
	}
	return ok;
}

static bool register_paused(struct telemetry *t, struct metrics *m)
{
	t->paused = metrics_counter(m, "reprieve_paused_total",
		"Recipients that accounts wrote to while paused, by action.",
		"action", actions);
	return t->paused >= 0;
}

/* The rest of them. */
static bool register_rest(struct telemetry *t, struct metrics *m)
{
	t->traces = metrics_counter(m, "reprieve_traces_total",
		"Messages that passed, by what their trace came to.", "outcome",
		traces);
	return register_auth(t, m) && register_paused(t, m) && t->traces >= 0;
}

static const double reply_bounds[] = { 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
	0.1, 0.2, 0.5, 1, 2, 5, 8 };

enum result telemetry_init(struct telemetry *t)
{
	struct metrics *m = metrics_new();
	bool has_rest;

	*t = (struct telemetry){ .metrics = m };
	if (m == NULL)
		return RES_NOMEM;
	t->connections = metrics_counter(m, "reprieve_connections_total",
		"SMTP sessions that the MTA told us of.", NULL, NULL);
	t->recipients = metrics_counter(m, "reprieve_recipients_total",
		"Recipients, by what the MTA was told.", "action", actions);
	t->messages = metrics_counter(m, "reprieve_messages_total",
		"Messages that reached their end, by action.", "action",
		actions);
	t->would_refuse = metrics_counter(m, "reprieve_would_refuse_total",
		"Recipients that only monitor or shadow let pass.", NULL, NULL);
	t->reloads = metrics_counter(m, "reprieve_reloads_total",
		"Reloads of the configuration, by outcome.", "outcome",
		outcomes);
	t->cases = metrics_counter(m, "reprieve_cases_total",
		"Pieces of evidence, by whether the queue took them.",
		"outcome", fates);
	t->correspondents = metrics_counter(m, "reprieve_correspondents_total",
		"Refusals by whether a user wrote to the sender lately.",
		"known", answers);
	has_rest = register_rest(t, m);
	t->wait_seconds = metrics_histogram(m, "reprieve_dns_wait_seconds",
		"Time the end of a message waited for DNS.", reply_bounds,
		sizeof(reply_bounds) / sizeof(reply_bounds[0]));
	t->reply_seconds = metrics_histogram(m, "reprieve_reply_seconds",
		"Time to answer one recipient.", reply_bounds,
		sizeof(reply_bounds) / sizeof(reply_bounds[0]));
	if (t->connections < 0 || t->recipients < 0 || t->messages < 0 ||
		t->would_refuse < 0 || t->reloads < 0 || t->cases < 0 ||
		t->correspondents < 0 || !has_rest || t->wait_seconds < 0 ||
		t->reply_seconds < 0) {
		telemetry_clear(t);
		return RES_NOMEM;
	}
	return RES_OK;
}

void telemetry_clear(struct telemetry *t)
{
	metrics_free(t->metrics);
	t->metrics = NULL;
}

static size_t index_of(const struct verdict *v)
{
	return v == NULL ? ACTION_UNJUDGED : (size_t)v->action;
}

void telemetry_session(struct telemetry *t, int change)
{
	atomic_fetch_add(&t->open_sessions, change);
}

void telemetry_connection(struct telemetry *t)
{
	metrics_add(t->metrics, t->connections, 0, 1);
}

void telemetry_recipient(
	struct telemetry *t, const struct verdict *v, int64_t took_ms)
{
	metrics_add(t->metrics, t->recipients, index_of(v), 1);
	metrics_observe(t->metrics, t->reply_seconds, (double)took_ms / 1000.0);
	if (v != NULL && action_is_refusal(v->would_be) &&
		!action_is_refusal(v->action))
		metrics_add(t->metrics, t->would_refuse, 0, 1);
}

void telemetry_message(struct telemetry *t, const struct verdict *v)
{
	metrics_add(t->metrics, t->messages, index_of(v), 1);
}

static enum auth_result result_of_dkim(const struct auth_facts *auth)
{
	if (!auth->dkim_is_known)
		return AUTH_UNKNOWN;
	for (unsigned i = 0; i < auth->dkim_count; i++)
		if (auth->dkim[i].result == AUTH_PASS)
			return AUTH_PASS;
	return auth->dkim_count > 0 ? auth->dkim[0].result : AUTH_NONE;
}

static size_t series_of_dmarc(const struct dmarc_fact *f)
{
	switch (f->result) {
	case AUTH_NONE:
		return DMARC_NONE;
	case AUTH_PASS:
		return DMARC_PASS;
	case AUTH_TEMPERROR:
		return DMARC_TEMPERROR;
	case AUTH_PERMERROR:
		return DMARC_PERMERROR;
	case AUTH_FAIL:
		return slice_is_empty(f->override)
			? (size_t)DMARC_FAIL + (size_t)authres_policy(f)
			: (size_t)DMARC_OVERRIDDEN;
	case AUTH_UNKNOWN:
	case AUTH_SOFTFAIL:
	case AUTH_NEUTRAL:
	case AUTH_POLICY:
		break;
	}
	return DMARC_UNKNOWN;
}

static void count_auth(
	struct telemetry *t, enum telemetry_auth_counter which, size_t series)
{
	metrics_add(t->metrics, t->auth[which], series, 1);
}

static void count_results(struct telemetry *t, const struct auth_facts *auth)
{
	count_auth(t, TELEMETRY_IPREV, (size_t)auth->iprev.result);
	count_auth(t, TELEMETRY_SPF, (size_t)auth->mailfrom.result);
	count_auth(t, TELEMETRY_SPF_HELO, (size_t)auth->helo.result);
	count_auth(t, TELEMETRY_DKIM, (size_t)result_of_dkim(auth));
	for (unsigned i = 0; i < auth->dkim_count; i++)
		count_auth(
			t, TELEMETRY_SIGNATURES, (size_t)auth->dkim[i].result);
	count_auth(t, TELEMETRY_ARC, (size_t)auth->arc.result);
	count_auth(t, TELEMETRY_DMARC, series_of_dmarc(&auth->dmarc));
	count_auth(t, TELEMETRY_FROM, (size_t)auth->from_kind);
}

void telemetry_auth(
	struct telemetry *t, const struct auth_facts *auth, int64_t waited_ms)
{
	if (auth != NULL)
		count_results(t, auth);
	metrics_observe(
		t->metrics, t->wait_seconds, (double)waited_ms / 1000.0);
}

void telemetry_paused(struct telemetry *t, const struct verdict *v)
{
	metrics_add(t->metrics, t->paused, index_of(v), 1);
}

void telemetry_reload(struct telemetry *t, bool ok)
{
	metrics_add(t->metrics, t->reloads, ok ? 1 : 0, 1);
}

void telemetry_correspondent(
	struct telemetry *t, enum result res, bool is_known)
{
	metrics_add(t->metrics, t->correspondents,
		res != RES_OK	   ? 0
			: is_known ? 2
				   : 1,
		1);
}

void telemetry_case(struct telemetry *t, bool queued)
{
	metrics_add(t->metrics, t->cases, queued ? 1 : 0, 1);
}

void telemetry_trace(struct telemetry *t, enum telemetry_trace what)
{
	metrics_add(t->metrics, t->traces, (size_t)what, 1);
}
