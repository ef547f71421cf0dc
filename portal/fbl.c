/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/fbl.h"
#include "conf/conf.h"
#include "mail/mailbox.h"
#include "net/psl.h"
#include "portal/guard.h"
#include "portal/pages.h"
#include "portal/visit.h"

static void show_gone(struct visit *v)
{
	view_say(v->view, "title", "This link does not work any more");
	visit_page(v, STATUS_NOT_FOUND, "link-gone");
}

/* ---- /fbl ---- */

static void show(struct visit *v, unsigned status)
{
	const bool is_relink =
		slice_is_equal(form_value(&v->form, "do"), slice_of("link"));
	const struct slice mail = form_value(&v->form, "mail");

	view_slice(v->view, "subject", form_value(&v->form, "subject"));
	view_slice(v->view, "mail", is_relink ? slice_of("") : mail);
	view_slice(v->view, "own_mail", is_relink ? mail : slice_of(""));
	visit_span(v, v->view, "link_life", (int64_t)v->site.conf->fbl.link_s);
	guard_form(v, "/fbl");
	view_say(v->view, "title", "Feedback for senders");
	view_flag(v->view, "is_public", status == STATUS_OK);
	visit_page(v, status, "fbl");
}

void page_fbl(struct visit *v)
{
	if (v->site.conf->fbl.enabled)
		show(v, STATUS_OK);
	else
		visit_not_found(v);
}

/* Whatever became of it: nobody learns from this page who is registered. */
static void show_sent(struct visit *v, struct slice mail)
{
	view_slice(v->view, "mail", mail);
	visit_span(v, v->view, "life", (int64_t)v->site.conf->delist.token_s);
	view_say(v->view, "title", "Please look into your mailbox");
	visit_page(v, STATUS_OK, "fbl-sent");
}

/* A domain may be written with its own letters. */
static enum result read_subject(struct slice text, struct fbl_subject *out)
{
	char ascii[HOSTNAME_MAX];
	size_t len;
	enum result res = fbl_subject_parse(text, out);

	if (res == RES_SYNTAX &&
		psl_to_ascii(slice_trim(text), ascii, &len) == RES_OK)
		res = fbl_subject_parse(slice_make(ascii, len), out);
	return res;
}

static void check_subject(struct visit *v, struct fbl_subject *out)
{
	char record[FBL_RECORD_MAX];
	enum result res = read_subject(form_value(&v->form, "subject"), out);

	if (res == RES_OK)
		res = fbl_record_name(out, record);
	if (res == RES_RANGE)
		visit_fault(v, "subject",
			"Please give one IPv4 address or a /24, one IPv6 "
			"address or a /48, or a domain below a top level.");
	else if (res != RES_OK)
		visit_fault(v, "subject",
			"Please give an IP address, a range such as "
			"192.0.2.0/24, or the domain of your DKIM signatures, "
			"such as example.org.");
}

static void file(struct visit *v, const struct fbl_form *form, bool is_relink)
{
	struct redis *r = visit_redis(v);
	struct fbl_filed filed;
	enum result res;

	if (r == NULL)
		return;
	res = (is_relink ? fbl_relink : fbl_file)(
		r, v->site.conf, v->site.secret, v->now_ms, form, &filed);
	if (res != RES_OK)
		visit_failed(v, "fbl", res);
	else if (filed.filing == FBL_LIMITED)
		visit_too_many(v, filed.wait_s);
	else
		show_sent(v, form->mail);
}

static void post_good(struct visit *v)
{
	const bool is_relink =
		slice_is_equal(form_value(&v->form, "do"), slice_of("link"));
	char mail[MAILBOX_TEXT_MAX] = "";
	struct fbl_form form = {
		.language = slice_of(language_tag(v->language)),
		.client = v->client,
		.has_client = v->has_client,
	};

	if (!is_relink)
		check_subject(v, &form.subject);
	if (mailbox_parse(form_value(&v->form, "mail"), mail) != RES_OK)
		visit_fault(v, is_relink ? "own_mail" : "mail",
			"Please give one mail address, such as "
			"name@example.org.");
	form.mail = slice_of(mail);
	if (visit_has_faults(v))
		show(v, STATUS_UNPROCESSABLE);
	else
		file(v, &form, is_relink);
}

void page_fbl_post(struct visit *v)
{
	enum guard_answer answer;

	if (!v->site.conf->fbl.enabled) {
		visit_not_found(v);
		return;
	}
	answer = guard_check(v, "/fbl");
	if (answer == GUARD_GOOD)
		post_good(v);
	else if (answer == GUARD_MACHINE)
		show_sent(v, form_value(&v->form, "mail"));
	else if (answer == GUARD_STALE || answer == GUARD_QUICK)
		show(v, STATUS_UNPROCESSABLE);
}

/* ---- the link of a letter ---- */

/* False: the answer has been given. */
static bool read_registration(
	struct visit *v, enum token_purpose purpose, struct fbl *out)
{
	struct redis *r = visit_redis(v);
	char id[CASE_REF_MAX];
	enum result res;

	if (r == NULL)
		return false;
	res = fbl_of_token(r, v->site.conf, purpose, v->rest, id);
	if (res == RES_OK)
		res = fbl_read(r, v->site.conf, slice_of(id), v->arena, out);
	if (res == RES_OK)
		return true;
	if (res == RES_MISSING || res == RES_SYNTAX)
		show_gone(v);
	else
		visit_failed(v, "fbl", res);
	return false;
}

static void say_subject(struct visit *v, const struct fbl *f)
{
	char net[CIDR_TEXT_MAX];

	view_text(v->view, "subject",
		f->subject.is_net ? cidr_format(&f->subject.net, net)
				  : f->subject.domain);
	view_slice(v->view, "mail", f->mail);
	view_slice(v->view, "token", v->rest);
}

static void say_state(struct visit *v, const struct fbl *f)
{
	view_flag(v->view, "is_new", f->state == FBL_NEW);
	view_flag(v->view, "is_confirmed", f->state == FBL_CONFIRMED);
	view_flag(v->view, "is_active", f->state == FBL_ACTIVE);
	view_flag(v->view, "is_lapsed", f->state == FBL_LAPSED);
	view_flag(v->view, "is_ended", f->state == FBL_ENDED);
	view_flag(v->view, "needs_record",
		f->state == FBL_CONFIRMED || f->state == FBL_LAPSED);
	view_flag(v->view, "is_looking",
		f->wanted_ms > f->looked_ms && f->wanted_ms > f->failed_ms);
	view_flag(v->view, "has_failed", f->failed_ms > f->looked_ms);
	visit_time(v, v->view, "looked", "looked_iso", f->looked_ms);
	visit_time(v, v->view, "proved", "proved_iso", f->proved_ms);
}

static const char *link_title(enum fbl_state state)
{
	switch (state) {
	case FBL_NEW:
		return N_("Do you want reports about this mail?");
	case FBL_CONFIRMED:
	case FBL_LAPSED:
		return N_("One step more: a record in DNS");
	case FBL_ACTIVE:
		return N_("You get reports");
	case FBL_ENDED:
	case FBL_UNKNOWN:
		break;
	}
	return N_("These reports have ended");
}

static void show_registration(
	struct visit *v, const struct fbl *f, unsigned status)
{
	char record[FBL_RECORD_MAX], text[FBL_TEXT_MAX];

	if (fbl_record_name(&f->subject, record) != RES_OK ||
		fbl_record_text(v->site.secret, slice_of(f->id), text) !=
			RES_OK) {
		visit_failed(v, "fbl", RES_NOMEM);
		return;
	}
	view_text(v->view, "record_name", record);
	view_text(v->view, "record_text", text);
	say_subject(v, f);
	say_state(v, f);
	guard_form(v, "/fc/");
	view_say(v->view, "title", link_title(f->state));
	visit_page(v, status, "fbl-confirm");
}

static void show_link(struct visit *v, unsigned status)
{
	struct fbl f;

	if (read_registration(v, TOKEN_FBL, &f))
		show_registration(v, &f, status);
}

void page_fbl_link(struct visit *v)
{
	show_link(v, STATUS_OK);
}

/* The button of the page: confirm, or look now. */
static void act(struct visit *v)
{
	struct redis *r = visit_redis(v);
	char id[CASE_REF_MAX];
	enum result res;

	if (r == NULL)
		return;
	res = fbl_confirm(r, v->site.conf, v->rest, v->now_ms, id);
	if (res == RES_EXISTS) {
		if (!guard_evaluation(v))
			return;
		res = fbl_want_look(r, v->site.conf, slice_of(id), v->now_ms);
		if (res == RES_MISSING)
			res = RES_OK; /* it has ended: the page says so */
	}
	if (res == RES_MISSING)
		show_gone(v);
	else if (res != RES_OK)
		visit_failed(v, "fbl", res);
	else
		show_link(v, STATUS_OK);
}

void page_fbl_link_post(struct visit *v)
{
	switch (guard_check(v, "/fc/")) {
	case GUARD_GOOD:
	case GUARD_QUICK: /* one button; the token is the proof */
		act(v);
		break;
	case GUARD_STALE:
		show_link(v, STATUS_UNPROCESSABLE);
		break;
	case GUARD_MACHINE:
		show_link(v, STATUS_OK);
		break;
	case GUARD_FORGED:
	case GUARD_LIMITED:
	case GUARD_DOWN:
		break;
	}
}

/* ---- no more reports ---- */

static void show_end(struct visit *v, unsigned status)
{
	struct fbl f;

	if (!read_registration(v, TOKEN_FBL_END, &f))
		return;
	say_subject(v, &f);
	say_state(v, &f);
	guard_form(v, "/fe/");
	view_say(v->view, "title",
		f.state == FBL_ENDED ? N_("These reports have ended")
				     : N_("No more reports?"));
	visit_page(v, status, "fbl-end");
}

void page_fbl_end(struct visit *v)
{
	show_end(v, STATUS_OK);
}

static void end(struct visit *v)
{
	struct redis *r = visit_redis(v);
	char id[CASE_REF_MAX];
	enum result res;

	if (r == NULL)
		return;
	res = fbl_end(r, v->site.conf, v->rest, id);
	if (res == RES_MISSING)
		show_gone(v);
	else if (res != RES_OK && res != RES_EXISTS)
		visit_failed(v, "fbl", res);
	else
		show_end(v, STATUS_OK);
}

void page_fbl_end_post(struct visit *v)
{
	switch (guard_check(v, "/fe/")) {
	case GUARD_GOOD:
	case GUARD_QUICK:
		end(v);
		break;
	case GUARD_STALE:
		show_end(v, STATUS_UNPROCESSABLE);
		break;
	case GUARD_MACHINE:
		show_end(v, STATUS_OK);
		break;
	case GUARD_FORGED:
	case GUARD_LIMITED:
	case GUARD_DOWN:
		break;
	}
}
