/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/whatif - what would happen to a message from there, in that name?
 *
 * The milter's own judge on a made-up message (judge/trial). The lists are
 * asked for the visitor's own network only, or for the address of a case whose
 * reference the visitor has: nobody can search them here, nor milter.trusted.
 */
#include "judge/trial.h"
#include "net/psl.h"
#include "portal/dossier.h"
#include "portal/exhibits.h"
#include "portal/guard.h"
#include "portal/pages.h"
#include "portal/rehearsal.h"
#include "portal/remedies.h"

#include <stdio.h>
#include <string.h>

enum { NAME_OCTETS_MAX = 255 };

/* ---- the question ---- */

struct question {
	struct ipaddr ip;
	char helo[NAME_OCTETS_MAX + 1];
	char sender[HOSTNAME_MAX]; /* "": a bounce */
	char author[HOSTNAME_MAX];
	bool may_know; /* what the lists say of ip */
};

static bool is_printable(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] <= ' ' || text.at[i] > '~')
			return false;
	return true;
}

static bool read_domain(struct slice text, char out[HOSTNAME_MAX])
{
	size_t len;

	return psl_to_ascii(text, out, &len) == RES_OK;
}

static struct slice field(const struct visit *v, const char *name)
{
	return slice_trim(form_value(&v->form, name));
}

static void read_question(struct visit *v, struct question *q)
{
	struct slice helo = field(v, "helo");
	struct slice sender = field(v, "sender");

	*q = (struct question){ .may_know = false };
	if (ipaddr_parse(&q->ip, field(v, "ip")) != RES_OK)
		visit_fault(v, "ip",
			"Enter one IP address, for example 192.0.2.1 or "
			"2001:db8::1.");
	if (helo.len == 0 || helo.len > NAME_OCTETS_MAX || !is_printable(helo))
		visit_fault(v, "helo",
			"Enter the name that the server greets with, for "
			"example mail.example.org.");
	else
		snprintf(q->helo, sizeof(q->helo), "%.*s", SLICE_ARG(helo));
	if (sender.len > 0 && !read_domain(sender, q->sender))
		visit_fault(v, "sender",
			"Enter a domain, for example example.org, or leave it "
			"empty for a bounce.");
	if (!read_domain(field(v, "author"), q->author))
		visit_fault(v, "author",
			"Enter a domain, for example example.org.");
}

/* ---- who may know ---- */

static bool is_own(const struct visit *v, const struct ipaddr *ip)
{
	struct cidr own = cidr_of_client(&v->client);

	return v->has_client && cidr_covers(&own, ip);
}

/* False: Redis could not be asked, and the page has been answered. A reference
 * that is wrong is as good as none. */
static bool read_ref(
	struct visit *v, struct slice ref, struct dossier *d, bool *is_there)
{
	enum result res = RES_MISSING;

	*is_there = false;
	if (!slice_is_empty(ref))
		res = dossier_find(v, ref, d);
	if (res == RES_OK)
		*is_there = true;
	if (res == RES_OK || res == RES_MISSING)
		return true;
	if (v->loan != NULL)
		visit_failed(v, "case", res);
	return false;
}

static bool find_right(struct visit *v, struct question *q)
{
	struct dossier d;
	bool is_there;

	if (is_own(v, &q->ip)) {
		q->may_know = true;
		return true;
	}
	if (!read_ref(v, field(v, "ref"), &d, &is_there))
		return false;
	q->may_know = is_there && d.has_ip && ipaddr_is_equal(&d.ip, &q->ip);
	return true;
}

/* ---- the answer ---- */

/* The reply as it would be, but for a reference that leads nowhere. */
static void show_reply(struct view *to, const struct buf *reply)
{
	const char *text = buf_text(reply);
	const char *at = strstr(text, TRIAL_REF);

	if (at == NULL)
		view_text(to, "reply", text);
	else
		view_format(to, "reply", "%.*s...%s", (int)(at - text), text,
			at + strlen(TRIAL_REF));
}

static const char *verdict_words(
	const struct trial *t, const struct trial_verdict *v)
{
	if (!t->end.is_judged)
		return N_("Mail from this address is let through without being "
			  "judged.");
	if (strcmp(v->action, "reject") == 0)
		return N_("The message would be refused.");
	if (strcmp(v->action, "tempfail") == 0)
		return N_("The server would be asked to try again later.");
	if (strcmp(v->action, "quarantine") == 0)
		return N_("The message would be taken, and held back until a "
			  "person has looked at it.");
	if (strcmp(v->action, "mark") == 0)
		return N_("The message would be delivered, with a mark that "
			  "says what was seen.");
	return N_("The message would be delivered.");
}

static void show_codes(struct view *to, const struct trial *t,
	const struct trial_verdict *v, const struct ipaddr *ip)
{
	struct slice auth[CASEAUTH_COUNT];
	struct exhibit_codes own = { .count = 0 };
	struct exhibit_codes parts = { .count = 0 };
	struct remedy_needs needs = { .code = own.code, .row = parts.row };

	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		auth[i] = caseauth_fields[i].is_internal
			? slice_of("")
			: buf_slice(&t->auth[i]);
	exhibits_facts(to, ip, auth);
	exhibits_show(to, NULL, slice_of(""), auth);
	exhibits_findings(to, buf_slice(&t->rcpt.findings), &parts);
	exhibits_findings(to, buf_slice(&t->end.findings), &parts);
	exhibits_code(&own, code_find(slice_of(v->code)));
	for (size_t i = 0; i < parts.count; i++)
		exhibits_code(&own, parts.code[i]);
	needs.code_count = own.count;
	needs.row_count = parts.row_count;
	remedies_show(to, &needs);
}

static void show(
	struct visit *v, const struct trial *t, const struct question *q)
{
	const struct trial_verdict *said =
		t->rcpt.is_refused ? &t->rcpt : &t->end;
	bool is_bad = said->is_refused;

	view_flag(v->view, "has_answer", true);
	view_flag(v->view, "is_without_lists", !q->may_know);
	view_say(v->view, "verdict", verdict_words(t, said));
	exhibits_mark(v->view, is_bad ? EXHIBIT_BAD : EXHIBIT_GOOD);
	view_flag(v->view, "is_judged", t->end.is_judged);
	view_flag(v->view, "is_unchecked",
		q->may_know && (t->rcpt.is_unchecked || t->end.is_unchecked));
	view_flag(v->view, "is_on_trial",
		!is_bad && strcmp(said->action, said->would_be) != 0);
	if (is_bad)
		show_reply(v->view, &said->reply);
	view_text(v->view, "code", said->code);
	view_format(v->view, "score", "%.1f", said->score);
	show_codes(v->view, t, said, &q->ip);
}

static enum result judge(struct visit *v, const struct question *q)
{
	const struct rehearsal rehearsal = { .is_without_lists = !q->may_know,
		.ip = q->ip,
		.helo = q->helo,
		.sender = q->sender,
		.author = q->author };
	struct trial t;
	enum result res;

	res = rehearsal_run(v, &rehearsal, &t);
	if (res == RES_OK)
		show(v, &t, q);
	trial_clear(&t);
	return res;
}

/* ---- the page ---- */

static void show_form(struct visit *v, unsigned status)
{
	view_say(v->view, "title", "What would happen to a message?");
	guard_form(v, "/whatif");
	visit_page(v, status, "whatif");
}

/* What was filled in stays. */
static void keep_form(struct visit *v)
{
	static const char *const names[] = { "ip", "helo", "sender", "author",
		"ref" };
	static const char *const values[] = { "ip_value", "helo_value",
		"sender_value", "author_value", "ref_value" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		view_slice(v->view, values[i], field(v, names[i]));
}

static void fill_from_case(struct visit *v, const struct dossier *d)
{
	const struct casefile *f = &d->file;

	view_text(v->view, "ref_value", d->ref);
	view_slice(v->view, "ip_value", f->text[CASEFILE_IP]);
	view_slice(v->view, "helo_value", f->text[CASEFILE_HELO]);
	view_slice(v->view, "sender_value", f->auth[CASEAUTH_SPF_DOMAIN]);
	view_slice(v->view, "author_value", f->auth[CASEAUTH_DMARC_AUTHOR]);
}

void page_whatif(struct visit *v)
{
	struct slice ref = form_value(&v->query, "ref");
	char ip[IPADDR_TEXT_MAX];
	struct dossier d;
	bool is_there;

	if (!read_ref(v, ref, &d, &is_there))
		return;
	if (is_there)
		fill_from_case(v, &d);
	else if (v->has_client)
		view_text(v->view, "ip_value", ipaddr_format(&v->client, ip));
	show_form(v, STATUS_OK);
}

static void answer(struct visit *v)
{
	struct question q;
	enum result res;

	read_question(v, &q);
	if (visit_has_faults(v)) {
		show_form(v, STATUS_UNPROCESSABLE);
		return;
	}
	/* Before the start there is nothing to judge with. */
	if (context_mirror(v->site.context) == NULL) {
		visit_unavailable(v);
		return;
	}
	if (!guard_evaluation(v) || !find_right(v, &q))
		return;
	res = judge(v, &q);
	if (res != RES_OK)
		visit_failed(v, "whatif", res);
	else
		show_form(v, STATUS_OK);
}

void page_whatif_post(struct visit *v)
{
	keep_form(v);
	switch (guard_check(v, "/whatif")) {
	case GUARD_GOOD:
		answer(v);
		return;
	case GUARD_STALE:
	case GUARD_QUICK:
		show_form(v, STATUS_UNPROCESSABLE);
		return;
	case GUARD_MACHINE:
		show_form(v, STATUS_OK);
		return;
	case GUARD_FORGED:
	case GUARD_LIMITED:
	case GUARD_DOWN:
		return;
	}
}
