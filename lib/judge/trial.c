/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/trial.h"

#include "base/clock.h"
#include "judge/evidence.h"
#include "judge/mta.h"
#include "judge/pipeline.h"
#include "judge/record.h"
#include "judge/session.h"
#include "judge/telemetry.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { PORT = 25, TEXT_MAX = 1 << 20, PATH_MAX_OCTETS = 1024, STEPS_MAX = 16 };

/* ---- what is kept ---- */

static void verdict_init(struct trial_verdict *v)
{
	*v = (struct trial_verdict){
		.action = "", .would_be = "", .mode = "", .code = ""
	};
	buf_init(&v->reply, TEXT_MAX);
	buf_init(&v->reason, TEXT_MAX);
	buf_init(&v->policy, TEXT_MAX);
	buf_init(&v->findings, TEXT_MAX);
}

static void trial_init(struct trial *t)
{
	verdict_init(&t->rcpt);
	verdict_init(&t->end);
	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		buf_init(&t->auth[i], TEXT_MAX);
	buf_init(&t->inserted, TEXT_MAX);
	buf_init(&t->removed, TEXT_MAX);
	buf_init(&t->held, TEXT_MAX);
}

static void verdict_clear(struct trial_verdict *v)
{
	buf_clear(&v->reply);
	buf_clear(&v->reason);
	buf_clear(&v->policy);
	buf_clear(&v->findings);
}

void trial_clear(struct trial *t)
{
	verdict_clear(&t->rcpt);
	verdict_clear(&t->end);
	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		buf_clear(&t->auth[i]);
	buf_clear(&t->inserted);
	buf_clear(&t->removed);
	buf_clear(&t->held);
}

static void keep_verdict(struct trial_verdict *to, const struct record *r)
{
	const struct verdict *v = r->verdict;
	const struct code_row *row = code_row(v->code);

	to->is_judged = true;
	to->action = action_name(v->action);
	to->would_be = action_name(v->would_be);
	to->mode = v->mode == NULL ? "" : v->mode;
	to->code = row == NULL ? "" : row->name;
	to->score = v->score;
	to->is_refused = action_is_refusal(v->action);
	to->is_exempt = v->is_exempt;
	to->is_unchecked = v->unchecked;
	if (r->reply != NULL)
		reply_format(r->reply, &to->reply);
	if (v->cause != NULL) {
		buf_add_format(&to->reason, "%s%s", v->cause->check,
			slice_is_empty(v->cause->evidence) ? "" : ": ");
		buf_add(&to->reason, v->cause->evidence);
	}
	if (r->scope.conf != NULL)
		record_policy(&to->policy, &r->scope);
	for (size_t i = 0; r->findings != NULL && i < r->findings->count; i++)
		record_finding(&to->findings, &r->scope, &r->findings->item[i]);
}

static void judged(void *at, const struct record *r)
{
	struct trial *t = at;
	bool is_end = strcmp(r->stage, "eom") == 0;
	struct evidence e;

	if (r->verdict == NULL)
		return;
	keep_verdict(is_end ? &t->end : &t->rcpt, r);
	if (!is_end)
		return;
	evidence_init(&e, r->auth);
	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		buf_add(&t->auth[i], e.field[i]);
	evidence_clear(&e);
}

/* ---- an MTA that takes notes ---- */

/* The reply is in the record, with its code. */
static bool take_reply(void *at, const struct reply *r)
{
	(void)at;
	(void)r;
	return true;
}

static bool take_header(void *at, const char *name, const char *value)
{
	struct trial *t = at;

	buf_add_format(&t->inserted, "%s:", name);
	for (; *value != '\0'; value++) {
		if (*value == '\n')
			continue;
		buf_add_char(&t->inserted, *value == '\t' ? ' ' : *value);
	}
	buf_add_char(&t->inserted, '\n');
	return true;
}

static bool take_removal(void *at, const char *name, int number)
{
	struct trial *t = at;

	buf_add_format(&t->removed, "%s number %d\n", name, number);
	return true;
}

static bool take_quarantine(void *at, const char *reason)
{
	struct trial *t = at;

	buf_add_text(&t->held, reason);
	return true;
}

static struct slice no_macro(void *at, const char *name)
{
	(void)at;
	(void)name;
	return slice_of("");
}

/* ---- cases that are not written ---- */

static void refer(void *at, const struct ipaddr *ip, const char *code,
	struct slice subject, char ref[CASE_REF_MAX], bool *is_new)
{
	(void)at;
	(void)ip;
	(void)code;
	(void)subject;
	snprintf(ref, CASE_REF_MAX, "%s", TRIAL_REF);
	*is_new = true;
}

static enum result drop_case(void *at, const char ref[CASE_REF_MAX],
	bool is_new, const struct case_facts *facts)
{
	(void)at;
	(void)ref;
	(void)is_new;
	(void)facts;
	return RES_OK;
}

/* ---- the conversation ---- */

static void greet(struct session *s, const struct trial_question *q)
{
	/* An IPv4 client is a mapped address here, and folded again there. */
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6,
		.sin6_port = htons(PORT) };
	char ip[IPADDR_TEXT_MAX], host[IPADDR_TEXT_MAX + 2];
	struct session_peer peer = { .sa = (const struct sockaddr *)&sa };

	memcpy(&sa.sin6_addr, q->ip.octet, sizeof(q->ip.octet));
	snprintf(host, sizeof(host), "[%s]", ipaddr_format(&q->ip, ip));
	peer.hostname = slice_of(host);
	session_connect(s, &peer);
	session_helo(s, slice_of(q->helo));
}

/* "<address>", with brackets of its own or not. */
static void format_path(struct buf *out, const char *address)
{
	if (address[0] == '<')
		buf_add_text(out, address);
	else
		buf_add_format(out, "<%s>", address);
}

static void hand_field(void *ctx, struct slice name, struct slice value)
{
	session_header(ctx, name, value);
}

static bool hand_piece(void *ctx, struct slice piece)
{
	return session_body(ctx, piece);
}

static enum result converse(struct session *s, const struct trial_question *q,
	const struct mta *mta)
{
	struct buf path;
	enum answer ignored;
	enum result res = RES_OK;

	buf_init(&path, PATH_MAX_OCTETS);
	greet(s, q);
	format_path(&path, q->from);
	session_mail(s, buf_slice(&path), slice_of(""), slice_of(""));
	buf_reset(&path);
	format_path(&path, q->rcpt);
	ignored = session_rcpt(s, buf_slice(&path), mta);
	buf_clear(&path);
	q->mail->header(q->mail->ctx, hand_field, s);
	session_end_of_header(s);
	if (q->mail->body != NULL)
		res = q->mail->body(q->mail->ctx, hand_piece, s);
	if (res == RES_OK)
		ignored = session_end(s, mta);
	(void)ignored; /* the watch has seen all of it */
	return res;
}

/* The same, without what asks the lists; steps: room for STEPS_MAX. */
static void without_lists(struct pipeline *p, const struct pipeline *from,
	struct pipeline_step *steps)
{
	*p = *from;
	p->steps = steps;
	p->count = 0;
	for (size_t i = 0; i < from->count && p->count < STEPS_MAX; i++)
		if (from->steps[i].service != SERVICE_BLOCKLIST)
			steps[p->count++] = from->steps[i];
}

enum result trial_run(struct trial *t, const struct trial_question *q)
{
	const struct session_watch watch = { judged, t, NULL };
	const struct casework cases = { refer, drop_case, NULL };
	const struct mta mta = { .reply = take_reply,
		.insert_header = take_header,
		.delete_header = take_removal,
		.quarantine = take_quarantine,
		.macro = no_macro,
		.at = t };
	struct pipeline_step steps[STEPS_MAX];
	struct pipeline pipeline = *q->pipeline;
	struct telemetry telemetry;
	struct session_env env = { .clock = clock_system(),
		.dns = q->dns,
		.pipeline = &pipeline,
		.cases = &cases,
		.telemetry = &telemetry,
		.seal = q->seal,
		.watch = &watch,
		.is_trial = true,
		.is_without_trust = q->is_without_lists };
	struct session *s = NULL;
	enum result res;

	trial_init(t);
	if (q->is_without_lists)
		without_lists(&pipeline, q->pipeline, steps);
	res = telemetry_init(&telemetry);
	if (res != RES_OK)
		return res;
	s = session_new(&env, q->conf);
	if (s == NULL)
		res = RES_NOMEM;
	if (res == RES_OK) {
		session_allow(s,
			SESSION_MAY_INSERT | SESSION_MAY_DELETE |
				SESSION_MAY_QUARANTINE | SESSION_KEEPS_BLANK);
		res = converse(s, q, &mta);
	}
	session_free(s);
	telemetry_clear(&telemetry);
	return res;
}
