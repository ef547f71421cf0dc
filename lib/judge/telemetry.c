/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/telemetry.h"

#include "web/metrics.h"

/* In the order of enum action, then what is not judged. */
static const char *const actions[] = { "none", "accept", "mark", "quarantine",
	"tempfail", "reject", "unjudged", NULL };
enum { ACTION_UNJUDGED = ACTION_REJECT + 1 };

static const char *const outcomes[] = { "failed", "ok", NULL };

static const char *const fates[] = { "dropped", "queued", NULL };

/* In the order of enum auth_result. */
static const char *const results[] = { "unknown", "none", "pass", "fail",
	"temperror", "permerror", NULL };

static const double reply_bounds[] = { 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
	0.1, 0.2, 0.5, 1, 2, 5, 8 };

enum result telemetry_init(struct telemetry *t)
{
	struct metrics *m = metrics_new();

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
	t->iprev = metrics_counter(m, "reprieve_iprev_total",
		"Messages by whether the client's name points back to it.",
		"result", results);
	t->wait_seconds = metrics_histogram(m, "reprieve_dns_wait_seconds",
		"Time the end of a message waited for DNS.", reply_bounds,
		sizeof(reply_bounds) / sizeof(reply_bounds[0]));
	t->reply_seconds = metrics_histogram(m, "reprieve_reply_seconds",
		"Time to answer one recipient.", reply_bounds,
		sizeof(reply_bounds) / sizeof(reply_bounds[0]));
	if (t->connections < 0 || t->recipients < 0 || t->messages < 0 ||
		t->would_refuse < 0 || t->reloads < 0 || t->cases < 0 ||
		t->iprev < 0 || t->wait_seconds < 0 || t->reply_seconds < 0) {
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

void telemetry_auth(
	struct telemetry *t, const struct auth_facts *auth, int64_t waited_ms)
{
	metrics_add(t->metrics, t->iprev, (size_t)auth->iprev.result, 1);
	metrics_observe(
		t->metrics, t->wait_seconds, (double)waited_ms / 1000.0);
}

void telemetry_reload(struct telemetry *t, bool ok)
{
	metrics_add(t->metrics, t->reloads, ok ? 1 : 0, 1);
}

void telemetry_case(struct telemetry *t, bool queued)
{
	metrics_add(t->metrics, t->cases, queued ? 1 : 0, 1);
}
