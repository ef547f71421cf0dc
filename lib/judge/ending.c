/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/ending.h"

#include "auth/arcseal.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "dns/asker.h"
#include "judge/budget.h"
#include "judge/fields.h"
#include "judge/marks.h"
#include "judge/mta.h"
#include "judge/outbound.h"
#include "judge/proof.h"
#include "judge/record.h"
#include "judge/sessioncore.h"
#include "judge/stamps.h"
#include "judge/telemetry.h"
#include "judge/tracing.h"
#include "judge/transaction.h"
#include "policy/rules.h"

#include <stdio.h>

static struct marks marks_of(const struct session *s, const struct mta *mta)
{
	return (struct marks){
		.mta = mta,
		.session = s->conn.id,
		.may_insert = (s->may & SESSION_MAY_INSERT) != 0,
		.may_delete = (s->may & SESSION_MAY_DELETE) != 0,
	};
}

void ending_remove_forged(struct session *s, const struct mta *mta)
{
	const struct marks m = marks_of(s, mta);

	marks_remove_results(&m, &s->at->fields);
}

void ending_trace(struct session *s, const struct mta *mta)
{
	const struct marks m = marks_of(s, mta);
	struct buf trace;

	buf_init(&trace, TRACE_VALUE_MAX);
	if (tracing_outbound(s, &trace))
		marks_insert(&m, trace_name, RES_OK, &trace);
	buf_clear(&trace);
}

static void stamp(struct session *s, const struct mta *mta)
{
	const struct marks m = marks_of(s, mta);
	struct buf trace;
	const struct stamps in = { .conf = s->conf,
		.conn = &s->conn,
		.envelope = &s->at->envelope,
		.fields = &s->at->fields,
		.auth = &s->at->auth,
		.verdict = &s->at->carried,
		.trace = &trace,
		.ref = slice_of(s->at->carried_ref),
		.seal = s->env->seal,
		.sealed = s->at->sealed,
		.arena = s->at->arena,
		.wall_s = clock_wall_ms(s->env->clock) / 1000 };

	buf_init(&trace, TRACE_VALUE_MAX);
	if (!tracing_inbound(s, &trace))
		buf_reset(&trace);
	stamps_add(&in, &m);
	buf_clear(&trace);
}

static void hold(struct session *s, const struct mta *mta)
{
	char reason[64];

	snprintf(reason, sizeof(reason), "reprieve %s", s->at->carried_ref);
	if ((s->may & SESSION_MAY_QUARANTINE) == 0 ||
		!mta->quarantine(mta->at, reason))
		log_message(LOG_LEVEL_ERROR, "quarantine",
			"session %s: the MTA does not hold messages for us",
			s->conn.id);
}

static void await(struct session *s)
{
	const struct check_input in = sessioncore_input(s, STAGE_END);
	int64_t start_ms = clock_mono_ms(s->env->clock);

	if (s->dns == NULL)
		return;
	pipeline_await(s->env->pipeline, &s->progress, STAGE_END, &in,
		&s->at->findings, start_ms + (int64_t)s->conf->dns.end_ms);
	telemetry_auth(s->env->telemetry,
		sessioncore_has_auth(s) ? &s->at->auth : NULL,
		clock_mono_ms(s->env->clock) - start_ms);
}

/* Did the end of the message come to something that RCPT did not know? */
static bool is_of_end(const struct verdict *rcpt, const struct verdict *v)
{
	return v->cause != rcpt->cause || v->action != rcpt->action ||
		v->would_be != rcpt->would_be;
}

/* Could not be asked: a failure of ours, for which the policy has a word. */
static void show_proof(struct session *s)
{
	const struct proof *p = s->env->proof;

	if (p != NULL && s->at->token[0] != '\0' &&
		s->conn.kind == CONN_REMOTE &&
		!p->show(p->at, &s->conn.ip, s->at->token))
		s->at->broken = true;
}

enum answer ending_judge(struct session *s, const struct mta *mta)
{
	const struct verdict carried = s->at->carried;
	struct ruling_advisory advisory;
	const struct rules_input in = { .conf = s->conf,
		.domain = s->at->domain,
		.advisory = &advisory,
		.envelope = &s->at->envelope,
		.findings = &s->at->findings,
		.auth = &s->at->auth,
		.carried = &carried,
		.stage = RULES_END,
		.all_spared = s->at->spared > 0 &&
			s->at->spared == s->at->envelope.rcpt_accepted };
	struct record r = { .stage = "eom",
		.scope = { s->conf, s->at->domain, &advisory },
		.conn = &s->conn,
		.envelope = &s->at->envelope,
		.verdict = &s->at->carried,
		.findings = &s->at->findings,
		.auth = &s->at->auth,
		.message = &s->at->fields.message,
		.ref = s->at->carried_ref };
	struct reply reply;
	enum answer answer;
	enum code was;
	bool is_new, is_deferred;

	budget_read(s->env->budget, &advisory);
	show_proof(s);
	if (s->at->broken || s->conn.kind != CONN_REMOTE) {
		sessioncore_gather(s);
	} else {
		sessioncore_run(s, STAGE_END, &s->at->findings);
		await(s);
	}
	budget_add(s->env->budget, &s->conf->policy, &s->at->findings);
	rules_decide(&in, &s->at->carried);
	was = s->at->carried.code;
	is_deferred = outbound_defers(s, RULES_END, &s->at->carried);
	r.rcpt_domain = slice_of(s->at->carried_domain);
	if (is_of_end(&carried, &s->at->carried)) {
		if (sessioncore_reply(
			    s, &r, &reply, s->at->carried_ref, &is_new))
			r.reply = &reply;
		if (s->at->carried_ref[0] != '\0')
			record_case(s->env->cases, &r, is_new);
	}
	if (is_deferred)
		outbound_tell(s, &r, was);
	if (!action_is_refusal(s->at->carried.action))
		stamp(s, mta);
	if (s->at->carried.action == ACTION_QUARANTINE)
		hold(s, mta);
	sessioncore_note(s, &r, true);
	answer = sessioncore_tell(mta, &s->at->carried, r.reply);
	telemetry_message(s->env->telemetry, &s->at->carried);
	return answer;
}
