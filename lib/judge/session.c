/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/session.h"

#include "auth/arcseal.h"
#include "auth/authres.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "conf/conf.h"
#include "dns/asker.h"
#include "fact/check.h"
#include "geo/geoip.h"
#include "judge/fields.h"
#include "judge/marks.h"
#include "judge/mta.h"
#include "judge/pipeline.h"
#include "judge/proof.h"
#include "judge/record.h"
#include "judge/stamps.h"
#include "judge/telemetry.h"
#include "judge/transaction.h"
#include "policy/rules.h"
#include "reply/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { NAME_HOST, NAME_PTR, NAME_RESOLVE, NAME_DAEMON, NAME_HELO, NAME_COUNT };

/* An idle one must be small: thousands may be held open. */
struct session {
	const struct session_env *env;
	struct conf *conf;
	unsigned may;
	struct conn conn;
	char *name[NAME_COUNT]; /* the texts of conn */
	struct arena *lookup; /* emptied before each look-up */
	struct asker *dns; /* NULL: nothing was to be asked yet */
	struct progress progress;
	struct transaction *at; /* NULL: there is none */
};

/* ---- facts ---- */

static struct slice keep_name(struct session *s, int which, struct slice text)
{
	size_t len = text.len < SESSION_NAME_MAX ? text.len : SESSION_NAME_MAX;

	free(s->name[which]);
	s->name[which] = len == 0 ? NULL : malloc(len);
	/* Without memory it is as if the MTA had not told. */
	if (s->name[which] == NULL)
		return slice_of("");
	memcpy(s->name[which], text.at, len);
	return slice_make(s->name[which], len);
}

static void start_conn(struct session *s)
{
	s->conn = (struct conn){
		.kind = CONN_UNKNOWN,
		.start_ms = clock_mono_ms(s->env->clock),
	};
	snprintf(s->conn.id, sizeof(s->conn.id), "%016llx",
		(unsigned long long)random_u64());
}

/* Makes a transaction when there is none. False: no memory. */
static bool begin(struct session *s)
{
	if (s->at != NULL)
		return true;
	s->at = transaction_new(s->conf->milter.message_memory);
	if (s->at != NULL && s->dns != NULL)
		asker_mark(s->dns);
	return s->at != NULL;
}

static void end(struct session *s)
{
	if (s->at == NULL)
		return;
	pipeline_end_message(s->env->pipeline, &s->progress);
	if (s->dns != NULL)
		asker_release(s->dns);
	transaction_free(s->at);
	s->at = NULL;
}

struct session *session_new(const struct session_env *env, struct conf *conf)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->env = env;
	s->lookup = arena_new(conf->milter.connection_memory);
	if (s->lookup == NULL) {
		free(s);
		return NULL;
	}
	s->conf = conf_hold(conf);
	start_conn(s);
	telemetry_session(env->telemetry, 1);
	return s;
}

static void end_conn(struct session *s)
{
	end(s);
	pipeline_end_connection(s->env->pipeline, &s->progress);
	asker_free(s->dns);
	s->dns = NULL;
	for (int i = 0; i < NAME_COUNT; i++) {
		free(s->name[i]);
		s->name[i] = NULL;
	}
}

void session_free(struct session *s)
{
	if (s == NULL)
		return;
	session_abort(s);
	end_conn(s);
	telemetry_session(s->env->telemetry, -1);
	arena_free(s->lookup);
	conf_release(s->conf);
	free(s);
}

void session_allow(struct session *s, unsigned may)
{
	s->may = may;
}

bool session_wants_body(const struct session *s)
{
	return s->conf->auth.enabled;
}

static void read_address(struct session *s, const struct sockaddr *sa)
{
	struct conn *c = &s->conn;
	enum result res = ipaddr_from_sockaddr(&c->ip, &c->port, sa);

	if (res == RES_MISSING || (sa != NULL && sa->sa_family == AF_UNIX)) {
		c->kind = CONN_LOCAL;
		return;
	}
	if (res != RES_OK)
		return;
	ipaddr_format(&c->ip, c->ip_text);
	/* Port 0 is Postfix's mark of a local submission. */
	c->kind = c->port == 0 ? CONN_LOCAL : CONN_REMOTE;
	c->is_trusted = !s->env->is_without_trust &&
		cidrset_match(s->conf->milter.trusted.set, &c->ip);
}

static struct check_input input_of(struct session *s, enum stage stage)
{
	struct transaction *t = s->at;
	struct check_input in = {
		.conf = s->conf,
		.conn = &s->conn,
		.dns = s->dns,
		.arena = s->lookup,
		.wall_s = clock_wall_ms(s->env->clock) / 1000,
		.body_ended = stage == STAGE_END,
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

static void run_stage(struct session *s, enum stage stage, struct findings *out)
{
	const struct check_input in = input_of(s, stage);

	arena_reset(s->lookup);
	findings_clear(out);
	pipeline_run(s->env->pipeline, stage, &in, out);
}

static bool has_auth(const struct session *s)
{
	return session_wants_body(s) && (s->may & SESSION_NO_BODY) == 0;
}

/* Whoever can not be asked for has questions that all fail. */
static void start_questions(struct session *s)
{
	const struct asker_limits limits = {
		.questions_max = s->conf->dns.questions_max,
		.timeout_ms = s->conf->dns.timeout_ms,
	};

	if (has_auth(s))
		s->dns = asker_new(s->env->dns, &limits, s->env->clock);
}

static void advance(struct session *s, enum stage stage)
{
	const struct check_input in = input_of(s, stage);

	arena_reset(s->lookup);
	if (s->dns != NULL)
		pipeline_advance(s->env->pipeline, &s->progress, stage, &in);
}

void session_connect(struct session *s, const struct session_peer *peer)
{
	struct findings warm;

	end_conn(s);
	start_conn(s);
	s->conn.hostname = keep_name(s, NAME_HOST, peer->hostname);
	s->conn.ptr = keep_name(s, NAME_PTR, peer->ptr);
	s->conn.resolve = keep_name(s, NAME_RESOLVE, peer->resolve);
	s->conn.daemon = keep_name(s, NAME_DAEMON, peer->daemon);
	read_address(s, peer->sa);
	geoip_conn(s->env->pipeline->service[SERVICE_GEO], &s->conn);
	telemetry_connection(s->env->telemetry);
	if (s->conn.kind != CONN_REMOTE || s->conn.is_trusted)
		return;
	run_stage(s, STAGE_CONNECT, &warm);
	start_questions(s);
	advance(s, STAGE_CONNECT);
}

/* RFC 5321 s4.1.4: it ends a transaction, whose facts point to the name. */
void session_helo(struct session *s, struct slice name)
{
	session_abort(s);
	s->conn.helo = keep_name(s, NAME_HELO, name);
}

/* Why this transaction is not judged, or NULL when it is. */
static const char *why_not(const struct session *s)
{
	if (s->conn.kind == CONN_LOCAL)
		return "local";
	if (s->conn.is_trusted)
		return "trusted";
	if (!slice_is_empty(s->at->envelope.auth_type))
		return "authenticated";
	return NULL;
}

void session_mail(struct session *s, struct slice sender,
	struct slice auth_type, struct slice auth_name)
{
	struct envelope *e;
	struct slice kept;

	session_abort(s);
	if (!begin(s))
		return;
	e = &s->at->envelope;
	if (arena_copy(s->at->arena, sender, &kept) != RES_OK ||
		arena_copy(s->at->arena, auth_type, &e->auth_type) != RES_OK ||
		arena_copy(s->at->arena, auth_name, &e->auth_name) != RES_OK) {
		s->at->broken = true;
		return;
	}
	transaction_sender(s->at, kept);
	if (why_not(s) != NULL)
		return;
	s->at->broken = s->dns == NULL && has_auth(s); /* no memory */
	advance(s, STAGE_MAIL);
}

/* ---- verdicts ---- */

static void read_queue_id(struct session *s, const struct mta *mta)
{
	struct slice id = mta->macro(mta->at, "i");

	/* Without memory the log lacks it, which is no reason to refuse. */
	if (slice_is_empty(s->at->envelope.queue_id) &&
		arena_copy(s->at->arena, id, &s->at->envelope.queue_id) !=
			RES_OK)
		s->at->envelope.queue_id = slice_of("");
}

/* A fact that is not there is our failure, not the client's. */
static void gather(struct session *s)
{
	findings_clear(&s->at->findings);
	if (s->conn.kind == CONN_REMOTE && !s->at->broken) {
		run_stage(s, STAGE_RCPT, &s->at->findings);
		return;
	}
	findings_add(&s->at->findings, "session")->detail = "internal";
}

/* Keeps what the end of the message has to know of this recipient. */
static void carry(struct session *s, const struct verdict *v, const char *ref)
{
	const struct finding *f = v->cause;
	struct finding *to = &s->at->carried_cause;
	struct verdict before = s->at->carried;

	s->at->spared += v->is_exempt || v->is_trusted;
	s->at->monitored += strcmp(v->mode, "monitor") == 0;
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

/* The case and the reply of one verdict. False: no reply could be made. */
static bool make_reply(struct session *s, struct record *r, struct reply *reply,
	char ref[CASE_REF_MAX], bool *is_new)
{
	struct reply_fields fields = {
		.ip = s->conn.kind == CONN_REMOTE ? &s->conn.ip : NULL,
		.domain = r->verdict->domain,
		.portal_url = slice_of(s->conf->portal_url),
	};

	record_refer(s->env->cases, r, ref, is_new);
	r->ref = ref;
	if (!action_is_refusal(r->verdict->would_be) || ref[0] == '\0')
		return false;
	fields.ref = slice_of(ref);
	return reply_make(reply, r->verdict->code, &fields) == RES_OK;
}

static enum answer tell(const struct mta *mta, const struct verdict *v,
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
static void note(const struct session *s, const struct record *r, bool is_told)
{
	const struct session_watch *w = s->env->watch;

	for (; w != NULL && r->verdict != NULL; w = w->next)
		w->judged(w->at, r);
	if (is_told && !s->env->is_trial)
		record_log(r);
}

static enum answer judge_rcpt(
	struct session *s, const struct mta *mta, struct verdict *v)
{
	const struct rules_input in = { .conf = s->conf,
		.envelope = &s->at->envelope,
		.findings = &s->at->findings,
		.stage = RULES_RCPT };
	struct record r = { .stage = "rcpt",
		.conf = s->conf,
		.conn = &s->conn,
		.envelope = &s->at->envelope,
		.verdict = v,
		.findings = &s->at->findings,
		.ref = "" };
	struct verdict alone;
	struct reply reply;
	char ref[CASE_REF_MAX];
	bool is_new;
	enum answer answer;

	gather(s);
	rules_decide(&in, v);
	alone = *v;
	rules_mix(&s->at->carried, &alone, v);
	r.rcpt_domain = slice_of(s->at->envelope.rcpt_domain);
	if (make_reply(s, &r, &reply, ref, &is_new))
		r.reply = &reply;
	if (ref[0] != '\0')
		record_case(s->env->cases, &r, is_new);
	note(s, &r, action_is_refusal(v->action));
	answer = tell(mta, v, r.reply);
	if (answer == ANSWER_CONTINUE)
		carry(s, v, ref);
	return answer;
}

/* Not even room for a verdict: the policy for our own failures, no text. */
static enum answer without_memory(const struct session *s)
{
	bool defers = s->conf->mode == CONF_ENFORCE &&
		s->conf->milter.on_internal_error == CONF_FAILURE_TEMPFAIL;

	return defers ? ANSWER_TEMPFAIL : ANSWER_CONTINUE;
}

enum answer session_rcpt(
	struct session *s, struct slice rcpt, const struct mta *mta)
{
	int64_t start_ms = clock_mono_ms(s->env->clock);
	enum answer answer = ANSWER_CONTINUE;
	struct verdict v;
	bool judged;

	if (!begin(s))
		return without_memory(s);
	transaction_rcpt(s->at, rcpt);
	read_queue_id(s, mta);
	judged = why_not(s) == NULL;
	if (judged) {
		answer = judge_rcpt(s, mta, &v);
		if (answer == ANSWER_CONTINUE)
			transaction_take_token(s->at);
		advance(s, STAGE_RCPT);
	}
	telemetry_recipient(s->env->telemetry, judged ? &v : NULL,
		clock_mono_ms(s->env->clock) - start_ms);
	if (answer == ANSWER_CONTINUE)
		s->at->envelope.rcpt_accepted++;
	else
		s->at->envelope.rcpt_refused++;
	/* The argument is libmilter's and gone after this event. */
	s->at->envelope.rcpt = (struct address){ .is_null = false };
	return answer;
}

/*
 * Those who are judged have their fields kept for the checks: in an arena of
 * their own, or a long header would leave no room for what is found in it.
 */
static void start_fields(struct session *s)
{
	if (s->dns == NULL || why_not(s) != NULL)
		return;
	if (s->at->header == NULL)
		s->at->header = arena_new(s->conf->milter.message_memory);
	fields_start(&s->at->fields, s->at->header, s->conf->milter.fields_max);
	s->at->fields.message.is_header_partial = s->at->header == NULL;
}

static void note_own(struct session *s)
{
	struct message *m = &s->at->fields.message;

	if (m->own_header_count < s->conf->milter.headers_max)
		m->own_header_count++;
	else
		s->at->broken = true;
}

void session_header(struct session *s, struct slice name, struct slice value)
{
	if (!begin(s))
		return;
	if (s->at->fields.message.header_count == 0)
		start_fields(s);
	fields_add(&s->at->fields, name, value,
		(s->may & SESSION_KEEPS_BLANK) == 0);
	if (stamp_is_ours(name))
		note_own(s);
	if (!s->conf->auth.enabled ||
		!slice_is_equal_nocase(name, slice_of(authres_name)))
		return;
	fields_note_results(&s->at->fields,
		authres_claims(value, stamps_authserv_id(s->conf)),
		s->conf->milter.headers_max);
	if (s->at->fields.forged.is_partial)
		s->at->broken = true;
}

void session_end_of_header(struct session *s)
{
	if (!begin(s) || s->at->is_header_over)
		return;
	s->at->is_header_over = true;
	if (why_not(s) != NULL)
		return;
	advance(s, STAGE_EOH);
	if (s->env->seal != NULL && s->dns != NULL)
		s->at->sealed = arcseal_body_new();
}

bool session_body(struct session *s, struct slice piece)
{
	struct check_input in;
	bool wanted;

	session_end_of_header(s);
	in = input_of(s, STAGE_EOH);
	if (s->at == NULL || s->dns == NULL || why_not(s) != NULL)
		return false;
	wanted = pipeline_body(s->env->pipeline, &s->progress, &in, piece);
	if (s->at->sealed != NULL)
		arcseal_body_add(s->at->sealed, piece);
	return wanted || s->at->sealed != NULL;
}

/* ---- end of message ---- */

static struct marks marks_of(const struct session *s, const struct mta *mta)
{
	return (struct marks){
		.mta = mta,
		.session = s->conn.id,
		.may_insert = (s->may & SESSION_MAY_INSERT) != 0,
		.may_delete = (s->may & SESSION_MAY_DELETE) != 0,
	};
}

static void stamp(struct session *s, const struct mta *mta)
{
	const struct marks m = marks_of(s, mta);
	const struct stamps in = { .conf = s->conf,
		.conn = &s->conn,
		.envelope = &s->at->envelope,
		.fields = &s->at->fields,
		.auth = &s->at->auth,
		.verdict = &s->at->carried,
		.ref = slice_of(s->at->carried_ref),
		.seal = s->env->seal,
		.sealed = s->at->sealed,
		.arena = s->at->arena,
		.wall_s = clock_wall_ms(s->env->clock) / 1000 };

	stamps_add(&in, &m);
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
	const struct check_input in = input_of(s, STAGE_END);
	int64_t start_ms = clock_mono_ms(s->env->clock);

	if (s->dns == NULL)
		return;
	pipeline_await(s->env->pipeline, &s->progress, STAGE_END, &in,
		&s->at->findings, start_ms + (int64_t)s->conf->dns.end_ms);
	telemetry_auth(s->env->telemetry, &s->at->auth,
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

static enum answer judge_end(struct session *s, const struct mta *mta)
{
	const struct verdict carried = s->at->carried;
	const struct rules_input in = { .conf = s->conf,
		.envelope = &s->at->envelope,
		.findings = &s->at->findings,
		.auth = &s->at->auth,
		.carried = &carried,
		.stage = RULES_END,
		.all_spared = s->at->spared > 0 &&
			s->at->spared == s->at->envelope.rcpt_accepted,
		.all_monitored = s->at->monitored > 0 &&
			s->at->monitored == s->at->envelope.rcpt_accepted };
	struct record r = { .stage = "eom",
		.conf = s->conf,
		.conn = &s->conn,
		.envelope = &s->at->envelope,
		.verdict = &s->at->carried,
		.findings = &s->at->findings,
		.auth = &s->at->auth,
		.ref = s->at->carried_ref };
	struct reply reply;
	enum answer answer;
	bool is_new;

	show_proof(s);
	if (s->at->broken || s->conn.kind != CONN_REMOTE) {
		gather(s);
	} else {
		run_stage(s, STAGE_END, &s->at->findings);
		await(s);
	}
	rules_decide(&in, &s->at->carried);
	r.rcpt_domain = slice_of(s->at->carried_domain);
	if (is_of_end(&carried, &s->at->carried)) {
		if (make_reply(s, &r, &reply, s->at->carried_ref, &is_new))
			r.reply = &reply;
		if (s->at->carried_ref[0] != '\0')
			record_case(s->env->cases, &r, is_new);
	}
	if (!action_is_refusal(s->at->carried.action))
		stamp(s, mta);
	if (s->at->carried.action == ACTION_QUARANTINE)
		hold(s, mta);
	note(s, &r, true);
	answer = tell(mta, &s->at->carried, r.reply);
	telemetry_message(s->env->telemetry, &s->at->carried);
	return answer;
}

enum answer session_end(struct session *s, const struct mta *mta)
{
	const char *why;
	enum answer answer = ANSWER_CONTINUE;

	session_end_of_header(s);
	if (s->at == NULL)
		return without_memory(s);
	why = why_not(s);
	read_queue_id(s, mta);
	if (why == NULL) {
		answer = judge_end(s, mta);
	} else {
		const struct record r = { .stage = "eom",
			.conn = &s->conn,
			.envelope = &s->at->envelope,
			.ref = "",
			.why = why };
		const struct marks m = marks_of(s, mta);

		if (s->conn.kind == CONN_REMOTE && !s->conn.is_trusted)
			marks_remove_results(&m, &s->at->fields);
		note(s, &r, true);
		telemetry_message(s->env->telemetry, NULL);
	}
	end(s);
	return answer;
}

void session_abort(struct session *s)
{
	/* What monitor or shadow let pass must not go uncounted only because
	 * the client left before its message. */
	if (s->at != NULL && action_is_refusal(s->at->carried.would_be)) {
		const struct record r = { .stage = "abort",
			.conn = &s->conn,
			.envelope = &s->at->envelope,
			.verdict = &s->at->carried,
			.rcpt_domain = slice_of(s->at->carried_domain),
			.ref = s->at->carried_ref };

		if (!s->env->is_trial)
			record_log(&r);
	}
	end(s);
}
