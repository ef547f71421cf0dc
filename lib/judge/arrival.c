/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/arrival.h"

#include "base/arena.h"
#include "conf/conf.h"
#include "judge/budget.h"
#include "judge/outbound.h"
#include "judge/record.h"
#include "judge/sessioncore.h"
#include "judge/transaction.h"
#include "policy/rules.h"

#include <stdio.h>
#include <string.h>

/* Keeps what the end of the message has to know of this recipient. */
static void carry(struct session *s, const struct verdict *v, const char *ref)
{
	const struct finding *f = v->cause;
	struct finding *to = &s->at->carried_cause;
	struct verdict before = s->at->carried;

	s->at->spared += v->is_exempt || v->is_trusted;
	rules_carry(&s->at->carried, v);
	if (before.action != ACTION_NONE &&
		s->at->carried.action == before.action &&
		s->at->carried.would_be == before.would_be) {
		s->at->carried.cause = before.cause;
		return;
	}
	snprintf(s->at->carried_ref, sizeof(s->at->carried_ref), "%s", ref);
	memcpy(s->at->carried_domain, s->at->envelope.rcpt_domain,
		sizeof(s->at->carried_domain));
	s->at->carried.cause = NULL;
	if (f == NULL)
		return;
	*to = *f;
	if (arena_copy(s->at->arena, f->subject, &to->subject) != RES_OK ||
		arena_copy(s->at->arena, f->evidence, &to->evidence) !=
			RES_OK) {
		to->subject = slice_of("");
		to->evidence = slice_of("");
	}
	s->at->carried.cause = to;
}

enum answer arrival_judge(
	struct session *s, const struct mta *mta, struct verdict *v)
{
	const struct conf_domain *domain = conf_domain_find(
		s->conf, slice_of(s->at->envelope.rcpt_domain));
	struct ruling_advisory advisory;
	const struct rules_input in = { .conf = s->conf,
		.domain = domain,
		.advisory = &advisory,
		.envelope = &s->at->envelope,
		.findings = &s->at->findings,
		.stage = RULES_RCPT };
	struct record r = { .stage = "rcpt",
		.scope = { s->conf, domain, &advisory },
		.conn = &s->conn,
		.envelope = &s->at->envelope,
		.verdict = v,
		.findings = &s->at->findings,
		.ref = "" };
	struct verdict alone;
	struct reply reply;
	char ref[CASE_REF_MAX];
	bool is_new, is_deferred = false;
	enum answer answer;

	budget_read(s->env->budget, &advisory);
	sessioncore_gather(s);
	rules_decide(&in, v);
	alone = *v;
	if (!rules_mix(&s->at->carried, &alone, v))
		is_deferred = outbound_defers(s, RULES_RCPT, v);
	r.rcpt_domain = slice_of(s->at->envelope.rcpt_domain);
	if (sessioncore_reply(s, &r, &reply, ref, &is_new))
		r.reply = &reply;
	if (ref[0] != '\0')
		record_case(s->env->cases, &r, is_new);
	if (is_deferred)
		outbound_tell(s, &r, alone.code);
	sessioncore_note(s, &r, action_is_refusal(v->action));
	if (s->at->envelope.rcpt_accepted == 0)
		s->at->domain = domain;
	answer = sessioncore_tell(mta, v, r.reply);
	if (answer == ANSWER_CONTINUE)
		carry(s, v, ref);
	return answer;
}
