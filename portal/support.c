/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"
#include "mail/mailbox.h"
#include "portal/guard.h"
#include "portal/pages.h"
#include "portal/pasted.h"
#include "portal/subjects.h"
#include "portal/visit.h"
#include "store/ticket.h"

#include <stdio.h>

enum { PATH_MAX_LEN = 64 };

/* ---- the page ---- */

static void add_subjects(struct visit *v)
{
	const struct slice chosen = form_value(&v->form, "subject");

	for (size_t i = 0; i < SUBJECTS; i++) {
		struct view *item = view_item(v->view, "subjects");

		view_text(item, "key", subjects[i].key);
		view_say(item, "words", subjects[i].words);
		view_flag(item, "is_chosen",
			slice_is_equal(chosen, slice_of(subjects[i].key)));
	}
}

/* A reference that came with the link, or in what was sent. */
static struct slice wanted_ref(const struct visit *v)
{
	return form_has(&v->form, "ref") ? form_value(&v->form, "ref")
					 : form_value(&v->query, "ref");
}

static void show(struct visit *v, unsigned status)
{
	add_subjects(v);
	view_flag(v->view, "has_tickets", v->site.conf->support.enabled);
	view_slice(v->view, "ref", wanted_ref(v));
	view_slice(v->view, "mail", form_value(&v->form, "mail"));
	view_slice(v->view, "text", form_value(&v->form, "text"));
	view_number(
		v->view, "text_max", (int64_t)v->site.conf->support.text_max);
	visit_span(
		v, v->view, "promised", (int64_t)v->site.conf->delist.review_s);
	guard_form(v, "/support");
	view_say(v->view, "title", "Support");
	visit_page(v, status, "support");
}

/* ---- what was pasted ---- */

static void ignore(void *ctx, struct slice field, struct slice value)
{
	(void)ctx;
	(void)field;
	(void)value;
}

/* RES_OK, RES_MISSING, or the answer has been given. */
static enum result ask_case(struct visit *v, struct slice ref)
{
	struct redis *r = visit_redis(v);
	enum result res;

	if (r == NULL)
		return RES_DOWN;
	res = case_read(
		r, slice_of(v->site.conf->redis.prefix), ref, ignore, NULL);
	if (res == RES_SYNTAX || res == RES_TYPE)
		res = RES_MISSING;
	if (res != RES_OK && res != RES_MISSING)
		visit_failed(v, "case", res);
	return res;
}

/* RES_OK: led to the page of the case. */
static enum result find_case(struct visit *v, const struct pasted *p)
{
	char path[PATH_MAX_LEN];
	enum result res = RES_MISSING;
	size_t i = 0;

	while (i < p->ref_count && res == RES_MISSING)
		res = ask_case(v, slice_of(p->ref[i++]));
	if (res != RES_OK)
		return res;
	snprintf(path, sizeof(path), "/r/%s", p->ref[i - 1]);
	visit_redirect(v, path);
	return RES_OK;
}

static void show_found(struct visit *v, const struct pasted *p)
{
	if (p->ref_whole > 0)
		view_text(v->view, "lost_ref", p->ref[0]);
	for (size_t i = 0; i < p->code_count; i++) {
		const struct code_row *row = code_row(p->code[i]);
		struct view *item = view_item(v->view, "codes");

		view_text(item, "name", row->name);
		view_text(item, "smtp", row->smtp);
		view_text(item, "xcode", row->xcode);
		view_say(item, "cause", row->cause);
	}
	view_flag(v->view, "has_codes", p->code_count > 0);
	view_flag(v->view, "was_pasted", true);
	view_flag(v->view, "found_nothing",
		p->ref_whole == 0 && p->code_count == 0);
	if (p->code_count == 0)
		view_text(v->view, "other_xcode", p->xcode);
}

static void answer_pasted(struct visit *v, struct slice text)
{
	char path[PATH_MAX_LEN];
	struct pasted p;
	enum result res;

	pasted_read(&p, text);
	res = find_case(v, &p);
	if (res != RES_MISSING)
		return;
	if (p.code_count == 1 && p.ref_whole == 0) {
		snprintf(
			path, sizeof(path), "/e/%s", code_row(p.code[0])->name);
		visit_redirect(v, path);
		return;
	}
	show_found(v, &p);
	view_slice(v->view, "refusal", slice_part(text, 0, PASTED_TEXT_MAX));
	show(v, STATUS_OK);
}

void page_support(struct visit *v)
{
	const struct slice text = form_value(&v->query, "refusal");

	if (slice_trim(text).len > 0)
		answer_pasted(v, text);
	else
		show(v, STATUS_OK);
}

/* ---- a ticket ---- */

static bool check_mail(struct visit *v, char out[MAILBOX_TEXT_MAX])
{
	if (mailbox_parse(form_value(&v->form, "mail"), out) == RES_OK)
		return true;
	visit_fault(v, "mail",
		"Please give one mail address, such as name@example.org. We "
		"write to it to confirm the ticket.");
	return false;
}

/* RES_OK: checked, maybe with faults. Else the answer has been given. */
static enum result check_ref(struct visit *v, char out[CASE_REF_MAX])
{
	const struct slice text = slice_trim(form_value(&v->form, "ref"));
	struct pasted p;
	enum result res = RES_MISSING;

	out[0] = '\0';
	if (text.len == 0)
		return RES_OK;
	pasted_read(&p, text);
	for (size_t i = 0; i < p.ref_count && res == RES_MISSING; i++) {
		res = ask_case(v, slice_of(p.ref[i]));
		if (res == RES_OK)
			snprintf(out, CASE_REF_MAX, "%s", p.ref[i]);
	}
	if (res != RES_MISSING)
		return res;
	visit_fault(v, "ref",
		"We have no case with this reference. Please check it, or "
		"leave the field empty.");
	return RES_OK;
}

static void check_words(struct visit *v)
{
	if (subjects_find(form_value(&v->form, "subject")) == NULL)
		visit_fault(v, "subject", "Please choose what it is about.");
	if (slice_trim(form_value(&v->form, "text")).len == 0)
		visit_fault(v, "text",
			"Please tell us what happened and what you need.");
}

/* Whatever became of it: nobody learns from this page who writes to us. */
static void show_sent(struct visit *v, struct slice mail)
{
	view_slice(v->view, "mail", mail);
	visit_span(v, v->view, "life", (int64_t)v->site.conf->delist.token_s);
	view_say(v->view, "title", "Please confirm your ticket");
	visit_page(v, STATUS_OK, "ticket-sent");
}

static void file(struct visit *v, const char *mail, const char *ref)
{
	struct redis *r = visit_redis(v);
	struct ticket_filed filed;
	const struct ticket_form form = {
		.mail = slice_of(mail),
		.language = slice_of(language_tag(v->language)),
		.subject = form_value(&v->form, "subject"),
		.text = slice_trim(form_value(&v->form, "text")),
		.ref = slice_of(ref),
		.client = v->client,
		.has_client = v->has_client,
	};
	enum result res;

	if (r == NULL)
		return;
	res = ticket_file(
		r, v->site.conf, v->site.secret, v->now_ms, &form, &filed);
	if (res != RES_OK) {
		visit_failed(v, "ticket", res);
		return;
	}
	if (filed.filing == TICKET_LIMITED) {
		visit_too_many(v, filed.wait_s);
		return;
	}
	show_sent(v, slice_of(mail));
}

static void post_ticket(struct visit *v)
{
	char mail[MAILBOX_TEXT_MAX] = "";
	char ref[CASE_REF_MAX] = "";

	(void)check_mail(v, mail);
	check_words(v);
	if (check_ref(v, ref) != RES_OK)
		return;
	if (visit_has_faults(v))
		show(v, STATUS_UNPROCESSABLE);
	else
		file(v, mail, ref);
}

static void post_good(struct visit *v)
{
	if (slice_is_equal(form_value(&v->form, "do"), slice_of("find")))
		answer_pasted(v, form_value(&v->form, "refusal"));
	else if (v->site.conf->support.enabled)
		post_ticket(v);
	else
		visit_not_found(v);
}

void page_support_post(struct visit *v)
{
	switch (guard_check(v, "/support")) {
	case GUARD_GOOD:
		post_good(v);
		break;
	case GUARD_STALE:
	case GUARD_QUICK:
		view_slice(v->view, "refusal", form_value(&v->form, "refusal"));
		show(v, STATUS_UNPROCESSABLE);
		break;
	case GUARD_MACHINE:
		show_sent(v, form_value(&v->form, "mail"));
		break;
	case GUARD_FORGED:
	case GUARD_LIMITED:
	case GUARD_DOWN:
		break;
	}
}
