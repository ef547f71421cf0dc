/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/sessioncore.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "judge/mta.h"
#include "judge/record.h"
#include "judge/transaction.h"

struct check_input sessioncore_input(struct session *s, enum stage stage)
{
	struct transaction *t = s->at;
	struct check_input in = {
		.conf = s->conf,
		.conn = &s->conn,
		.dns = s->dns,
		.arena = s->lookup,
		.wall_s = clock_wall_ms(s->env->clock) / 1000,
		/* A body that is not shown has not been seen. */
		.body_ended =
			stage == STAGE_END && (s->may & SESSION_NO_BODY) == 0,
	};

	if (t == NULL)
		return in;
	in.envelope = &t->envelope;
	in.auth = &t->auth;
	in.body = &t->body;
	if (t->is_header_over)
		in.message = &t->fields.message;
	/* What the end finds must last until the header is stamped. */
	if (stage == STAGE_END)
		in.arena = t->arena;
	return in;
}

void sessioncore_run(struct session *s, enum stage stage, struct findings *out)
{
	const struct check_input in = sessioncore_input(s, stage);

	arena_reset(s->lookup);
	findings_clear(out);
	pipeline_run(s->env->pipeline, stage, &in, out);
}

bool sessioncore_has_auth(const struct session *s)
{
	return s->conf->auth.enabled && (s->may & SESSION_NO_BODY) == 0;
}

bool sessioncore_has_checks(const struct session *s)
{
	return sessioncore_has_auth(s) ||
		pipeline_has_heuristics(s->env->pipeline);
}

const char *sessioncore_why_not(const struct session *s)
{
	if (s->conn.kind == CONN_LOCAL)
		return "local";
	if (s->conn.is_trusted)
		return "trusted";
	if (!slice_is_empty(s->at->envelope.auth_type))
		return "authenticated";
	return NULL;
}

/* A fact that is not there is our failure, not the client's. */
void sessioncore_gather(struct session *s)
{
	findings_clear(&s->at->findings);
	if (s->conn.kind == CONN_REMOTE && !s->at->broken) {
		sessioncore_run(s, STAGE_RCPT, &s->at->findings);
		return;
	}
	findings_add(&s->at->findings, "session")->detail = "internal";
}

bool sessioncore_reply(struct session *s, struct record *r, struct reply *reply,
	char ref[CASE_REF_MAX], bool *is_new)
{
	struct reply_fields fields = {
		.ip = s->conn.kind == CONN_REMOTE ? &s->conn.ip : NULL,
		.domain = r->verdict->domain,
		.portal_url = slice_of(s->conf->portal_url),
		.now_s = clock_wall_ms(s->env->clock) / 1000,
	};

	if (r->verdict->cause != NULL) {
		fields.limit = r->verdict->cause->subject;
		fields.until_s = r->verdict->cause->until_s;
	}
	record_refer(s->env->cases, r, ref, is_new);
	r->ref = ref;
	if (!action_is_refusal(r->verdict->would_be) || ref[0] == '\0')
		return false;
	fields.ref = slice_of(ref);
	return reply_make(reply, r->verdict->code, &fields) == RES_OK;
}

enum answer sessioncore_tell(const struct mta *mta, const struct verdict *v,
	const struct reply *reply)
{
	if (!action_is_refusal(v->action))
		return ANSWER_CONTINUE;
	if (reply != NULL && !mta->reply(mta->at, reply))
		log_message(LOG_LEVEL_ERROR, "reply",
			"the MTA library did not take \"%s\"", reply->text);
	return v->action == ACTION_REJECT ? ANSWER_REJECT : ANSWER_TEMPFAIL;
}

/* The log tells of mail, not of what might be. */
void sessioncore_note(
	const struct session *s, const struct record *r, bool is_told)
{
	const struct session_watch *w = s->env->watch;

	for (; w != NULL && r->verdict != NULL; w = w->next)
		w->judged(w->at, r);
	if (is_told && !s->env->is_trial)
		record_log(r);
}
