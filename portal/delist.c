/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /delist: the form. It never looks at the list, so it cannot tell anything
 * about it: whatever is asked for, a request is filed, and its page shown.
 */
#include "store/delist.h"

#include "conf/conf.h"
#include "mail/mailbox.h"
#include "net/cidr.h"
#include "portal/guard.h"
#include "portal/origin.h"
#include "portal/pages.h"
#include "portal/visit.h"
#include "portal/work.h"

#include <stdio.h>

enum { PATH_LEN_MAX = 64 };

/* RFC 6890 s2.2: addresses that no server on the internet has. Those for
 * documentation are left out: they are nobody's, and do no harm. */
static const char *const reserved[] = { "0.0.0.0/8", "10.0.0.0/8",
	"100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4",
	"240.0.0.0/4", "::/128", "::1/128", "100::/64", "fc00::/7", "fe80::/10",
	"ff00::/8" };

static bool is_reserved(const struct ipaddr *ip)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		struct cidr net;

		if (cidr_parse(&net, slice_of(reserved[i])) == RES_OK &&
			cidr_covers(&net, ip))
			return true;
	}
	return false;
}

/* What the form is about. */
struct petitioner {
	struct origin origin; /* of the reference */
	bool has_case;
	struct ipaddr ip;
	bool has_ip;
	char mail[MAILBOX_TEXT_MAX];
};

/* The case behind a reference, if there is one. False: it was answered. */
static bool find_case(struct visit *v, struct slice ref, struct petitioner *p)
{
	struct redis *r;
	enum result res;

	if (ref.len == 0)
		return true;
	r = visit_redis(v);
	if (r == NULL)
		return false;
	res = origin_read(r, v->site.conf, ref, v->arena, &p->origin);
	p->has_case = res == RES_OK && p->origin.has_ip;
	/* A reference that is too old, or none: the form is there without. */
	if (res == RES_OK || res == RES_MISSING || res == RES_SYNTAX ||
		res == RES_TYPE)
		return true;
	visit_failed(v, "case", res);
	return false;
}

static void show_form(
	struct visit *v, const struct petitioner *p, unsigned status)
{
	char text[IPADDR_TEXT_MAX];

	view_say(v->view, "title", "Ask for removal from our list");
	view_flag(v->view, "is_off", !v->site.conf->delist.enabled);
	view_flag(v->view, "is_public", !p->has_case);
	view_flag(v->view, "has_case", p->has_case);
	if (p->has_case) {
		view_text(v->view, "ref", p->origin.ref);
		view_text(v->view, "ip", ipaddr_format(&p->origin.ip, text));
	}
	guard_form(v, "/delist");
	if (v->site.conf->delist.enabled)
		work_form(v, "/delist");
	visit_page(v, status, "delist");
}

void page_delist(struct visit *v)
{
	struct petitioner p = { .has_case = false };
	char text[IPADDR_TEXT_MAX];

	if (!find_case(v, form_value(&v->query, "ref"), &p))
		return;
	if (!p.has_case && v->has_client && !is_reserved(&v->client)) {
		view_text(v->view, "ip", ipaddr_format(&v->client, text));
		view_flag(v->view, "is_own", true);
	}
	show_form(v, &p, STATUS_OK);
}

/* ---- what came back ---- */

static void read_mail(struct visit *v, struct petitioner *p)
{
	const struct slice mail = form_value(&v->form, "mail");

	view_slice(v->view, "mail", mail);
	if (mailbox_parse(mail, p->mail) != RES_OK)
		visit_fault(v, "mail",
			"Enter one mail address, such as name@example.org.");
}

static void read_ip(struct visit *v, struct petitioner *p)
{
	const struct slice text = slice_trim(form_value(&v->form, "ip"));

	view_slice(v->view, "ip", text);
	if (p->has_case) {
		p->ip = p->origin.ip;
		p->has_ip = true;
		return;
	}
	if (ipaddr_parse(&p->ip, text) != RES_OK)
		visit_fault(v, "ip",
			"Enter one IP address, such as 192.0.2.1 or "
			"2001:db8::1.");
	else if (is_reserved(&p->ip))
		visit_fault(v, "ip",
			"This address is of a private or reserved network. "
			"Enter the public address that your server sends "
			"from.");
	else
		p->has_ip = true;
}

static void read_attest(struct visit *v)
{
	const bool is_so =
		slice_is_equal(form_value(&v->form, "attest"), slice_of("yes"));

	view_flag(v->view, "attest", is_so);
	if (!is_so)
		visit_fault(v, "attest",
			"Confirm that no more unwanted mail comes from the "
			"server.");
}

static void show_request(struct visit *v, const char *rid)
{
	char path[PATH_LEN_MAX];

	snprintf(path, sizeof(path), "/status/%s", rid);
	visit_redirect(v, path);
}

/* Who fills in what people do not see learns nothing from the answer. */
static void pretend(struct visit *v)
{
	char rid[CASE_REF_MAX];

	case_ref_new(rid);
	show_request(v, rid);
}

static void file(struct visit *v, const struct petitioner *p)
{
	struct redis *r = visit_redis(v);
	struct delist_form form = {
		.ip = p->ip,
		.mail = slice_of(p->mail),
		.ref = slice_of(p->has_case ? p->origin.ref : ""),
		.language = slice_of(language_tag(v->language)),
		.client = v->client,
		.has_client = v->has_client,
	};
	struct delist_filed filed;
	enum result res;

	if (r == NULL)
		return;
	form.is_worked = work_is_done(v, r, "/delist");
	res = delist_file(
		r, v->site.conf, v->site.secret, v->now_ms, &form, &filed);
	if (res != RES_OK)
		visit_failed(v, "delist", res);
	else if (filed.filing == DELIST_LIMITED)
		visit_too_many(v, filed.wait_s);
	else
		show_request(v, filed.rid);
}

void page_delist_post(struct visit *v)
{
	struct petitioner p = { .has_case = false };

	switch (guard_check(v, "/delist")) {
	case GUARD_FORGED:
	case GUARD_LIMITED:
	case GUARD_DOWN:
		return;
	case GUARD_MACHINE:
		pretend(v);
		return;
	case GUARD_GOOD:
	case GUARD_STALE:
	case GUARD_QUICK:
		break;
	}
	if (!find_case(v, form_value(&v->form, "ref"), &p))
		return;
	read_mail(v, &p);
	read_ip(v, &p);
	read_attest(v);
	if (visit_has_faults(v) || !v->site.conf->delist.enabled)
		show_form(v, &p, STATUS_UNPROCESSABLE);
	else
		file(v, &p);
}
