/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/outbound.h"

#include "base/arena.h"
#include "base/log.h"
#include "conf/conf.h"
#include "heur/rate.h"
#include "judge/record.h"
#include "judge/sessioncore.h"
#include "judge/telemetry.h"
#include "judge/transaction.h"
#include "list/paused.h"

#include <string.h>

/* ---- the store, as functions ---- */

static enum result name(void *at, struct slice user, struct slice other,
	struct correspond_name *out)
{
	return correspond_name(at, user, other, out);
}

static void wrote(void *at, const struct conf *conf,
	const struct correspond_name *names, size_t count)
{
	correspond_wrote(at, conf, names, count);
}

static enum result find(void *at, const struct conf *conf,
	const struct correspond_name *names, size_t count, bool *found)
{
	return correspond_find(at, conf, names, count, found);
}

static bool tell(void *at, const struct ipaddr *client, const char *ref)
{
	return correspond_tell(at, client, ref);
}

struct correspondents outbound_correspondents(struct correspond *c)
{
	return (struct correspondents){ name, wrote, find, tell, c };
}

/* ---- names ---- */

static const struct correspondents *correspondents_of(const struct session *s)
{
	return s->conf->correspondents.enabled ? s->env->correspondents : NULL;
}

static bool is_local(const struct conf *conf, const char *domain)
{
	for (size_t i = 0; i < conf->portal.local_domain_count; i++)
		if (strcmp(conf->portal.local_domains[i], domain) == 0)
			return true;
	return false;
}

/* Room for one more. NULL: there is none, which forgets somebody and refuses
 * nobody. */
static struct correspond_name *make_room(struct transaction *t)
{
	if (t->names == NULL)
		t->names = arena_alloc(
			t->arena, CORRESPOND_NAMES_MAX * sizeof(*t->names));
	if (t->names == NULL || t->name_count == CORRESPOND_NAMES_MAX)
		return NULL;
	return &t->names[t->name_count];
}

static void keep(struct session *s, struct slice user, struct slice other)
{
	const struct correspondents *c = correspondents_of(s);
	struct correspond_name *room;

	if (c == NULL || s->at->envelope.sender.is_null)
		return;
	room = make_room(s->at);
	if (room != NULL && c->name(c->at, user, other, room) == RES_OK)
		s->at->name_count++;
}

void outbound_keep(struct session *s)
{
	const struct envelope *e = &s->at->envelope;

	keep(s, e->rcpt.whole, e->sender.whole);
}

/* ---- verdicts ---- */

/* What the findings come to, in *v, and what is told of it. */
static enum answer judge(struct session *s, const struct mta *mta,
	enum rules_stage stage, struct verdict *v)
{
	struct record r = { .stage = stage == RULES_RCPT ? "rcpt" : "eom",
		.scope = { .conf = s->conf },
		.conn = &s->conn,
		.envelope = &s->at->envelope,
		.verdict = v,
		.findings = &s->at->findings,
		.rcpt_domain = slice_of(s->at->envelope.rcpt_domain),
		.ref = "" };
	struct reply reply;
	char ref[CASE_REF_MAX];
	bool is_new;

	if (sessioncore_reply(s, &r, &reply, ref, &is_new))
		r.reply = &reply;
	if (ref[0] != '\0')
		record_case(s->env->cases, &r, is_new);
	sessioncore_note(s, &r, true);
	return sessioncore_tell(mta, v, r.reply);
}

static void decide(
	const struct session *s, enum rules_stage stage, struct verdict *v)
{
	const struct rules_input in = { .conf = s->conf,
		.envelope = &s->at->envelope,
		.findings = &s->at->findings,
		.stage = stage };

	rules_decide(&in, v);
}

/* ---- an account that is paused ---- */

/* True: it is, and *v says what would become of that, and what does. */
static bool is_paused(struct session *s, const struct mta *mta,
	struct verdict *v, enum answer *answer)
{
	struct check_input in = sessioncore_input(s, STAGE_RCPT);

	*answer = ANSWER_CONTINUE;
	in.service = s->env->pipeline->service[SERVICE_PAUSED];
	if (in.service == NULL || s->at->broken)
		return false;
	arena_reset(s->lookup);
	findings_clear(&s->at->findings);
	paused_run(&in, &s->at->findings);
	if (s->at->findings.count == 0)
		return false;
	decide(s, RULES_RCPT, v);
	if (!action_is_refusal(v->would_be))
		return false;
	telemetry_paused(s->env->telemetry, v);
	*answer = judge(s, mta, RULES_RCPT, v);
	return true;
}

/* ---- limits of a user ---- */

static bool is_user(const struct session *s)
{
	return strcmp(sessioncore_why_not(s), "authenticated") == 0;
}

/* True: the limit is used up, the rest is in *v and *answer. */
static bool is_limited(struct session *s, const struct mta *mta,
	enum rules_stage stage, struct verdict *v, enum answer *answer)
{
	struct check_input in;

	*answer = ANSWER_CONTINUE;
	if (!is_user(s) || s->at->broken)
		return false;
	in = sessioncore_input(s, stage == RULES_RCPT ? STAGE_RCPT : STAGE_END);
	in.service = s->env->pipeline->service[SERVICE_LEDGER];
	if (in.service == NULL)
		return false;
	arena_reset(s->lookup);
	findings_clear(&s->at->findings);
	if (stage == RULES_RCPT)
		rate_user_rcpt(&in, &s->at->findings);
	else
		rate_user_end(&in, &s->at->findings);
	decide(s, stage, v);
	if (!action_is_refusal(v->action))
		return false;
	*answer = judge(s, mta, stage, v);
	return true;
}

enum answer outbound_rcpt(struct session *s, const struct mta *mta,
	struct verdict *v, bool *judged)
{
	const struct envelope *e = &s->at->envelope;
	struct verdict limit;
	enum answer answer;

	*judged = is_paused(s, mta, v, &answer);
	if (answer == ANSWER_CONTINUE &&
		is_limited(s, mta, RULES_RCPT, &limit, &answer)) {
		*v = limit;
		*judged = true;
	}
	if (answer == ANSWER_CONTINUE && !is_local(s->conf, e->rcpt_domain))
		keep(s, e->sender.whole, e->rcpt.whole);
	return answer;
}

enum answer outbound_end(struct session *s, const struct mta *mta)
{
	const struct correspondents *c = correspondents_of(s);
	struct verdict v;
	enum answer answer;

	if (is_limited(s, mta, RULES_END, &v, &answer)) {
		telemetry_message(s->env->telemetry, &v);
		return answer;
	}
	if (c != NULL && s->at->name_count > 0)
		c->wrote(c->at, s->conf, s->at->names, s->at->name_count);
	return answer;
}

/* ---- those who were written to ---- */

/* A person's rule for one check is meant as it stands. */
static bool may_defer(const struct session *s, const struct verdict *v)
{
	return v->action == ACTION_REJECT && !v->is_of_rule &&
		!s->at->envelope.sender.is_null && correspondents_of(s) != NULL;
}

static bool is_known(const struct session *s, enum rules_stage stage)
{
	const struct correspondents *c = correspondents_of(s);
	const struct envelope *e = &s->at->envelope;
	const struct correspond_name *names = s->at->names;
	size_t count = s->at->name_count;
	struct correspond_name one;
	enum result res = RES_OK;
	bool found = false;

	if (stage == RULES_RCPT) {
		res = c->name(c->at, e->rcpt.whole, e->sender.whole, &one);
		if (res != RES_OK)
			return false;
		names = &one;
		count = 1;
	}
	if (count == 0)
		return false;
	res = c->find(c->at, s->conf, names, count, &found);
	telemetry_correspondent(s->env->telemetry, res, found);
	return res == RES_OK && found;
}

bool outbound_defers(
	struct session *s, enum rules_stage stage, struct verdict *v)
{
	if (!may_defer(s, v) || !is_known(s, stage))
		return false;
	rules_defer(stage, v);
	return true;
}

static void put(struct logline *l, const char *key, struct slice value)
{
	if (!slice_is_empty(value))
		log_slice(l, key, value);
}

void outbound_tell(
	const struct session *s, const struct record *r, enum code was)
{
	const struct correspondents *c = correspondents_of(s);
	const struct finding *f = r->verdict->cause;
	bool has_letter =
		r->ref[0] != '\0' && c->tell(c->at, &s->conn.ip, r->ref);
	struct logline l;

	log_start(&l, LOG_LEVEL_NOTICE, "correspondent");
	put(&l, "session", slice_of(s->conn.id));
	put(&l, "ip", slice_of(s->conn.ip_text));
	put(&l, "from_domain", s->at->envelope.sender.domain);
	put(&l, "rcpt", r->rcpt_domain);
	put(&l, "code", slice_of(code_row(was)->name));
	put(&l, "ref", slice_of(r->ref));
	if (f != NULL) {
		put(&l, "check", slice_of(f->check));
		put(&l, "reason", f->evidence);
	}
	put(&l, "letter", slice_of(has_letter ? "yes" : "no"));
	log_send(&l);
}
