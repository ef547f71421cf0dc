/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /c/TOKEN and /c/TOKEN/cancel: the links of a letter. To look at one changes
 * nothing, for programs that scan mail look at all of them; the button acts.
 *
 * A link has the request with it, "?r=RID", so that one that was used up still
 * leads to what became of it. The token alone counts.
 */
#include "base/hmac.h"
#include "conf/conf.h"
#include "portal/guard.h"
#include "portal/pages.h"
#include "portal/showing.h"
#include "store/delist.h"
#include "store/token.h"

static const char action[] = "/c/";

struct confirmation {
	char token[TOKEN_TEXT_MAX];
	bool is_cancel; /* by the path, or by the token */
	struct delist_request q;
};

static void show_unknown(struct visit *v)
{
	view_say(v->view, "title", "This link leads nowhere any more");
	visit_page(v, STATUS_NOT_FOUND, "link-unknown");
}

static bool is_made_for(
	const struct visit *v, const char *token, struct slice rid)
{
	static const enum token_purpose purposes[] = { TOKEN_MAIL,
		TOKEN_CANCEL };
	char made[TOKEN_TEXT_MAX];
	bool is_so = false;

	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
		if (token_make(v->site.secret, purposes[i], rid, made) ==
				RES_OK &&
			hmac_is_equal(made, token, TOKEN_LEN))
			is_so = true;
	return is_so;
}

/* A token that is not there any more: whoever has it was sent the letter, and
 * may see what became of the request. */
static void show_used(struct visit *v, struct confirmation *c)
{
	const struct slice shown = form_value(&v->query, "r");
	char rid[CASE_REF_MAX];

	if (case_ref_parse(shown, rid) != RES_OK ||
		!is_made_for(v, c->token, slice_of(rid))) {
		show_unknown(v);
		return;
	}
	if (showing_read(v, slice_of(rid), &c->q))
		showing_redirect(v, &c->q);
}

/* TOKEN or TOKEN/cancel. */
static bool read_path(struct slice rest, struct confirmation *c)
{
	const size_t slash = slice_find(rest, '/');
	const struct slice end = slice_part(rest, slash, rest.len);

	c->is_cancel = slice_is_equal(end, slice_of("/cancel"));
	return (end.len == 0 || c->is_cancel) &&
		token_parse(slice_part(rest, 0, slash), c->token) == RES_OK;
}

/* False: it was answered. */
static bool find(struct visit *v, struct confirmation *c)
{
	enum token_purpose purpose = TOKEN_NONE;
	struct redis *r;
	char rid[CASE_REF_MAX];
	enum result res;

	if (!read_path(v->rest, c)) {
		show_unknown(v);
		return false;
	}
	r = visit_redis(v);
	if (r == NULL)
		return false;
	res = delist_find(r, v->site.conf, slice_of(c->token), &purpose, rid);
	/* Of ADDRESS: it is for a message and a record, and no link. */
	if (res == RES_MISSING || (res == RES_OK && purpose == TOKEN_ADDRESS)) {
		show_used(v, c);
		return false;
	}
	if (res != RES_OK) {
		visit_failed(v, "token", res);
		return false;
	}
	if (purpose == TOKEN_CANCEL)
		c->is_cancel = true;
	if (!showing_read(v, slice_of(rid), &c->q))
		return false;
	if (delist_is_open(c->q.state))
		return true;
	showing_redirect(v, &c->q);
	return false;
}

static void add_path(struct visit *v, const struct confirmation *c,
	const char *name, const char *end)
{
	view_format(v->view, name, "%s%s%s?r=%s%s%s", action, c->token, end,
		c->q.rid, v->lang_query[0] != '\0' ? "&" : "",
		v->lang_query[0] != '\0' ? v->lang_query + 1 : "");
}

static void show(struct visit *v, const struct confirmation *c, unsigned status)
{
	char ip[IPADDR_TEXT_MAX];

	view_text(v->view, "ip", ipaddr_format(&c->q.ip, ip));
	add_path(v, c, "action", c->is_cancel ? "/cancel" : "");
	add_path(v, c, "cancel_action", "/cancel");
	guard_form(v, action);
	if (!c->is_cancel) {
		view_say(v->view, "title", "Confirm your request");
		visit_page(v, status, "confirm");
		return;
	}
	view_say(v->view, "title", "Cancel a request that is not yours");
	visit_span(v, v->view, "quiet_span",
		(int64_t)v->site.conf->delist.quiet_s);
	visit_page(v, status, "cancel");
}

void page_confirm(struct visit *v)
{
	struct confirmation c;
	enum result res;

	if (!find(v, &c))
		return;
	/* Counting is all that a look does; without it the page is as good. */
	res = delist_viewed(visit_redis(v), v->site.conf, slice_of(c.q.rid));
	(void)res;
	show(v, &c, STATUS_OK);
}

/* A link to confirm came to the same mailbox as the one to cancel, so it is
 * good for that, too. */
static void cancel(struct visit *v, const struct confirmation *c)
{
	char token[TOKEN_TEXT_MAX];
	enum result res = token_make(
		v->site.secret, TOKEN_CANCEL, slice_of(c->q.rid), token);

	if (res == RES_OK)
		res = delist_cancel(visit_redis(v), v->site.conf,
			slice_of(token), v->now_ms);
	/* MISSING: it is over already, and its page says how. */
	if (res == RES_OK || res == RES_MISSING)
		showing_redirect(v, &c->q);
	else
		visit_failed(v, "cancel", res);
}

void page_confirm_post(struct visit *v)
{
	const enum guard_answer answer = guard_check(v, action);
	struct confirmation c;

	if (!showing_may_press(v, answer))
		return;
	if (!find(v, &c))
		return;
	if (answer == GUARD_STALE)
		show(v, &c, STATUS_UNPROCESSABLE);
	else if (c.is_cancel)
		cancel(v, &c);
	else
		/* Who presses it on the server itself has that, too. */
		showing_confirm(v, &c.q, slice_of(c.token),
			showing_is_here(v, &c.q) ? GRANT_PROOF_ADDRESS
						 : GRANT_PROOF_MAIL);
}
