/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /report/ID: what was found in a report and what was done, in words that name
 * no account and no address: whoever was sent the link may read it, and no
 * report may be worth making for what its page tells.
 */
#include "base/arena.h"
#include "conf/conf.h"
#include "portal/pages.h"
#include "portal/visit.h"
#include "store/case.h"
#include "store/report.h"
#include "store/ticket.h"
#include "store/upload.h"

enum {
	READ_MEMORY_MAX = 8 * 1024 * 1024,
	REFRESH_S = 10, /* while it is still being read */
	SHOWN_MAX = 50 /* originals on one page */
};

/* ---- words ---- */

static const char *words_of_state(enum report_state s)
{
	switch (s) {
	case REPORT_OPEN:
		return N_("It is being looked at");
	case REPORT_ACTED:
		return N_("Something was done");
	case REPORT_CLOSED:
		return N_("Closed");
	}
	return "";
}

static const char *words_of_trace(const struct report_item *i)
{
	switch (i->trace_word) {
	case TRACEKEYS_VALID:
		return i->trace.direction == TRACE_OUT
			? N_("This message left this site.")
			: N_("This message came through this site.");
	case TRACEKEYS_ALTERED:
		return N_("This message carries a mark of this site that was "
			  "made for another one: it was changed on its way, or "
			  "the mark was copied.");
	case TRACEKEYS_EXPIRED:
		return N_("This message carries a mark of this site that is "
			  "too old to be checked.");
	case TRACEKEYS_NONE:
	case TRACEKEYS_FORGED:
		break;
	}
	return N_("This message carries no mark of this site.");
}

static const char *words_of_count(const struct report_item *i)
{
	if (i->kind == REPORT_NOTJUNK)
		return N_("It counts in favour of its sender.");
	return i->trace.direction == TRACE_OUT
		? N_("It counts against the account that sent it.")
		: N_("It counts against the server that sent it.");
}

static const char *words_of_effect(const struct report_item *i)
{
	switch (i->effect) {
	case REPORT_COUNTED:
		return words_of_count(i);
	case REPORT_DUPLICATE:
		return N_("It was reported before in the same way, so it does "
			  "not count again.");
	case REPORT_AGAIN:
		return N_("A report about the same sender has counted today; "
			  "this one is kept with it.");
	case REPORT_SPENT:
		return N_("It was reported as often as it had recipients, so "
			  "it does not count again.");
	case REPORT_PAUSED:
		return N_("The account that sent it is paused until the "
			  "administrator has looked at it.");
	case REPORT_LISTED:
		return N_("Mail from the server that sent it is refused from "
			  "now on.");
	case REPORT_NOTHING:
		break;
	}
	return i->trace_word == TRACEKEYS_VALID
		? N_("It counts for nothing by itself.")
		: N_("So it counts against nobody by itself; a person looks at "
		     "it.");
}

/* ---- the page ---- */

static void add_items(struct visit *v, const struct report *p)
{
	for (size_t i = 0; i < p->count && i < SHOWN_MAX; i++) {
		struct view *item = view_item(v->view, "messages");

		view_number(item, "number", (int64_t)i + 1);
		view_say(item, "trace", words_of_trace(&p->item[i]));
		view_say(item, "effect", words_of_effect(&p->item[i]));
	}
	view_flag(v->view, "has_messages", p->count > 0);
	view_flag(v->view, "is_cut", p->count > SHOWN_MAX);
	view_number(v->view, "count", (int64_t)p->count);
}

/* The ticket of an account holds what others have told of it, too: only one
 * that was made for this report is its reporter's. */
static void add_ticket(struct visit *v, struct redis *r, const struct report *p,
	struct arena *a)
{
	struct ticket t;

	if (p->ticket[0] != '\0' &&
		ticket_read(r, v->site.conf, slice_of(p->ticket), v->now_ms, a,
			&t) == RES_OK &&
		slice_is_equal(t.rid, slice_of(p->id)))
		view_text(v->view, "ticket", t.id);
}

static void show(struct visit *v, const struct report *p)
{
	view_text(v->view, "id", p->id);
	view_say(v->view, "state", words_of_state(p->state));
	visit_time(v, v->view, "came", "came_iso", p->at_ms);
	visit_span(v, v->view, "kept", (int64_t)v->site.conf->reports.keep_s);
	add_items(v, p);
	view_say(v->view, "title", "Your report");
	visit_page(v, STATUS_OK, "report-status");
}

/* It is still in the queue, or there is no such report. */
static void show_waiting(struct visit *v, struct redis *r, const char *id)
{
	bool found = false;
	enum result res = upload_has(
		r, slice_of(v->site.conf->redis.prefix), slice_of(id), &found);

	if (res != RES_OK) {
		visit_failed(v, "upload", res);
		return;
	}
	if (!found) {
		visit_not_found(v);
		return;
	}
	view_text(v->view, "id", id);
	v->out->refresh_s = REFRESH_S;
	view_say(v->view, "title", "Your report has come");
	visit_page(v, STATUS_OK, "report-waiting");
}

static void read_and_show(struct visit *v, struct redis *r, const char *id)
{
	struct arena *a = arena_new(READ_MEMORY_MAX);
	struct report p;
	enum result res = a == NULL
		? RES_NOMEM
		: report_read(r, v->site.conf, slice_of(id), false, a, &p);

	if (res == RES_OK) {
		add_ticket(v, r, &p, a);
		show(v, &p);
	} else if (res == RES_MISSING || res == RES_SYNTAX) {
		show_waiting(v, r, id);
	} else {
		visit_failed(v, "report", res);
	}
	arena_free(a);
}

void page_report_status(struct visit *v)
{
	char id[CASE_REF_MAX];
	struct redis *r;

	if (case_ref_parse(v->rest, id) != RES_OK) {
		visit_not_found(v);
		return;
	}
	r = visit_redis(v);
	if (r != NULL)
		read_and_show(v, r, id);
}
