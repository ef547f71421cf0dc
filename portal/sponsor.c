/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/sponsor.h"
#include "base/arena.h"
#include "conf/conf.h"
#include "mail/mailbox.h"
#include "net/hostname.h"
#include "portal/guard.h"
#include "portal/pages.h"
#include "portal/visit.h"

#include <stdio.h>

/* What of a case matters here. */
struct refused {
	char ref[CASE_REF_MAX];
	struct ipaddr ip;
	bool has_ip;
	char domain[HOSTNAME_MAX]; /* of the recipient, folded, or "" */
};

static void read_field(void *ctx, struct slice field, struct slice value)
{
	struct refused *c = ctx;
	size_t len;

	if (slice_is_equal(field, slice_of("ip")))
		c->has_ip = ipaddr_parse(&c->ip, value) == RES_OK;
	else if (slice_is_equal(field, slice_of("rcpt_domain")) &&
		hostname_parse(value, c->domain, &len) != RES_OK)
		c->domain[0] = '\0';
}

/* False: the answer has been given. */
static bool read_case(struct visit *v, struct slice ref, struct refused *out)
{
	struct redis *r = NULL;
	enum result res;

	*out = (struct refused){ .has_ip = false };
	if (!v->site.conf->support.enabled ||
		case_ref_parse(ref, out->ref) != RES_OK) {
		visit_not_found(v);
		return false;
	}
	r = visit_redis(v);
	if (r == NULL)
		return false;
	res = case_read(
		r, slice_of(v->site.conf->redis.prefix), ref, read_field, out);
	if (res == RES_OK && out->has_ip)
		return true;
	if (res == RES_OK || res == RES_MISSING || res == RES_TYPE)
		visit_not_found(v);
	else
		visit_failed(v, "case", res);
	return false;
}

static void show_ip(struct visit *v, const struct ipaddr *ip)
{
	char text[IPADDR_TEXT_MAX];

	view_text(v->view, "ip", ipaddr_format(ip, text));
	visit_span(
		v, v->view, "span", (int64_t)v->site.conf->support.sponsor_s);
}

/* ---- /sponsor/REF ---- */

static void show(struct visit *v, const struct refused *c, unsigned status)
{
	show_ip(v, &c->ip);
	view_text(v->view, "ref", c->ref);
	view_slice(v->view, "mail", form_value(&v->form, "mail"));
	guard_form(v, "/sponsor/");
	view_say(v->view, "title", "Let one sender write to you");
	visit_page(v, status, "sponsor");
}

void page_sponsor(struct visit *v)
{
	struct refused c;

	if (read_case(v, v->rest, &c))
		show(v, &c, STATUS_OK);
}

static bool is_local(
	const struct visit *v, const struct refused *c, const char *mailbox)
{
	const struct conf_portal *conf = &v->site.conf->portal;
	const struct slice domain = mailbox_domain(slice_of(mailbox));

	if (c->domain[0] != '\0' && slice_is_equal(domain, slice_of(c->domain)))
		return true;
	for (size_t i = 0; i < conf->local_domain_count; i++)
		if (slice_is_equal(domain, slice_of(conf->local_domains[i])))
			return true;
	return false;
}

static void show_sent(struct visit *v, struct slice mailbox)
{
	view_slice(v->view, "mail", mailbox);
	visit_span(v, v->view, "life", (int64_t)v->site.conf->delist.token_s);
	view_say(v->view, "title", "Please look into your mailbox");
	visit_page(v, STATUS_OK, "sponsor-sent");
}

static void file(struct visit *v, const struct refused *c, const char *mailbox)
{
	const struct sponsor_form form = {
		.ref = slice_of(c->ref),
		.ip = c->ip,
		.mailbox = slice_of(mailbox),
		.language = slice_of(language_tag(v->language)),
		.client = v->client,
		.has_client = v->has_client,
	};
	struct redis *r = visit_redis(v);
	struct sponsor_filed filed;
	enum result res;

	if (r == NULL)
		return;
	res = sponsor_file(
		r, v->site.conf, v->site.secret, v->now_ms, &form, &filed);
	if (res != RES_OK)
		visit_failed(v, "sponsor", res);
	else if (filed.filing == SPONSOR_LIMITED)
		visit_too_many(v, filed.wait_s);
	else
		show_sent(v, form.mailbox);
}

static void post_good(struct visit *v, const struct refused *c)
{
	char mailbox[MAILBOX_TEXT_MAX];

	if (mailbox_parse(form_value(&v->form, "mail"), mailbox) != RES_OK)
		visit_fault(v, "mail",
			"Please give your own mail address at this site.");
	else if (!is_local(v, c, mailbox))
		visit_fault(v, "mail",
			"This address is not of this site. Only a recipient "
			"here can let a sender write to him.");
	if (visit_has_faults(v))
		show(v, c, STATUS_UNPROCESSABLE);
	else
		file(v, c, mailbox);
}

void page_sponsor_post(struct visit *v)
{
	const enum guard_answer answer = guard_check(v, "/sponsor/");
	struct refused c;

	if (answer == GUARD_FORGED || answer == GUARD_LIMITED ||
		answer == GUARD_DOWN || !read_case(v, v->rest, &c))
		return;
	if (answer == GUARD_GOOD)
		post_good(v, &c);
	else if (answer == GUARD_MACHINE)
		show_sent(v, form_value(&v->form, "mail"));
	else
		show(v, &c, STATUS_UNPROCESSABLE);
}

/* ---- /s/TOKEN, the link of the letter ---- */

static void show_gone(struct visit *v)
{
	view_say(v->view, "title", "This link does not work any more");
	visit_page(v, STATUS_NOT_FOUND, "link-gone");
}

/* False: the answer has been given. */
static bool read_sponsorship(
	struct visit *v, struct slice sid, struct sponsorship *out)
{
	struct redis *r = visit_redis(v);
	enum result res;

	if (r == NULL)
		return false;
	res = sponsor_read(r, v->site.conf, sid, v->arena, out);
	if (res == RES_OK)
		return true;
	if (res == RES_MISSING || res == RES_SYNTAX || res == RES_CORRUPT)
		show_gone(v);
	else
		visit_failed(v, "sponsor", res);
	return false;
}

static void show_sponsorship(
	struct visit *v, const struct sponsorship *s, unsigned status)
{
	show_ip(v, &s->ip);
	view_text(v->view, "ref", s->ref);
	view_slice(v->view, "mail", s->mailbox);
	view_slice(v->view, "token", v->rest);
	visit_time(v, v->view, "until", "until_iso", s->until_ms);
	guard_form(v, "/s/");
	if (s->is_confirmed) {
		view_say(v->view, "title", "This sender may write to you");
		visit_page(v, status, "vouch-done");
		return;
	}
	view_say(v->view, "title", "Let this sender write to you?");
	visit_page(v, status, "vouch");
}

static void show_vouch(struct visit *v, unsigned status)
{
	struct redis *r = visit_redis(v);
	struct sponsorship s;
	char sid[CASE_REF_MAX];
	enum result res;

	if (r == NULL)
		return;
	res = sponsor_find(r, v->site.conf, v->rest, sid);
	if (res == RES_MISSING)
		show_gone(v);
	else if (res != RES_OK)
		visit_failed(v, "sponsor", res);
	else if (read_sponsorship(v, slice_of(sid), &s))
		show_sponsorship(v, &s, status);
}

void page_vouch(struct visit *v)
{
	show_vouch(v, STATUS_OK);
}

static void confirm(struct visit *v)
{
	struct redis *r = visit_redis(v);
	struct sponsorship s;
	char sid[CASE_REF_MAX];
	enum result res;

	if (r == NULL)
		return;
	res = sponsor_confirm(
		r, v->site.conf, v->site.secret, v->rest, v->now_ms, sid);
	if (res == RES_MISSING)
		show_gone(v);
	else if (res != RES_OK && res != RES_EXISTS)
		visit_failed(v, "sponsor", res);
	else if (read_sponsorship(v, slice_of(sid), &s))
		show_sponsorship(v, &s, STATUS_OK);
}

void page_vouch_post(struct visit *v)
{
	switch (guard_check(v, "/s/")) {
	case GUARD_GOOD:
	case GUARD_QUICK: /* one button; the token is the proof */
		confirm(v);
		break;
	case GUARD_STALE:
		show_vouch(v, STATUS_UNPROCESSABLE);
		break;
	case GUARD_MACHINE:
		show_vouch(v, STATUS_OK);
		break;
	case GUARD_FORGED:
	case GUARD_LIMITED:
	case GUARD_DOWN:
		break;
	}
}
