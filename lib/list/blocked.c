/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/blocked.h"

#include "store/blocklist.h"

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

void blocked_run(const struct check_input *in, struct findings *out)
{
	struct blocklist_result r = { .answer = BLOCKLIST_UNKNOWN };
	struct slice scope = { NULL, 0 };

	if (in->envelope != NULL)
		scope = slice_of(in->envelope->rcpt_domain);
	if (blocklist_match(in->service, &in->conn->ip, scope, in->arena, &r) !=
		RES_OK) {
		/* Our own trouble is told apart from that of Redis. */
		findings_add(out, "blocked")->detail = "internal";
		return;
	}
	blocked_report(&r, out);
}
