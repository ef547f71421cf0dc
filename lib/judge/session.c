/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/session.h"

#include "auth/arcseal.h"
#include "auth/authres.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/random.h"
#include "conf/conf.h"
#include "dns/asker.h"
#include "geo/geoip.h"
#include "judge/arrival.h"
#include "judge/ending.h"
#include "judge/fields.h"
#include "judge/mta.h"
#include "judge/outbound.h"
#include "judge/record.h"
#include "judge/sessioncore.h"
#include "judge/stamps.h"
#include "judge/telemetry.h"
#include "judge/tracing.h"
#include "judge/transaction.h"
#include "reply/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

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
	return s->conf->auth.enabled || pipeline_has_body(s->env->pipeline);
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

/* Whoever can not be asked for has questions that all fail. */
static void start_questions(struct session *s)
{
	const struct asker_limits limits = {
		.questions_max = s->conf->dns.questions_max,
		.timeout_ms = s->conf->dns.timeout_ms,
	};

	s->progress.without_auth = !sessioncore_has_auth(s);
	if (sessioncore_has_checks(s))
		s->dns = asker_new(s->env->dns, &limits, s->env->clock);
}

static void advance(struct session *s, enum stage stage)
{
	const struct check_input in = sessioncore_input(s, stage);

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
	telemetry_connection(s->env->telemetry);
	if (s->conn.kind != CONN_REMOTE || s->conn.is_trusted)
		return;
	geoip_conn(s->env->pipeline->service[SERVICE_GEO], &s->conn);
	sessioncore_run(s, STAGE_CONNECT, &warm);
	start_questions(s);
	advance(s, STAGE_CONNECT);
}

/* RFC 5321 s4.1.4: it ends a transaction, whose facts point to the name. */
void session_helo(struct session *s, struct slice name)
{
	session_abort(s);
	s->conn.helo = keep_name(s, NAME_HELO, name);
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
	if (sessioncore_why_not(s) != NULL)
		return;
	/* no memory */
	s->at->broken = s->dns == NULL && sessioncore_has_checks(s);
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
	judged = sessioncore_why_not(s) == NULL;
	if (judged) {
		answer = arrival_judge(s, mta, &v);
		if (answer == ANSWER_CONTINUE) {
			transaction_take_token(s->at);
			outbound_keep(s);
			advance(s, STAGE_RCPT);
		}
	} else {
		answer = outbound_rcpt(s, mta, &v, &judged);
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
	if (s->dns == NULL || sessioncore_why_not(s) != NULL)
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
	tracing_header(s, name, value);
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
	if (sessioncore_why_not(s) != NULL)
		return;
	advance(s, STAGE_EOH);
	if (s->env->seal != NULL && s->dns != NULL && sessioncore_has_auth(s))
		s->at->sealed = arcseal_body_new();
}

bool session_body(struct session *s, struct slice piece)
{
	struct check_input in;
	bool wanted;

	session_end_of_header(s);
	in = sessioncore_input(s, STAGE_EOH);
	if (s->at == NULL || s->dns == NULL || sessioncore_why_not(s) != NULL)
		return false;
	wanted = pipeline_body(s->env->pipeline, &s->progress, &in, piece);
	if (s->at->sealed != NULL)
		arcseal_body_add(s->at->sealed, piece);
	return wanted || s->at->sealed != NULL;
}

/* A message that is not judged. */
static enum answer leave_alone(
	struct session *s, const struct mta *mta, const char *why)
{
	const struct record r = { .stage = "eom",
		.conn = &s->conn,
		.envelope = &s->at->envelope,
		.ref = "",
		.why = why };
	enum answer answer = outbound_end(s, mta);

	if (answer != ANSWER_CONTINUE)
		return answer;
	if (s->conn.kind == CONN_REMOTE && !s->conn.is_trusted)
		ending_remove_forged(s, mta);
	ending_trace(s, mta);
	sessioncore_note(s, &r, true);
	telemetry_message(s->env->telemetry, NULL);
	return ANSWER_CONTINUE;
}

enum answer session_end(struct session *s, const struct mta *mta)
{
	const char *why;
	enum answer answer = ANSWER_CONTINUE;

	session_end_of_header(s);
	if (s->at == NULL)
		return without_memory(s);
	why = sessioncore_why_not(s);
	read_queue_id(s, mta);
	if (why == NULL) {
		answer = ending_judge(s, mta);
	} else {
		answer = leave_alone(s, mta, why);
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
