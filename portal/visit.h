/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/visit - one request and the page that answers it.
 *
 * Made by portal/routes, handed to the function of the route, which fills the
 * view and names a template. All memory is of the visit's arena.
 *
 * In every view, for templates: lang, lang_query ("?lang=es" or ""),
 * languages {tag, name, href, is_current}, site_name, host, portal_url,
 * postmaster, abuse (mail addresses), logo (path), year, has_errors. A page
 * that search engines may show sets is_public.
 * Threads: the visit's own.
 */
#pragma once

#include "net/ipaddr.h"
#include "portal/context.h"
#include "web/form.h"
#include "web/language.h"
#include "web/server.h"
#include "web/view.h"

struct arena;
struct multipart_file;

enum {
	VISIT_MEMORY_MAX = 1024 * 1024,
	/* Octets of one text in a form with files: it is twice in that memory
	 * when it is shown again. */
	VISIT_PASTE_MAX = 128 * 1024,
	STATUS_OK = 200,
	STATUS_SEE_OTHER = 303,
	STATUS_BAD_REQUEST = 400,
	STATUS_FORBIDDEN = 403,
	STATUS_NOT_FOUND = 404,
	STATUS_BAD_METHOD = 405,
	STATUS_UNPROCESSABLE = 422, /* a form that must be corrected */
	STATUS_TOO_LARGE = 413,
	STATUS_TYPE = 415, /* a body that is no form */
	STATUS_TOO_MANY = 429,
	STATUS_INTERNAL = 500,
	STATUS_UNAVAILABLE = 503
};

struct visit {
	struct context_view site; /* conf, texts, secret, clock */
	const struct web_request *rq;
	struct web_answer *out;
	struct arena *arena;
	struct view *view; /* the root; frame values are in it already */
	enum language language;
	const char *lang_query; /* "?lang=es", or "" when nobody chose it */
	struct slice rest; /* of the path, behind the route's */
	struct form query;
	struct form form; /* of a POST */
	/* Files of a POST, where the route takes them; borrowed from the body
	 */
	const struct multipart_file *files;
	size_t file_count;
	/* Who the visitor is: the peer, or what a trusted proxy says (last hop
	 * of X-Forwarded-For). */
	struct ipaddr client;
	bool has_client;
	int64_t now_ms; /* wall, when the request came */
	struct context_loan *loan; /* of visit_redis */
};

/*
 * The connection of this visit, opened when first asked for. NULL: Redis cannot
 * be asked; the answer is then the 503 page, and the page's function returns.
 */
struct redis *visit_redis(struct visit *v);

/* Renders the template in the visitor's language. "title" must be in the view
 * (view_say). */
void visit_page(struct visit *v, unsigned status, const char *template);

/* The pages for which there is nothing more to say. */
void visit_not_found(struct visit *v);
void visit_unavailable(struct visit *v);
void visit_forbidden(struct visit *v);
/* A request that cannot be read: status is 400, 413 or 415. */
void visit_bad(struct visit *v, unsigned status);
/* Too many forms or evaluations of this client. */
void visit_too_many(struct visit *v, int64_t wait_s);
/* Redis said no, or our own code broke: logs, and visit_unavailable. */
void visit_failed(struct visit *v, const char *what, enum result res);

/* 303 to a path of ours (RFC 9110 s15.4.4), lang kept. */
void visit_redirect(struct visit *v, const char *path);

/*
 * A fault of one field of a form: shown beside the field and in the summary at
 * the top of the page with a link to it. field: the id in the template, e.g.
 * "mail"; text: English, static. In the view: list "errors" {field, text}, and
 * for the field FIELD_error (words). visit_page turns the title into
 * "Error: ..." when there is one.
 */
void visit_fault(struct visit *v, const char *field, const char *text);
bool visit_has_faults(const struct visit *v);

/* A time as people read it, "26 November 2026, 18:14 UTC" in the language of
 * the visitor; view gets NAME (that text) and NAME_iso (RFC 3339) for
 * <time datetime>. 0: neither. */
void visit_time(struct visit *v, struct view *to, const char *name,
	const char *name_iso, int64_t wall_ms);
/* A day as people read it: "26 November 2026" from "2026-11-26"; what is no
 * such date stays as it is. */
void visit_date(
	struct visit *v, struct view *to, const char *name, struct slice date);
/* A span as people read it, "2 days", "3 hours": rounded up. */
void visit_span(
	struct visit *v, struct view *to, const char *name, int64_t seconds);

/* ---- for portal/routes ---- */

/* Reads who and in which language, and fills the frame. The rest of v is
 * zeroed. RES_NOMEM: a plain 500 was answered; visit_end even then. */
enum result visit_begin(struct visit *v, struct context *c,
	const struct web_request *rq, struct web_answer *out) MUST_USE;
void visit_end(struct visit *v);
