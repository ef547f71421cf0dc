/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/paused.h"

#include "store/account.h"
#include "store/blocklist.h"
#include "store/client.h"

struct slice paused_account(
	const struct conn *conn, const struct envelope *envelope)
{
	if (conn->kind != CONN_REMOTE)
		return slice_of("");
	if (!slice_is_empty(envelope->auth_type))
		return envelope->auth_name;
	return conn->is_trusted ? envelope->sender.whole : slice_of("");
}

static void report(const struct listing *l, bool shadow, struct findings *out)
{
	struct finding *f = findings_add(out, "account");

	f->outcome = OUTCOME_HIT;
	f->detail = "paused";
	f->shadow = shadow;
	f->subject = l->key;
	f->evidence = l->reason;
	f->until_s = l->until_s;
}

void paused_run(const struct check_input *in, struct findings *out)
{
	const struct paused_service *service = in->service;
	struct slice name = paused_account(in->conn, in->envelope);
	struct blocklist_result r = { .answer = BLOCKLIST_UNKNOWN };
	char hash[SECRET_HASH_MAX];
	struct list_client c = { .asn = 0 };

	if (service == NULL || service->secret == NULL ||
		slice_is_empty(name) ||
		account_hash(service->secret, name, hash) != RES_OK)
		return;
	c.account = slice_of(hash);
	if (blocklist_match_client(service->list, &c,
		    slice_of(in->envelope->rcpt_domain), in->arena,
		    &r) != RES_OK)
		return;
	if (r.answer == BLOCKLIST_BLOCKED && r.winner != NULL)
		report(r.winner, false, out);
	else if (r.answer == BLOCKLIST_CLEAR && r.shadow != NULL)
		report(r.shadow, true, out);
}
