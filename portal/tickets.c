/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arena.h"
#include "conf/conf.h"
#include "portal/guard.h"
#include "portal/pages.h"
#include "portal/subjects.h"
#include "portal/ticketwords.h"
#include "portal/visit.h"
#include "store/ticket.h"

#include <stdio.h>

enum {
	READ_MEMORY_MAX = 8 * 1024 * 1024,
	SHOWN_MAX = 128 * 1024, /* octets of messages on one page */
	LINE_COST = 128, /* of one line in the view */
	PATH_LEN_MAX = 64
};

/* ---- the page ---- */

static void add_lines(struct view *to, struct slice text)
{
	struct slice line;

	while (slice_cut(&text, '\n', &line)) {
		struct view *item = view_item(to, "lines");

		view_slice(item, "line", line);
	}
}

static size_t cost(const struct ticket_message *m)
{
	size_t lines = 1;

	for (size_t i = 0; i < m->text.len; i++)
		if (m->text.at[i] == '\n')
			lines++;
	return m->text.len + lines * LINE_COST;
}

/* The newest that fit on a page. */
static size_t first_shown(const struct ticket *t)
{
	size_t i = t->message_count, sum = 0;

	while (i > 0 && (sum += cost(&t->message[i - 1])) <= SHOWN_MAX)
		i--;
	return i;
}

static void add_messages(struct visit *v, const struct ticket *t)
{
	size_t first = first_shown(t);

	view_flag(v->view, "is_cut", first > 0);
	for (size_t i = first; i < t->message_count; i++) {
		const struct ticket_message *m = &t->message[i];
		struct view *item = view_item(v->view, "messages");

		view_flag(item, "is_ours", m->is_ours);
		view_flag(item, "has_text", m->text.len > 0);
		view_say(item, "state", ticketwords_state(m->state));
		visit_time(v, item, "time", "time_iso", m->at_ms);
		add_lines(item, m->text);
	}
}

static bool may_answer(const struct ticket *t, int64_t now_ms)
{
	if (t->state == TICKET_RESOLVED || t->state == TICKET_CLOSED)
		return now_ms <= t->until_ms;
	return ticket_is_ours(t->state) || t->state == TICKET_WAITING;
}

static void add_head(struct visit *v, const struct ticket *t)
{
	const char *subject = subjects_find(t->subject);
	const char *outcome = ticketwords_outcome(t->outcome);

	view_text(v->view, "id", t->id);
	view_say(v->view, "state", ticketwords_state(t->state));
	if (outcome != NULL)
		view_say(v->view, "outcome", outcome);
	view_slice(v->view, "ref", t->ref);
	view_flag(v->view, "is_sponsored", t->is_sponsored);
	if (subject != NULL)
		view_say(v->view, "subject", subject);
	visit_time(v, v->view, "created", "created_iso", t->created_ms);
	visit_time(v, v->view, "changed", "changed_iso", t->changed_ms);
	visit_time(v, v->view, "due", "due_iso", t->due_ms);
	view_flag(v->view, "is_late", t->due_ms != 0 && t->due_ms < v->now_ms);
}

static void show(struct visit *v, const struct ticket *t, unsigned status)
{
	add_head(v, t);
	add_messages(v, t);
	view_flag(v->view, "may_answer", may_answer(t, v->now_ms));
	view_flag(v->view, "is_over",
		t->state == TICKET_RESOLVED || t->state == TICKET_CLOSED);
	view_slice(v->view, "text", form_value(&v->form, "text"));
	view_number(
		v->view, "text_max", (int64_t)v->site.conf->support.text_max);
	guard_form(v, "/t/");
	view_say(v->view, "title", "Your ticket");
	visit_page(v, status, "ticket");
}

/* Reads it and shows it; an answer has been given in any case. */
static void read_and_show(struct visit *v, unsigned status)
{
	struct redis *r = visit_redis(v);
	struct arena *a = NULL;
	struct ticket t;
	enum result res;

	if (r == NULL)
		return;
	a = arena_new(READ_MEMORY_MAX);
	res = a == NULL
		? RES_NOMEM
		: ticket_read(r, v->site.conf, v->rest, v->now_ms, a, &t);
	if (res == RES_MISSING || res == RES_SYNTAX)
		visit_not_found(v);
	else if (res != RES_OK)
		visit_failed(v, "ticket", res);
	else
		show(v, &t, status);
	arena_free(a);
}

void page_ticket(struct visit *v)
{
	read_and_show(v, STATUS_OK);
}

/* ---- an answer ---- */

static void go_to(struct visit *v, const char *id)
{
	char path[PATH_LEN_MAX];

	snprintf(path, sizeof(path), "/t/%s", id);
	visit_redirect(v, path);
}

static void answer_added(struct visit *v, enum result res)
{
	char id[CASE_REF_MAX];

	if (res == RES_OK && case_ref_parse(v->rest, id) == RES_OK) {
		go_to(v, id);
		return;
	}
	if (res == RES_DENIED)
		visit_fault(v, "text",
			"This ticket takes no more answers. Please open a new "
			"one.");
	else if (res == RES_FULL)
		visit_fault(v, "text",
			"This ticket has too many messages already. Please "
			"open a new one.");
	else if (res == RES_TOOBIG)
		visit_fault(v, "text",
			"Your answer is too long. Please shorten it.");
	else if (res != RES_MISSING && res != RES_SYNTAX) {
		visit_failed(v, "ticket", res);
		return;
	}
	read_and_show(v, STATUS_UNPROCESSABLE);
}

static void add_answer(struct visit *v)
{
	const struct ticket_entry entry = {
		.id = v->rest,
		.text = slice_trim(form_value(&v->form, "text")),
	};
	struct redis *r = NULL;

	if (entry.text.len == 0) {
		visit_fault(v, "text", "Please write your answer here.");
		read_and_show(v, STATUS_UNPROCESSABLE);
		return;
	}
	r = visit_redis(v);
	if (r != NULL)
		answer_added(v, ticket_add(r, v->site.conf, &entry, v->now_ms));
}

void page_ticket_post(struct visit *v)
{
	switch (guard_check(v, "/t/")) {
	case GUARD_GOOD:
		add_answer(v);
		break;
	case GUARD_STALE:
	case GUARD_QUICK:
		read_and_show(v, STATUS_UNPROCESSABLE);
		break;
	case GUARD_MACHINE:
		read_and_show(v, STATUS_OK);
		break;
	case GUARD_FORGED:
	case GUARD_LIMITED:
	case GUARD_DOWN:
		break;
	}
}

/* ---- /tc/TOKEN, the link of the first letter ---- */

static void show_gone(struct visit *v)
{
	view_say(v->view, "title", "This link does not work any more");
	visit_page(v, STATUS_NOT_FOUND, "link-gone");
}

static void show_confirm(struct visit *v, unsigned status)
{
	struct redis *r = visit_redis(v);
	char id[CASE_REF_MAX];
	enum result res;

	if (r == NULL)
		return;
	res = ticket_find(r, v->site.conf, v->rest, id);
	if (res == RES_MISSING) {
		show_gone(v);
		return;
	}
	if (res != RES_OK) {
		visit_failed(v, "ticket", res);
		return;
	}
	view_slice(v->view, "token", v->rest);
	guard_form(v, "/tc/");
	view_say(v->view, "title", "Confirm your ticket");
	visit_page(v, status, "ticket-confirm");
}

void page_ticket_confirm(struct visit *v)
{
	show_confirm(v, STATUS_OK);
}

static void confirm(struct visit *v)
{
	struct redis *r = visit_redis(v);
	char id[CASE_REF_MAX];
	enum result res;

	if (r == NULL)
		return;
	res = ticket_confirm(r, v->site.conf, v->rest, v->now_ms, id);
	if (res == RES_OK || res == RES_EXISTS)
		go_to(v, id);
	else if (res == RES_MISSING)
		show_gone(v);
	else
		visit_failed(v, "ticket", res);
}

void page_ticket_confirm_post(struct visit *v)
{
	switch (guard_check(v, "/tc/")) {
	case GUARD_GOOD:
	case GUARD_QUICK: /* one button; the token is the proof */
		confirm(v);
		break;
	case GUARD_STALE:
		show_confirm(v, STATUS_UNPROCESSABLE);
		break;
	case GUARD_MACHINE:
		show_confirm(v, STATUS_OK);
		break;
	case GUARD_FORGED:
	case GUARD_LIMITED:
	case GUARD_DOWN:
		break;
	}
}
