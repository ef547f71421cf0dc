/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /status/RID: what becomes of a request, and the ways to confirm it without a
 * letter. Before anything is proved nothing on it depends on the list.
 */
#include "conf/conf.h"
#include "net/cidr.h"
#include "portal/findings.h"
#include "portal/guard.h"
#include "portal/letter.h"
#include "portal/pages.h"
#include "portal/reasons.h"
#include "portal/showing.h"
#include "store/delist.h"
#include "store/nodes.h"
#include "store/token.h"

#include <string.h>

enum {
	REFRESH_S = 2,
	REFRESH_FOR_MS = 60000, /* after it was granted */
	MS_PER_S = 1000
};

static const char action[] = "/status/";

static bool is_proved(const struct delist_request *q)
{
	return grant_proof_parse(q->proof) != GRANT_PROOF_NONE;
}

static void add_times(struct visit *v, const struct delist_request *q)
{
	const int64_t review_ms =
		(int64_t)v->site.conf->delist.review_s * MS_PER_S;

	visit_time(v, v->view, "created", "created_iso", q->created_ms);
	visit_time(v, v->view, "expires", "expires_iso", q->expires_ms);
	visit_time(v, v->view, "until", "until_iso", q->until_ms);
	visit_time(v, v->view, "granted", "granted_iso", q->changed_ms);
	visit_time(v, v->view, "due", "due_iso", q->changed_ms + review_ms);
}

/* What else proves something, with the words that the visitor needs. */
static void add_ways(struct visit *v, const struct delist_request *q)
{
	const struct cidr net = cidr_of_client(&q->ip);
	char net_text[CIDR_TEXT_MAX];
	char client[IPADDR_TEXT_MAX];
	char token[TOKEN_TEXT_MAX];

	if (token_make(v->site.secret, TOKEN_ADDRESS, slice_of(q->rid),
		    token) != RES_OK)
		return;
	view_flag(v->view, "has_ways", true);
	view_flag(v->view, "is_here", showing_is_here(v, q));
	view_text(v->view, "net", cidr_format(&net, net_text));
	view_text(v->view, "client",
		v->has_client ? ipaddr_format(&v->client, client) : "?");
	view_format(v->view, "delist_address", "delist+%s@%s", token,
		letter_host(v->site.conf));
	view_format(v->view, "txt_record", "%s%s", PROOF_TXT, token);
	if (grant_ptr_parse(q->ptr) == GRANT_PTR_CONFIRMED)
		view_slice(v->view, "ptr_name", q->ptr_name);
}

/* How many servers act on it already. */
static void add_nodes(struct visit *v, const struct delist_request *q)
{
	const struct slice prefix = slice_of(v->site.conf->redis.prefix);
	struct redis *r = visit_redis(v);
	struct nodes_count nodes;
	int64_t redis_ms = 0;

	if (q->granted_ms == 0 ||
		nodes_count_active(r, prefix, q->granted_ms, &nodes) !=
			RES_OK ||
		nodes.alive == 0)
		return;
	view_flag(v->view, "has_nodes", true);
	view_number(v->view, "active", (int64_t)nodes.active);
	view_number(v->view, "alive", (int64_t)nodes.alive);
	if (nodes.active < nodes.alive && nodes_time(r, &redis_ms) == RES_OK &&
		redis_ms - q->granted_ms < REFRESH_FOR_MS)
		v->out->refresh_s = REFRESH_S;
}

/* False: it was answered. */
static bool add_granted(struct visit *v, const struct delist_request *q)
{
	const struct cidr net = cidr_of_client(&q->ip);
	const enum grant_ptr ptr = grant_ptr_parse(q->ptr);
	struct standing standing;
	enum result res = standing_read(
		visit_redis(v), v->site.conf, &net, v->now_ms, &standing);

	if (res != RES_OK) {
		visit_failed(v, "standing", res);
		return false;
	}
	view_flag(v->view, "is_granted", true);
	if (slice_is_equal(
		    q->reason, slice_of(grant_reason_name(GRANT_NOT_LISTED)))) {
		view_flag(v->view, "is_not_listed", true);
		return true;
	}
	visit_span(v, v->view, "exception_span",
		(int64_t)v->site.conf->delist.exception_s);
	view_flag(v->view,
		standing.state == STANDING_EXCEPTED ? "is_exception"
						    : "is_removed",
		true);
	view_flag(v->view, "warn_ptr",
		ptr == GRANT_PTR_MISSING || ptr == GRANT_PTR_MISMATCH);
	if (standing.state == STANDING_PAROLE)
		visit_time(v, v->view, "parole_until", "parole_until_iso",
			standing.parole_until_ms);
	add_nodes(v, q);
	return true;
}

static void say_state(struct visit *v, const char *flag)
{
	view_flag(v->view, flag, true);
}

/* A flag for the template, and the title. False: it was answered. */
static bool add_state(struct visit *v, const struct delist_request *q)
{
	switch (q->state) {
	case DELIST_QUEUED:
	case DELIST_SENT:
	case DELIST_BOUNCED:
		view_say(v->view, "title", "Your request is not confirmed yet");
		say_state(v,
			is_proved(q)			     ? "is_short"
				: q->state == DELIST_BOUNCED ? "is_bounced"
							     : "is_waiting");
		break;
	case DELIST_GRANTED:
		view_say(v->view, "title", "Your request was granted");
		return add_granted(v, q);
	case DELIST_WAIT:
		view_say(v->view, "title", "It is too early for removal");
		say_state(v, "is_wait");
		break;
	case DELIST_DENIED:
		view_say(v->view, "title", "Your request was not granted");
		say_state(v, "is_denied");
		break;
	case DELIST_REVIEW:
		view_say(v->view, "title", "A person looks at your request");
		say_state(v, "is_review");
		view_slice(v->view, "ticket", q->ticket);
		if (q->ticket.len == 0)
			v->out->refresh_s = REFRESH_S;
		break;
	case DELIST_UNKNOWN:
	case DELIST_EXPIRED:
		view_say(v->view, "title", "Your request is over");
		say_state(v, "is_expired");
		break;
	case DELIST_CANCELLED:
		view_say(v->view, "title", "The request was cancelled");
		say_state(v, "is_cancelled");
		break;
	}
	return true;
}

static void show(
	struct visit *v, const struct delist_request *q, unsigned status)
{
	char ip[IPADDR_TEXT_MAX];

	view_text(v->view, "ip", ipaddr_format(&q->ip, ip));
	view_format(v->view, "action", "%s%s%s", action, q->rid, v->lang_query);
	add_times(v, q);
	reasons_say(v->view, q->reason);
	view_flag(v->view, "is_repairable",
		slice_is_equal(
			q->reason, slice_of(grant_reason_name(GRANT_PTR))));
	if (!add_state(v, q))
		return;
	if (delist_is_open(q->state) && q->state != DELIST_WAIT)
		add_ways(v, q);
	guard_form(v, action);
	visit_page(v, status, "status");
}

void page_status(struct visit *v)
{
	struct delist_request q;

	if (showing_read(v, v->rest, &q))
		show(v, &q, STATUS_OK);
}

/* ---- the buttons ---- */

struct button {
	const char *name; /* value of the field "do" */
	void (*press)(
		struct visit *v, struct delist_request *q, const char *token);
};

static void press_address(
	struct visit *v, struct delist_request *q, const char *token)
{
	if (showing_is_here(v, q)) {
		showing_confirm(v, q, slice_of(token), GRANT_PROOF_ADDRESS);
		return;
	}
	visit_fault(v, "address",
		"You do not come from this address, so it proves nothing.");
	show(v, q, STATUS_UNPROCESSABLE);
}

/* NULL: it is there. */
static const char *words_for(enum proof_txt txt)
{
	switch (txt) {
	case PROOF_TXT_FOUND:
		break;
	case PROOF_TXT_MISSING:
		return N_("The record is not visible yet. It may take as long "
			  "as your DNS keeps old answers; then try again.");
	case PROOF_TXT_NO_NAME:
		return N_("The address has no name in reverse DNS that leads "
			  "back to it, so there is no place for the record.");
	case PROOF_TXT_UNKNOWN:
		return N_("DNS could not tell at the moment. Please try again "
			  "in a few minutes.");
	}
	return NULL;
}

static void press_txt(
	struct visit *v, struct delist_request *q, const char *token)
{
	const struct proof_dns dns = findings_dns(&v->site);
	const char *words;
	struct slice name;

	if (!guard_evaluation(v))
		return;
	words = words_for(proof_find_txt(&dns, &q->ip, token, v->arena, &name));
	if (words == NULL) {
		showing_confirm(v, q, slice_of(token), GRANT_PROOF_ADDRESS);
		return;
	}
	visit_fault(v, "txt", words);
	show(v, q, STATUS_UNPROCESSABLE);
}

/* What was proved before counts; nothing is added. */
static void press_again(
	struct visit *v, struct delist_request *q, const char *token)
{
	if (is_proved(q))
		showing_confirm(v, q, slice_of(token), GRANT_PROOF_NONE);
	else
		showing_redirect(v, q);
}

static const struct button buttons[] = {
	{ "address", press_address },
	{ "txt", press_txt },
	{ "again", press_again },
};

static void press(struct visit *v, struct delist_request *q)
{
	const struct slice wanted = form_value(&v->form, "do");
	char token[TOKEN_TEXT_MAX];
	enum result res = token_make(
		v->site.secret, TOKEN_ADDRESS, slice_of(q->rid), token);

	if (res != RES_OK) {
		visit_failed(v, "token", res);
		return;
	}
	for (size_t i = 0; i < sizeof(buttons) / sizeof(buttons[0]); i++) {
		if (!slice_is_equal(wanted, slice_of(buttons[i].name)))
			continue;
		buttons[i].press(v, q, token);
		return;
	}
	showing_redirect(v, q);
}

void page_status_post(struct visit *v)
{
	const enum guard_answer answer = guard_check(v, action);
	struct delist_request q;

	if (!showing_may_press(v, answer))
		return;
	if (!showing_read(v, v->rest, &q))
		return;
	if (answer == GUARD_STALE)
		show(v, &q, STATUS_UNPROCESSABLE);
	else if (delist_is_open(q.state))
		press(v, &q);
	else
		showing_redirect(v, &q);
}
