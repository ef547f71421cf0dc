/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/greylist.h"

#include "store/ledger.h"

static const char name[] = "greylist";

static void add_hit(struct findings *out, const char *word, int64_t until_s,
	const char *evidence)
{
	struct finding *f = findings_add(out, name);

	f->outcome = OUTCOME_HIT;
	f->detail = word;
	f->until_s = until_s;
	f->evidence = slice_of(evidence);
}

/* Might the sender have proved a name, could DNS have told? */
static bool is_unsure(
	const struct auth_facts *auth, const struct ledger_greylist *g)
{
	if (auth == NULL || g->record >= 0)
		return false;
	for (unsigned i = 0; auth->dkim_is_known && i < auth->dkim_count; i++)
		if (auth->dkim[i].result == AUTH_TEMPERROR)
			return true;
	return auth->mailfrom.result == AUTH_TEMPERROR ||
		auth->dmarc.result == AUTH_TEMPERROR;
}

static bool is_hit(const struct ledger_greylist *g)
{
	return g->answer == LEDGER_GREY_FIRST || g->answer == LEDGER_GREY_EARLY;
}

void greylist_report(const struct check_input *in, enum result res,
	const struct ledger_question *q, struct findings *out)
{
	const struct ledger_greylist *g = &q->grey;

	if ((res != RES_OK && g->is_wanted) ||
		(is_hit(g) && is_unsure(in->auth, g))) {
		findings_add(out, name)->detail = "temperror";
		return;
	}
	switch (g->answer) {
	case LEDGER_GREY_NONE:
		return;
	case LEDGER_GREY_FIRST:
		add_hit(out, "first", g->until_s,
			"first message of this network from this sender to "
			"this recipient");
		return;
	case LEDGER_GREY_EARLY:
		add_hit(out, "early", g->until_s,
			"came again before the time it was told");
		return;
	case LEDGER_GREY_PASSED:
	case LEDGER_GREY_KNOWN:
	case LEDGER_GREY_SKIPPED:
		break;
	}
	findings_add(out, name)->outcome = OUTCOME_MISS;
}
