/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/routes.h"

#include "base/log.h"
#include "conf/conf.h"
#include "portal/cases.h"
#include "portal/page.h"
#include "store/case.h"

enum {
	STATUS_NOT_FOUND = 404,
	STATUS_BAD_METHOD = 405,
	STATUS_UNAVAILABLE = 503
};

static const char html_type[] = "text/html; charset=utf-8";

/* One request on its way through a page. rest: of the path, behind prefix. */
struct visit {
	const struct site *site;
	const struct conf *conf;
	struct slice rest;
	struct web_answer *out;
};

static void start_page(const struct visit *v)
{
	struct buf *out = &v->out->body;

	v->out->type = html_type;
	page_begin(out, "How to read a refusal");
	buf_add_text(out,
		"<p>A message from your mail server was refused by ours, or "
		"yours was asked to try again later. The text of the refusal, "
		"in the bounce message or in the log of the sending server, "
		"looks like this:</p>\n"
		"<pre>554 5.7.1 Access denied, sending IP [192.0.2.1] is on "
		"our block list; to request removal visit "
		"https://.../r/REFERENCE</pre>\n"
		"<ul>\n"
		"<li><strong>The first number</strong> tells how final it is: "
		"one that begins with 4 means that the sending server tries "
		"again by itself, one that begins with 5 means that it has "
		"given up.</li>\n"
		"<li><strong>The address in square brackets</strong> is the "
		"server that handed us the message.</li>\n"
		"<li><strong>The link</strong> leads to the page of your case: "
		"what we saw, why it was refused, and what to change.</li>\n"
		"<li><strong>The reference</strong>, the 17 letters and digits "
		"at the end of the link, is how we find your case when you "
		"write to us.</li>\n"
		"</ul>\n"
		"<p>If you are not the one who runs the sending server, pass "
		"the whole text on to whoever does: your provider, or the "
		"mail department of your organisation. Only they can change "
		"what caused it.</p>\n"
		"<p>Without the link we cannot tell anything about a message: "
		"this site does not answer whether an address is listed, so "
		"that nobody can search our list.</p>\n");
	page_end(out, v->conf);
}

static void style_sheet(const struct visit *v)
{
	v->out->type = "text/css; charset=utf-8";
	buf_add_text(&v->out->body, page_style);
}

/* For those who watch over this program: it lives, and does Redis? */
static void health(const struct visit *v)
{
	const enum result res = v->site->ping(v->site->ctx);

	buf_add_format(&v->out->body, "portal ok\nredis %s\n",
		res == RES_OK ? "ok" : result_name(res));
}

static void plain_page(const struct visit *v, unsigned status,
	const char *title, const char *text)
{
	v->out->status = status;
	v->out->type = html_type;
	page_begin(&v->out->body, title);
	buf_add_text(&v->out->body, text);
	page_end(&v->out->body, v->conf);
}

static void not_found(const struct visit *v)
{
	plain_page(v, STATUS_NOT_FOUND, "There is no such page",
		"<p>Please check the address: it must be the whole link of the "
		"refusal, with all 17 letters and digits of the reference at "
		"its end. Some programs break long lines and lose a part."
		"</p>\n"
		"<p>A case is kept for a limited time. If yours is older, or "
		"if mail is still being refused, send a message again: the new "
		"refusal has a new link.</p>\n");
}

/* The same page for a wrong reference and an unknown one: no oracle. */
static void case_page(const struct visit *v)
{
	struct case_view view;
	char ref[CASE_REF_MAX];
	enum result res;

	if (case_ref_parse(v->rest, ref) != RES_OK) {
		not_found(v);
		return;
	}
	case_view_init(&view);
	res = v->site->read_case(
		v->site->ctx, slice_of(ref), case_view_add, &view);
	if (res == RES_OK) {
		v->out->type = html_type;
		cases_page(&v->out->body, &view, ref, v->conf);
	} else if (res == RES_MISSING || res == RES_SYNTAX) {
		not_found(v);
	} else {
		plain_page(v, STATUS_UNAVAILABLE,
			"We cannot look up your case at the moment",
			"<p>The store that holds the cases does not answer. "
			"Your reference stays valid; please open the same link "
			"again in a few minutes.</p>\n"
			"<p>If it does not work later either, please write to "
			"the address below, and give the reference at the end "
			"of the link.</p>\n");
	}
	case_view_clear(&view);
}

struct route {
	const char *name;
	const char *path;
	bool is_prefix; /* something must follow it */
	void (*page)(const struct visit *v);
};

static const struct route routes[] = {
	{ "start", "/", false, start_page },
	{ "case", "/r/", true, case_page },
	{ "style", "/style.css", false, style_sheet },
	{ "health", "/healthz", false, health },
};

static const struct route *find_route(struct slice path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct slice want = slice_of(routes[i].path);

		if (routes[i].is_prefix ? path.len > want.len &&
					slice_has_prefix(path, want)
					: slice_is_equal(path, want))
			return &routes[i];
	}
	return NULL;
}

static void bad_method(const struct visit *v)
{
	static const struct web_field allow[] = {
		{ "Allow", "GET, HEAD" },
		{ NULL, NULL },
	};

	v->out->status = STATUS_BAD_METHOD;
	v->out->fields = allow;
	buf_add_text(&v->out->body, "This page can only be read.\n");
}

void routes_handle(
	void *ctx, const struct web_request *rq, struct web_answer *out)
{
	const struct site *site = ctx;
	const struct route *route = find_route(rq->path);
	struct conf *conf = site->conf(site->ctx);
	struct visit v = { .site = site, .conf = conf, .out = out };
	struct logline line;

	if (route == NULL) {
		not_found(&v);
	} else if (!slice_is_equal(rq->method, slice_of("GET"))) {
		bad_method(&v);
	} else {
		v.rest = slice_part(
			rq->path, slice_of(route->path).len, rq->path.len);
		route->page(&v);
	}
	conf_release(conf);
	/* No path: it holds the reference, which is the visitor's. */
	log_start(&line,
		out->status < STATUS_NOT_FOUND ? LOG_LEVEL_DEBUG
					       : LOG_LEVEL_INFO,
		"page");
	log_text(&line, "route", route == NULL ? "none" : route->name);
	log_number(&line, "status", (int64_t)out->status);
	log_send(&line);
}
