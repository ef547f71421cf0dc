/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/session.h"

#include "auth/authres.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "conf/conf.h"
#include "dns/asker.h"
#include "fact/check.h"
#include "judge/mta.h"
#include "judge/pipeline.h"
#include "judge/record.h"
#include "judge/telemetry.h"
#include "net/hostname.h"
#include "policy/rules.h"
#include "reply/stamp.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	NAME_HOST,
	NAME_PTR,
	NAME_RESOLVE,
	NAME_DAEMON,
	NAME_HELO,
	NAME_COUNT,
	STAMP_MAX = 900,
	AUTHRES_MAX = 8192
};

struct session {
	const struct session_env *env;
	struct conf *conf;
	unsigned may;
	struct conn conn;
	char name[NAME_COUNT][SESSION_NAME_MAX];
	struct arena *lookup; /* emptied before each look-up */
	struct asker *dns; /* NULL: nothing was to be asked yet */
	struct progress progress;
	struct arena *transaction; /* emptied after each message */
	/* Of the transaction: */
	bool has_mail;
	bool broken; /* no memory for a fact: an internal error */
	struct envelope envelope;
	struct message message;
	struct auth_facts auth;
	unsigned authres_seen; /* Authentication-Results, ours or not */
	unsigned *forged; /* which of them claim our name, from 1 */
	size_t forged_count;
	unsigned spared; /* of the recipients taken, see rules_input */
	unsigned monitored;
	struct verdict carried; /* what RCPT left for the end */
	struct finding carried_cause;
	char carried_domain[sizeof(((struct envelope *)0)->rcpt_domain)];
	char carried_ref[CASE_REF_MAX];
	/* Of the recipient at hand: */
	struct findings findings;
};

/* ---- facts ---- */

static struct slice keep_name(struct session *s, int which, struct slice text)
{
	size_t len = text.len < SESSION_NAME_MAX ? text.len : SESSION_NAME_MAX;

	if (len > 0)
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

static void start_transaction(struct session *s)
{
	arena_reset(s->transaction);
	s->has_mail = false;
	s->broken = false;
	s->envelope = (struct envelope){ .queue_id = { NULL, 0 } };
	s->message = (struct message){ .header_count = 0 };
	s->auth = (struct auth_facts){ .iprev = { .result = AUTH_UNKNOWN } };
	s->authres_seen = 0;
	s->forged_count = 0;
	pipeline_end_message(s->env->pipeline, &s->progress);
	if (s->dns != NULL)
		asker_release(s->dns);
	s->spared = 0;
	s->monitored = 0;
	s->carried = (struct verdict){ .action = ACTION_NONE };
	s->carried_domain[0] = '\0';
	s->carried_ref[0] = '\0';
	findings_clear(&s->findings);
}

struct session *session_new(const struct session_env *env, struct conf *conf)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->env = env;
	s->lookup = arena_new(conf->milter.connection_memory);
	s->transaction = arena_new(conf->milter.message_memory);
	if (s->lookup == NULL || s->transaction == NULL) {
		arena_free(s->lookup);
		arena_free(s->transaction);
		free(s);
		return NULL;
	}
	s->conf = conf_hold(conf);
	start_conn(s);
	start_transaction(s);
	telemetry_session(env->telemetry, 1);
	return s;
}

void session_free(struct session *s)
{
	if (s == NULL)
		return;
	session_abort(s);
	telemetry_session(s->env->telemetry, -1);
	pipeline_end_connection(s->env->pipeline, &s->progress);
	asker_free(s->dns);
	free(s->forged);
	arena_free(s->lookup);
	arena_free(s->transaction);
	conf_release(s->conf);
	free(s);
}

void session_allow(struct session *s, unsigned may)
{
	s->may = may;
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
	c->is_trusted = cidrset_match(s->conf->milter.trusted, &c->ip);
}

static struct check_input input_of(struct session *s, enum stage stage)
{
	bool has_message = stage != STAGE_CONNECT;

	return (struct check_input){
		.conf = s->conf,
		.conn = &s->conn,
		.envelope = has_message ? &s->envelope : NULL,
		.auth = has_message ? &s->auth : NULL,
		.dns = s->dns,
		.arena = s->lookup,
		.wall_s = clock_wall_ms(s->env->clock) / 1000,
	};
}

static void run_stage(struct session *s, enum stage stage)
{
	const struct check_input in = input_of(s, stage);

	arena_reset(s->lookup);
	findings_clear(&s->findings);
	pipeline_run(s->env->pipeline, stage, &in, &s->findings);
}

/* Whoever can not be asked for has questions that all fail. */
static void start_questions(struct session *s)
{
	const struct asker_limits limits = {
		.questions_max = s->conf->dns.questions_max,
		.timeout_ms = s->conf->dns.timeout_ms,
	};

	if (s->conf->auth.enabled)
		s->dns = asker_new(s->env->dns, &limits, s->env->clock);
}

static void advance(struct session *s, enum stage stage)
{
	const struct check_input in = input_of(s, stage);

	if (s->dns != NULL)
		pipeline_advance(s->env->pipeline, &s->progress, stage, &in);
}

void session_connect(struct session *s, const struct session_peer *peer)
{
	start_conn(s);
	start_transaction(s);
	pipeline_end_connection(s->env->pipeline, &s->progress);
	asker_free(s->dns);
	s->dns = NULL;
	s->conn.hostname = keep_name(s, NAME_HOST, peer->hostname);
	s->conn.ptr = keep_name(s, NAME_PTR, peer->ptr);
	s->conn.resolve = keep_name(s, NAME_RESOLVE, peer->resolve);
	s->conn.daemon = keep_name(s, NAME_DAEMON, peer->daemon);
	read_address(s, peer->sa);
	telemetry_connection(s->env->telemetry);
	if (s->conn.kind != CONN_REMOTE || s->conn.is_trusted)
		return;
	run_stage(s, STAGE_CONNECT);
	start_questions(s);
	advance(s, STAGE_CONNECT);
}

void session_helo(struct session *s, struct slice name)
{
	s->conn.helo = keep_name(s, NAME_HELO, name);
}

/* An address as a fact; nonsense is kept whole, without a domain. */
static void read_path(struct address *out, struct slice text)
{
	if (address_parse(out, text) == RES_OK)
		return;
	*out = (struct address){ .whole = text };
}

void session_mail(struct session *s, struct slice sender,
	struct slice auth_type, struct slice auth_name)
{
	struct envelope *e = &s->envelope;
	struct slice kept;

	session_abort(s);
	s->has_mail = true;
	if (s->dns != NULL)
		asker_mark(s->dns);
	if (arena_copy(s->transaction, sender, &kept) != RES_OK ||
		arena_copy(s->transaction, auth_type, &e->auth_type) !=
			RES_OK ||
		arena_copy(s->transaction, auth_name, &e->auth_name) !=
			RES_OK) {
		s->broken = true;
		return;
	}
	read_path(&e->sender, kept);
}

/* ---- verdicts ---- */

/* Why this transaction is not judged, or NULL when it is. */
static const char *why_not(const struct session *s)
{
	if (s->conn.kind == CONN_LOCAL)
		return "local";
	if (s->conn.is_trusted)
		return "trusted";
	if (!slice_is_empty(s->envelope.auth_type))
		return "authenticated";
	return NULL;
}

static void read_rcpt(struct session *s, struct slice rcpt)
{
	struct envelope *e = &s->envelope;
	size_t len;

	read_path(&e->rcpt, rcpt);
	if (hostname_parse(e->rcpt.domain, e->rcpt_domain, &len) != RES_OK)
		e->rcpt_domain[0] = '\0';
}

static void read_queue_id(struct session *s, const struct mta *mta)
{
	struct slice id = mta->macro(mta->at, "i");

	/* Without memory the log lacks it, which is no reason to refuse. */
	if (slice_is_empty(s->envelope.queue_id) &&
		arena_copy(s->transaction, id, &s->envelope.queue_id) != RES_OK)
		s->envelope.queue_id = slice_of("");
}

/* A fact that is not there is our failure, not the client's. */
static void gather(struct session *s)
{
	findings_clear(&s->findings);
	if (s->conn.kind == CONN_REMOTE && !s->broken) {
		run_stage(s, STAGE_RCPT);
		return;
	}
	findings_add(&s->findings, "session")->detail = "internal";
}

/* Keeps what the end of the message has to know of this recipient. */
static void carry(struct session *s, const struct verdict *v, const char *ref)
{
	const struct finding *f = v->cause;
	struct finding *to = &s->carried_cause;
	struct verdict before = s->carried;

	s->spared += v->is_exempt || v->is_trusted;
	s->monitored += strcmp(v->mode, "monitor") == 0;
	rules_carry(&s->carried, v);
	if (before.action != ACTION_NONE &&
		s->carried.action == before.action &&
		s->carried.would_be == before.would_be) {
		s->carried.cause = before.cause;
		return;
	}
	snprintf(s->carried_ref, sizeof(s->carried_ref), "%s", ref);
	memcpy(s->carried_domain, s->envelope.rcpt_domain,
		sizeof(s->carried_domain));
	s->carried.cause = NULL;
	if (f == NULL)
		return;
	*to = *f;
	if (arena_copy(s->transaction, f->subject, &to->subject) != RES_OK ||
		arena_copy(s->transaction, f->evidence, &to->evidence) !=
			RES_OK) {
		to->subject = slice_of("");
		to->evidence = slice_of("");
	}
	s->carried.cause = to;
}

/* The case and the reply of one verdict. False: no reply could be made. */
static bool make_reply(struct session *s, struct record *r, struct reply *reply,
	char ref[CASE_REF_MAX], bool *is_new)
{
	const struct ipaddr *ip =
		s->conn.kind == CONN_REMOTE ? &s->conn.ip : NULL;

	record_refer(s->env->cases, r, ref, is_new);
	r->ref = ref;
	if (!action_is_refusal(r->verdict->would_be) || ref[0] == '\0')
		return false;
	return reply_make(reply, r->verdict->code, ip,
		       slice_of(s->conf->portal_url), slice_of(ref)) == RES_OK;
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

static enum answer judge_rcpt(
	struct session *s, const struct mta *mta, struct verdict *v)
{
	const struct rules_input in = { .conf = s->conf,
		.envelope = &s->envelope,
		.findings = &s->findings,
		.stage = RULES_RCPT };
	struct record r = { .stage = "rcpt",
		.conn = &s->conn,
		.envelope = &s->envelope,
		.verdict = v,
		.findings = &s->findings,
		.ref = "" };
	struct verdict alone;
	struct reply reply;
	char ref[CASE_REF_MAX];
	bool is_new;
	enum answer answer;

	gather(s);
	rules_decide(&in, v);
	alone = *v;
	rules_mix(&s->carried, &alone, v);
	r.rcpt_domain = slice_of(s->envelope.rcpt_domain);
	if (make_reply(s, &r, &reply, ref, &is_new))
		r.reply = &reply;
	if (ref[0] != '\0')
		record_case(s->env->cases, &r, is_new);
	answer = tell(mta, v, r.reply);
	if (answer != ANSWER_CONTINUE)
		record_log(&r);
	else
		carry(s, v, ref);
	return answer;
}

enum answer session_rcpt(
	struct session *s, struct slice rcpt, const struct mta *mta)
{
	int64_t start_ms = clock_mono_ms(s->env->clock);
	enum answer answer = ANSWER_CONTINUE;
	struct verdict v;
	bool judged;

	s->has_mail = true;
	read_rcpt(s, rcpt);
	read_queue_id(s, mta);
	judged = why_not(s) == NULL;
	if (judged) {
		answer = judge_rcpt(s, mta, &v);
		advance(s, STAGE_RCPT);
	}
	telemetry_recipient(s->env->telemetry, judged ? &v : NULL,
		clock_mono_ms(s->env->clock) - start_ms);
	if (answer == ANSWER_CONTINUE)
		s->envelope.rcpt_accepted++;
	else
		s->envelope.rcpt_refused++;
	/* The argument is libmilter's and gone after this event. */
	s->envelope.rcpt = (struct address){ .is_null = false };
	return answer;
}

/* Keeps which of the fields of that name are forged. */
static void keep_forged(struct session *s)
{
	unsigned *more;

	if (s->forged_count >= s->conf->milter.headers_max) {
		s->broken = true;
		return;
	}
	/* Room for powers of two only, so the count alone says how much. */
	if ((s->forged_count & (s->forged_count - 1)) == 0) {
		size_t room = s->forged_count == 0 ? 1 : s->forged_count * 2;

		more = realloc(s->forged, room * sizeof(*more));
		if (more == NULL) {
			s->broken = true;
			return;
		}
		s->forged = more;
	}
	s->forged[s->forged_count++] = s->authres_seen;
}

static struct slice authserv_id(const struct session *s)
{
	return slice_of(s->conf->auth.authserv_id[0] != '\0'
			? s->conf->auth.authserv_id
			: s->conf->host);
}

void session_header(struct session *s, struct slice name, struct slice value)
{
	if (s->message.header_count < UINT_MAX)
		s->message.header_count++;
	if (s->conf->auth.enabled &&
		slice_is_equal_nocase(name, slice_of(authres_name))) {
		s->authres_seen++;
		if (authres_claims(value, authserv_id(s)))
			keep_forged(s);
		return;
	}
	if (!stamp_is_ours(name))
		return;
	if (s->message.own_header_count < s->conf->milter.headers_max)
		s->message.own_header_count++;
	else
		s->broken = true;
}

/* ---- end of message ---- */

static void complain(struct session *s, const char *name, const char *what)
{
	log_message(LOG_LEVEL_ERROR, "header", "session %s: %s could not be %s",
		s->conn.id, name, what);
}

/*
 * Forged copies of our fields go from the highest index down: Postfix numbers
 * anew after each deletion, Sendmail does not, and this is right in both. Ours
 * come after that, for an insertion would count as number 1.
 */
static void remove_authres(struct session *s, const struct mta *mta)
{
	bool ok = true;

	if ((s->may & SESSION_MAY_DELETE) == 0)
		return;
	for (size_t i = s->forged_count; i > 0; i--)
		ok = mta->delete_header(
			     mta->at, authres_name, (int)s->forged[i - 1]) &&
			ok;
	if (!ok)
		complain(s, authres_name, "removed");
}

static void remove_stamps(struct session *s, const struct mta *mta)
{
	bool ok = true;

	if ((s->may & SESSION_MAY_DELETE) == 0)
		return;
	for (unsigned i = s->message.own_header_count; i > 0; i--)
		ok = mta->delete_header(mta->at, stamp_name, (int)i) && ok;
	if (!ok)
		complain(s, stamp_name, "removed");
}

static void insert(struct session *s, const struct mta *mta, const char *name,
	enum result res, const struct buf *value)
{
	if (res != RES_OK ||
		!mta->insert_header(mta->at, name,
			buf_text(value) + (mta->drops_blank ? 1 : 0)))
		complain(s, name, "added");
}

/* The last one inserted stands on top. */
static void stamp(struct session *s, const struct mta *mta)
{
	const struct stamp_input in = { .verdict = &s->carried,
		.host = slice_of(s->conf->host),
		.ref = slice_of(s->carried_ref),
		.unchecked = s->carried.unchecked };
	const struct authres_input results = { .authserv_id = authserv_id(s),
		.auth = &s->auth,
		.ip = &s->conn.ip };
	struct buf value;

	remove_authres(s, mta);
	remove_stamps(s, mta);
	if ((s->may & SESSION_MAY_INSERT) == 0)
		return;
	buf_init(&value, STAMP_MAX);
	insert(s, mta, stamp_name, stamp_format(&in, &value), &value);
	buf_clear(&value);
	if (!s->conf->auth.enabled)
		return;
	buf_init(&value, AUTHRES_MAX);
	insert(s, mta, authres_name, authres_format(&results, &value), &value);
	buf_clear(&value);
}

static void hold(struct session *s, const struct mta *mta)
{
	char reason[64];

	snprintf(reason, sizeof(reason), "reprieve %s", s->carried_ref);
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
		&s->findings, start_ms + (int64_t)s->conf->dns.end_ms);
	telemetry_auth(s->env->telemetry, &s->auth,
		clock_mono_ms(s->env->clock) - start_ms);
}

static enum answer judge_end(struct session *s, const struct mta *mta)
{
	const struct verdict carried = s->carried;
	const struct rules_input in = { .conf = s->conf,
		.envelope = &s->envelope,
		.findings = &s->findings,
		.carried = &carried,
		.stage = RULES_END,
		.all_spared =
			s->spared > 0 && s->spared == s->envelope.rcpt_accepted,
		.all_monitored = s->monitored > 0 &&
			s->monitored == s->envelope.rcpt_accepted };
	struct record r = { .stage = "eom",
		.conn = &s->conn,
		.envelope = &s->envelope,
		.verdict = &s->carried,
		.findings = &s->findings,
		.auth = &s->auth,
		.ref = s->carried_ref };
	struct reply reply;
	enum answer answer;
	bool is_new;

	if (s->broken || s->conn.kind != CONN_REMOTE) {
		gather(s);
	} else {
		run_stage(s, STAGE_END);
		await(s);
	}
	rules_decide(&in, &s->carried);
	r.rcpt_domain = slice_of(s->carried_domain);
	if (action_is_refusal(s->carried.action)) {
		if (make_reply(s, &r, &reply, s->carried_ref, &is_new))
			r.reply = &reply;
		r.ref = s->carried_ref;
		if (s->carried_ref[0] != '\0')
			record_case(s->env->cases, &r, is_new);
	} else {
		stamp(s, mta);
		if (s->carried.action == ACTION_QUARANTINE)
			hold(s, mta);
	}
	answer = tell(mta, &s->carried, r.reply);
	record_log(&r);
	telemetry_message(s->env->telemetry, &s->carried);
	return answer;
}

enum answer session_end(struct session *s, const struct mta *mta)
{
	const char *why = why_not(s);
	enum answer answer = ANSWER_CONTINUE;

	read_queue_id(s, mta);
	if (why == NULL) {
		answer = judge_end(s, mta);
	} else {
		const struct record r = { .stage = "eom",
			.conn = &s->conn,
			.envelope = &s->envelope,
			.ref = "",
			.why = why };

		if (s->conn.kind == CONN_REMOTE && !s->conn.is_trusted)
			remove_authres(s, mta);
		record_log(&r);
		telemetry_message(s->env->telemetry, NULL);
	}
	start_transaction(s);
	return answer;
}

void session_abort(struct session *s)
{
	/* What monitor or shadow let pass must not go uncounted only because
	 * the client left before its message. */
	if (action_is_refusal(s->carried.would_be)) {
		const struct record r = { .stage = "abort",
			.conn = &s->conn,
			.envelope = &s->envelope,
			.verdict = &s->carried,
			.rcpt_domain = slice_of(s->carried_domain),
			.ref = s->carried_ref };

		record_log(&r);
	}
	start_transaction(s);
}
