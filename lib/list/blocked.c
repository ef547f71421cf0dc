/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/blocked.h"

#include "store/blocklist.h"
#include "store/client.h"
#include "store/sponsor.h"

#include <string.h>

static void report_listing(struct finding *f, const struct listing *l)
{
	if (l == NULL)
		return;
	f->subject = l->key;
	f->evidence = l->reason;
	f->until_s = l->until_s;
	f->detail = listing_class_name(l->class);
}

void blocked_report(const struct blocklist_result *r, struct findings *out)
{
	struct finding *blocked = findings_add(out, "blocked");
	struct finding *allowed = findings_add(out, "allowed");

	switch (r->answer) {
	case BLOCKLIST_UNKNOWN:
		return;
	case BLOCKLIST_ALLOWED:
		allowed->outcome = OUTCOME_HIT;
		report_listing(allowed, r->winner);
		allowed->detail = "";
		blocked->outcome = OUTCOME_MISS;
		return;
	case BLOCKLIST_BLOCKED:
		blocked->outcome = OUTCOME_HIT;
		report_listing(blocked, r->winner);
		allowed->outcome = OUTCOME_MISS;
		return;
	case BLOCKLIST_CLEAR:
		break;
	}
	allowed->outcome = OUTCOME_MISS;
	blocked->outcome = OUTCOME_MISS;
	if (r->shadow != NULL) {
		blocked->outcome = OUTCOME_HIT;
		blocked->shadow = true;
		report_listing(blocked, r->shadow);
	}
}

/* ---- who it is ---- */

struct names {
	char ptr[HOSTNAME_MAX];
	char helo[HOSTNAME_MAX];
	char sender[HOSTNAME_MAX];
};

/* Empty when it is no name. */
static struct slice fold(struct slice text, char out[HOSTNAME_MAX])
{
	size_t len;

	if (hostname_parse(text, out, &len) != RES_OK)
		return slice_of("");
	return slice_make(out, len);
}

/* The result borrows from names. SPF is not known at RCPT yet, so a name in
 * MAIL FROM is a claim there, whatever becomes of it. */
static struct list_client client_of(
	const struct check_input *in, struct names *names)
{
	const struct conn *conn = in->conn;
	struct list_client c = { .ip = conn->ip, .asn = conn->asn };

	memcpy(c.country, conn->country, sizeof(c.country));
	if (slice_is_equal(conn->resolve, slice_of("OK")))
		c.proven = fold(
			slice_is_empty(conn->ptr) ? conn->hostname : conn->ptr,
			names->ptr);
	c.claimed[0] = fold(conn->helo, names->helo);
	if (in->envelope != NULL)
		c.claimed[1] = fold(in->envelope->sender.domain, names->sender);
	return c;
}

/* Only an entry of the mailbox's own scope makes a difference. */
static enum result match_mailbox(const struct check_input *in,
	const struct list_client *client, struct blocklist_result *r)
{
	const struct blocked_service *service = in->service;
	struct blocklist_result own = { .answer = BLOCKLIST_UNKNOWN };
	char scope[HOSTNAME_MAX];
	enum result res;

	if (service->secret == NULL || in->envelope == NULL ||
		r->answer != BLOCKLIST_BLOCKED ||
		slice_is_empty(in->envelope->rcpt.domain))
		return RES_OK;
	res = sponsor_scope(service->secret, in->envelope->rcpt.whole, scope);
	if (res == RES_OK)
		res = blocklist_match_client(service->list, client,
			slice_of(scope), in->arena, &own);
	if (res == RES_OK && own.answer == BLOCKLIST_ALLOWED &&
		own.winner != NULL && own.winner->is_scoped)
		*r = own;
	return res;
}

void blocked_run(const struct check_input *in, struct findings *out)
{
	const struct blocked_service *service = in->service;
	struct blocklist_result r = { .answer = BLOCKLIST_UNKNOWN };
	struct slice scope = { NULL, 0 };
	struct names names;
	const struct list_client client = client_of(in, &names);

	if (in->envelope != NULL)
		scope = slice_of(in->envelope->rcpt_domain);
	if (blocklist_match_client(
		    service->list, &client, scope, in->arena, &r) != RES_OK ||
		match_mailbox(in, &client, &r) != RES_OK) {
		/* Our own trouble is told apart from that of Redis. */
		findings_add(out, "blocked")->detail = "internal";
		return;
	}
	blocked_report(&r, out);
}
