/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/routes.h"

#include "base/arena.h"
#include "base/log.h"
#include "conf/conf.h"
#include "portal/meters.h"
#include "portal/pages.h"
#include "portal/visit.h"
#include "web/multipart.h"

enum {
	FORM_MAX = 8192, /* octets of a form but its long texts */
	VALUE_MAX = 1024 /* of a short field */
};

/* Style and logo are files of our own; nothing else may be loaded or run. */
const struct web_field routes_fields[] = {
	{ "Content-Security-Policy",
		"default-src 'none'; style-src 'self'; script-src 'self'; "
		"img-src 'self'; form-action 'self'; base-uri 'none'; "
		"frame-ancestors 'none'" },
	{ "Referrer-Policy", "no-referrer" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Cache-Control", "no-store" },
	{ "Vary", "Accept-Language" },
	{ NULL, NULL },
};

enum match {
	WHOLE = 0, /* the path is this one */
	PREFIX, /* something must follow it */
	OPEN /* something may follow it */
};

struct route {
	enum meters_route name;
	const char *path;
	enum match match;
	void (*get)(struct visit *v);
	void (*post)(struct visit *v);
	bool is_long; /* its form has a text of support.text_max */
	const char *end; /* of PREFIX: what the path ends in, not in rest */
	const char *rest; /* instead of what follows */
};

/* The first that fits answers. */
static const struct route routes[] = {
	{ METERS_START, "/", WHOLE, page_start, NULL, false, NULL, NULL },
	{ METERS_HELP, "/help", WHOLE, page_help, NULL, false, NULL, NULL },
	{ METERS_HELP, "/help/", OPEN, page_help, NULL, false, NULL, NULL },
	{ METERS_HELP, "/privacy", WHOLE, page_help, NULL, false, NULL,
		"privacy" },
	{ METERS_HELP, "/contact", WHOLE, page_help, NULL, false, NULL,
		"contact" },
	{ METERS_CODE, "/e", WHOLE, page_code, NULL, false, NULL, NULL },
	{ METERS_CODE, "/e/", OPEN, page_code, NULL, false, NULL, NULL },
	{ METERS_STATIC, "/static/", PREFIX, page_static, NULL, false, NULL,
		NULL },
	{ METERS_SECURITY, "/.well-known/security.txt", WHOLE, page_security,
		NULL, false, NULL, NULL },
	{ METERS_HEALTH, "/healthz", WHOLE, page_health, NULL, false, NULL,
		NULL },
	{ METERS_RETEST, "/r/", PREFIX, NULL, page_retest, false, "/test",
		NULL },
	{ METERS_CASE, "/r/", PREFIX, page_case, NULL, false, NULL, NULL },
	{ METERS_WHATIF, "/whatif", WHOLE, page_whatif, page_whatif_post, false,
		NULL, NULL },
	{ METERS_DELIST, "/delist", WHOLE, page_delist, page_delist_post, false,
		NULL, NULL },
	{ METERS_CONFIRM, "/c/", PREFIX, page_confirm, page_confirm_post, false,
		NULL, NULL },
	{ METERS_STATUS, "/status/", PREFIX, page_status, page_status_post,
		false, NULL, NULL },
	{ METERS_SUPPORT, "/support", WHOLE, page_support, page_support_post,
		true, NULL, NULL },
	{ METERS_TICKET, "/t/", PREFIX, page_ticket, page_ticket_post, true,
		NULL, NULL },
	{ METERS_TICKET, "/tc/", PREFIX, page_ticket_confirm,
		page_ticket_confirm_post, false, NULL, NULL },
	{ METERS_REPORT, "/report", WHOLE, page_report, page_report_post, false,
		NULL, NULL },
	{ METERS_REPORT, "/report/", PREFIX, page_report_status, NULL, false,
		NULL, NULL },
	{ METERS_SPONSOR, "/sponsor/", PREFIX, page_sponsor, page_sponsor_post,
		false, NULL, NULL },
	{ METERS_SENDER, "/f/", PREFIX, page_sender_csv, NULL, false, ".csv",
		NULL },
	{ METERS_SENDER, "/f/", PREFIX, page_sender, NULL, false, NULL, NULL },
	{ METERS_VOUCH, "/s/", PREFIX, page_vouch, page_vouch_post, false, NULL,
		NULL },
	{ METERS_FBL, "/fbl", WHOLE, page_fbl, page_fbl_post, false, NULL,
		NULL },
	{ METERS_FBL_LINK, "/fc/", PREFIX, page_fbl_link, page_fbl_link_post,
		false, NULL, NULL },
	{ METERS_FBL_END, "/fe/", PREFIX, page_fbl_end, page_fbl_end_post,
		false, NULL, NULL },
};

/* ---- which one ---- */

static bool ends_in(struct slice text, struct slice end)
{
	return text.len > end.len &&
		slice_is_equal(
			slice_part(text, text.len - end.len, end.len), end);
}

/* *rest: what follows the route's path. */
static bool fits(const struct route *r, struct slice path, struct slice *rest)
{
	const struct slice want = slice_of(r->path);

	if (!slice_has_prefix(path, want) ||
		(r->match == WHOLE && path.len != want.len) ||
		(r->match == PREFIX && path.len == want.len))
		return false;
	*rest = slice_part(path, want.len, path.len);
	if (r->end != NULL) {
		if (!ends_in(*rest, slice_of(r->end)))
			return false;
		*rest = slice_part(*rest, 0, rest->len - slice_of(r->end).len);
	}
	if (r->rest != NULL)
		*rest = slice_of(r->rest);
	return true;
}

static const struct route *find_route(struct slice path, struct slice *rest)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (fits(&routes[i], path, rest))
			return &routes[i];
	return NULL;
}

/* ---- answers ---- */

static void bad_method(struct visit *v, const struct route *route)
{
	static const struct web_field read_only[] = {
		{ "Allow", "GET, HEAD" },
		{ NULL, NULL },
	};
	static const struct web_field post_only[] = {
		{ "Allow", "POST" },
		{ NULL, NULL },
	};

	view_say(v->view, "title", "This page cannot be asked for like this");
	visit_page(v, STATUS_BAD_METHOD, "bad-method");
	v->out->fields = route->get == NULL ? post_only : read_only;
}

/* Does its form bring files? */
static bool has_files(const struct route *route)
{
	return route->post == page_report_post;
}

/* An octet is three when it is escaped. */
static size_t short_max(const struct conf *conf, bool is_long)
{
	return FORM_MAX + (is_long ? 3 * conf->support.text_max : 0);
}

static size_t body_max(const struct conf *conf, const struct route *route)
{
	return has_files(route)
		? FORM_MAX + 3 * VISIT_PASTE_MAX + conf->reports.upload_max
		: short_max(conf, route->is_long);
}

size_t routes_body_max(const struct conf *conf)
{
	return short_max(conf, true);
}

void routes_room(void *ctx, struct slice path, struct web_room *out)
{
	struct slice rest = slice_of("");
	const struct route *route = find_route(path, &rest);
	struct context_view view;

	if (route == NULL || !has_files(route))
		return;
	context_enter(ctx, &view);
	out->body_max = body_max(view.conf, route);
	out->has_files = true;
	context_leave(&view);
}

static bool is_form(struct slice type)
{
	return slice_is_equal_nocase(
		slice_trim(slice_part(type, 0, slice_find(type, ';'))),
		slice_of("application/x-www-form-urlencoded"));
}

static struct form_limits form_limits(
	const struct conf *conf, const struct route *route)
{
	struct form_limits l = {
		.value_max = VALUE_MAX,
		.is_multiline = route->is_long || has_files(route),
	};

	if (route->is_long)
		l.value_max = conf->support.text_max;
	if (has_files(route))
		l.value_max = VISIT_PASTE_MAX;
	return l;
}

/* A form with files. */
static enum result read_files(struct visit *v, const struct form_limits *values)
{
	const struct multipart_limits limits = {
		.values = *values,
		.files_max = MULTIPART_FILES_MAX,
		.octets_max = v->site.conf->reports.upload_max,
	};
	struct multipart *m = arena_alloc(v->arena, sizeof(*m));
	enum result res = m == NULL ? RES_NOMEM
				    : multipart_parse(m, v->rq->content_type,
					      v->rq->body, &limits, v->arena);

	if (res == RES_OK) {
		v->form = m->form;
		v->files = m->file;
		v->file_count = m->count;
	}
	return res;
}

/* False: it was answered. */
static bool read_form(struct visit *v, const struct route *route)
{
	const struct form_limits limits = form_limits(v->site.conf, route);
	const struct slice body = v->rq->body;
	const bool is_multipart =
		has_files(route) && multipart_is_type(v->rq->content_type);
	enum result res;

	if (body.len > body_max(v->site.conf, route)) {
		visit_bad(v, STATUS_TOO_LARGE);
		return false;
	}
	if (body.len > 0 && !is_multipart && !is_form(v->rq->content_type)) {
		visit_bad(v, STATUS_TYPE);
		return false;
	}
	res = is_multipart ? read_files(v, &limits)
			   : form_parse(&v->form, body, &limits, v->arena);
	if (res != RES_OK)
		visit_bad(v,
			res == RES_TOOBIG || res == RES_NOMEM
				? STATUS_TOO_LARGE
				: STATUS_BAD_REQUEST);
	return res == RES_OK;
}

static void answer(struct visit *v, const struct route *route)
{
	const bool is_post = slice_is_equal(v->rq->method, slice_of("POST"));
	void (*page)(struct visit * v) = NULL;

	if (route == NULL) {
		visit_not_found(v);
		return;
	}
	page = is_post ? route->post : route->get;
	if (page == NULL)
		bad_method(v, route);
	else if (!is_post || read_form(v, route))
		page(v);
}

void routes_handle(
	void *ctx, const struct web_request *rq, struct web_answer *out)
{
	struct context *c = ctx;
	struct slice rest = slice_of("");
	const struct route *route = find_route(rq->path, &rest);
	const enum meters_route name =
		route == NULL ? METERS_NONE : route->name;
	struct visit v = { .rest = rest };
	struct logline line;

	if (visit_begin(&v, c, rq, out) == RES_OK)
		answer(&v, route);
	visit_end(&v);
	meters_page(context_meters(c), name, out->status);
	/* No path: what hides in it is the visitor's. */
	log_start(&line,
		out->status < STATUS_BAD_REQUEST ? LOG_LEVEL_DEBUG
						 : LOG_LEVEL_INFO,
		"page");
	log_text(&line, "route", meters_route_name(name));
	log_number(&line, "status", (int64_t)out->status);
	log_send(&line);
}
