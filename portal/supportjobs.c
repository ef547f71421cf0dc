/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the worker does for tickets and sponsors: a row for each of ticket-link,
 * ticket-answer, ticket-admin and sponsor-link; and for correspondents of our
 * users, of whom the administrator is told.
 */
#include "portal/jobs.h"

#include "base/arena.h"
#include "conf/conf.h"
#include "net/hostname.h"
#include "portal/letter.h"
#include "portal/origin.h"
#include "portal/subjects.h"
#include "portal/ticketwords.h"
#include "store/sponsor.h"
#include "store/tagged.h"
#include "store/ticket.h"
#include "store/token.h"
#include "web/view.h"

#include <stdio.h>

enum { MESSAGE_ID_MAX = 96, READ_MEMORY_MAX = 8 * 1024 * 1024 };

/* One letter about one ticket. */
struct affair {
	struct arena *arena;
	struct ticket t;
	const struct ticket_message *message; /* it is about; or NULL */
	enum language language;
	struct view *view;
};

static void find_message(const struct job *j, struct affair *a)
{
	uint64_t i = 0;

	if (slice_parse_u64(j->job->more, 0, SIZE_MAX, &i) == RES_OK &&
		i < a->t.message_count)
		a->message = &a->t.message[i];
}

/* language: of the sender, or of the site for our own people. */
static enum result begin(struct job *j, struct affair *a, bool is_for_admin)
{
	enum result res;

	*a = (struct affair){ .arena = arena_new(READ_MEMORY_MAX) };
	if (a->arena == NULL)
		return RES_NOMEM;
	res = ticket_read(j->redis, j->site->conf, j->job->id, j->now_ms,
		a->arena, &a->t);
	if (res == RES_SYNTAX)
		res = RES_MISSING;
	if (res != RES_OK)
		return res;
	find_message(j, a);
	a->language =
		job_language(j, is_for_admin ? slice_of("") : a->t.language);
	a->view = job_view(j, a->language);
	view_text(a->view, "id", a->t.id);
	view_say(a->view, "state", ticketwords_state(a->t.state));
	if (ticketwords_outcome(a->t.outcome) != NULL)
		view_say(a->view, "outcome", ticketwords_outcome(a->t.outcome));
	if (a->message != NULL)
		view_slice(a->view, "text", a->message->text);
	return RES_OK;
}

static void finish(struct affair *a)
{
	arena_free(a->arena);
}

/* To whom, and where an answer goes. */
static enum result send(const struct job *j, const struct affair *a,
	const char *template, struct slice to, const char *reply_to)
{
	char id[MESSAGE_ID_MAX];
	const struct job_letter letter = {
		.template = template,
		.language = a->language,
		.view = a->view,
		.to = to,
		.reply_to = reply_to,
		.message_id = id,
	};

	snprintf(id, sizeof(id), "%.*s.%s%s%.*s",
		SLICE_ARG(slice_part(j->job->kind, 0, 16)), a->t.id,
		j->job->more.len > 0 ? "." : "",
		SLICE_ARG(slice_part(j->job->more, 0, 20)));
	return job_send(j, &letter);
}

/* ---- ticket-link ---- */

static enum result send_link(const struct job *j, struct affair *a)
{
	char token[TOKEN_TEXT_MAX];
	enum result res = token_make(
		j->site->secret, TOKEN_TICKET, slice_of(a->t.id), token);

	if (res != RES_OK)
		return res;
	view_text(a->view, "token", token);
	job_span(j, a->language, a->view, "life",
		(int64_t)j->site->conf->delist.token_s);
	return send(j, a, "ticket-link", a->t.mail, "");
}

static enum result ticket_link(struct job *j)
{
	struct affair a;
	enum result res = begin(j, &a, false);

	if (res == RES_OK && a.t.state != TICKET_NEW)
		res = RES_MISSING;
	if (res == RES_OK)
		res = send_link(j, &a);
	finish(&a);
	return res;
}

/* ---- ticket-answer ---- */

static enum result send_answer(const struct job *j, struct affair *a)
{
	char reply_to[TICKET_ADDRESS_MAX];
	enum result res = ticket_address(j->site->secret, slice_of(a->t.id),
		letter_host(j->site->conf), reply_to);

	if (res != RES_OK)
		return res;
	view_flag(a->view, "has_text", a->message->text.len > 0);
	view_flag(a->view, "may_answer", a->t.state != TICKET_SPAM);
	view_say(a->view, "state", ticketwords_state(a->message->state));
	return send(j, a, "ticket-answer", a->t.mail, reply_to);
}

static enum result ticket_answer(struct job *j)
{
	struct affair a;
	enum result res = begin(j, &a, false);

	if (res == RES_OK && (a.message == NULL || a.t.mail.len == 0))
		res = RES_MISSING;
	if (res == RES_OK)
		res = send_answer(j, &a);
	finish(&a);
	return res;
}

/* ---- ticket-admin ---- */

static const char *admin_address(const struct job *j)
{
	const struct conf *conf = j->site->conf;
	char text[HOSTNAME_MAX + 16];

	if (conf->support.admin[0] != '\0')
		return conf->support.admin;
	snprintf(text, sizeof(text), "postmaster@%s", conf->host);
	return arena_text(j->arena, slice_of(text));
}

static enum result send_admin(const struct job *j, struct affair *a)
{
	const char *admin = admin_address(j);
	const char *subject = subjects_find(a->t.subject);

	view_slice(a->view, "mail", a->t.mail);
	view_slice(a->view, "ref", a->t.ref);
	view_slice(a->view, "rid", a->t.rid);
	view_slice(a->view, "ip", a->t.ip);
	view_flag(a->view, "is_sponsored", a->t.is_sponsored);
	if (subject != NULL)
		view_say(a->view, "subject", subject);
	if (a->t.due_ms != 0)
		job_time(j, a->language, a->view, "due", a->t.due_ms);
	return admin == NULL ? RES_NOMEM
			     : send(j, a, "ticket-admin", slice_of(admin), "");
}

static enum result ticket_admin(struct job *j)
{
	struct affair a;
	enum result res = begin(j, &a, true);

	if (res == RES_OK && a.t.state == TICKET_SPAM)
		res = RES_MISSING;
	if (res == RES_OK)
		res = send_admin(j, &a);
	finish(&a);
	return res;
}

/* ---- sponsor-link ---- */

static enum result send_sponsor(
	const struct job *j, const struct sponsorship *s)
{
	const enum language language = job_language(j, s->language);
	struct view *view = job_view(j, language);
	char token[TOKEN_TEXT_MAX], id[MESSAGE_ID_MAX];
	const struct job_letter letter = {
		.template = "sponsor-link",
		.language = language,
		.view = view,
		.to = s->mailbox,
		.reply_to = "",
		.message_id = id,
	};
	enum result res = token_make(
		j->site->secret, TOKEN_SPONSOR, slice_of(s->sid), token);

	if (res != RES_OK)
		return res;
	view_text(view, "token", token);
	view_text(view, "ref", s->ref);
	job_ip(view, "ip", &s->ip);
	job_span(j, language, view, "span",
		(int64_t)j->site->conf->support.sponsor_s);
	job_span(j, language, view, "life",
		(int64_t)j->site->conf->delist.token_s);
	snprintf(id, sizeof(id), "sponsor-link.%s", s->sid);
	return job_send(j, &letter);
}

static enum result sponsor_link(struct job *j)
{
	struct sponsorship s;
	enum result res =
		sponsor_read(j->redis, j->site->conf, j->job->id, j->arena, &s);

	if (res == RES_SYNTAX || (res == RES_OK && s.is_confirmed))
		return RES_MISSING;
	return res == RES_OK ? send_sponsor(j, &s) : res;
}

/* ---- correspondent ---- */

static enum result send_correspondent(
	const struct job *j, const struct origin *o)
{
	const enum language language = job_language(j, slice_of(""));
	struct view *view = job_view(j, language);
	const char *admin = admin_address(j);
	char id[MESSAGE_ID_MAX];
	const struct job_letter letter = {
		.template = "correspondent",
		.language = language,
		.view = view,
		.to = slice_of(admin),
		.reply_to = "",
		.message_id = id,
	};

	if (admin == NULL)
		return RES_NOMEM;
	snprintf(id, sizeof(id), "correspondent.%s", o->ref);
	view_text(view, "ref", o->ref);
	view_slice(view, "class", o->class);
	view_slice(view, "reason", o->reason);
	if (o->has_ip)
		job_ip(view, "ip", &o->ip);
	return job_send(j, &letter);
}

static enum result correspondent(struct job *j)
{
	struct origin o;
	enum result res =
		origin_read(j->redis, j->site->conf, j->job->id, j->arena, &o);

	if (res == RES_SYNTAX || res == RES_TYPE)
		return RES_MISSING;
	return res == RES_OK ? send_correspondent(j, &o) : res;
}

const struct job_kind jobs_support[] = {
	{ "ticket-link", ticket_link },
	{ "ticket-answer", ticket_answer },
	{ "ticket-admin", ticket_admin },
	{ "sponsor-link", sponsor_link },
	{ "correspondent", correspondent },
	{ NULL, NULL },
};
