/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/reputation.h"

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "store/ledger.h"

static const char name[] = "reputation";

static const double good_share = 0.1; /* of bad ones, at most */
static const double neighbours = 0.5; /* what the network's word is worth */

enum { TEXT_MAX = 512 };

enum reputation reputation_of(
	const struct ledger_record *r, unsigned min_messages, double *factor)
{
	double sum = r->good + r->bad;
	double share, weight;

	*factor = 0;
	if (sum < min_messages || sum <= 0)
		return REPUTATION_UNKNOWN;
	share = r->bad / sum;
	/* Half of what much more would be worth, at the fewest. */
	weight = sum / (sum + min_messages);
	if (share >= LEDGER_BAD_SHARE) {
		*factor = share * weight;
		return REPUTATION_BAD;
	}
	if (share > good_share)
		return REPUTATION_MIXED;
	*factor = (1 - share / (2 * good_share)) * weight;
	return REPUTATION_GOOD;
}

/* What is known of the sender, and of whom. */
struct opinion {
	enum reputation reputation;
	double factor;
	const struct ledger_record *record; /* NULL: of nobody */
};

static struct opinion ask(
	const struct ledger_question *q, enum ledger_limit kind, unsigned min)
{
	struct opinion o = { .reputation = REPUTATION_UNKNOWN };

	for (size_t i = 0; i < q->record_count; i++) {
		if (q->record[i].kind != kind)
			continue;
		o.record = &q->record[i];
		o.reputation = reputation_of(o.record, min, &o.factor);
	}
	return o;
}

static struct opinion choose(const struct ledger_question *q, unsigned min)
{
	struct opinion domain = ask(q, LEDGER_DOMAIN, min);
	struct opinion address = ask(q, LEDGER_ADDRESS, min);
	struct opinion network;

	if (domain.record != NULL) {
		if (domain.reputation == REPUTATION_GOOD &&
			address.reputation == REPUTATION_BAD)
			domain.reputation = REPUTATION_MIXED;
		return domain.reputation != REPUTATION_UNKNOWN ? domain
							       : address;
	}
	if (address.reputation != REPUTATION_UNKNOWN)
		return address;
	network = ask(q, LEDGER_NETWORK, min);
	network.factor *= neighbours;
	return network;
}

static void add_hit(const struct check_input *in, const struct opinion *o,
	double factor, struct findings *out)
{
	const struct ledger_record *r = o->record;
	struct finding *f = findings_add(out, name);
	struct buf text;

	f->outcome = OUTCOME_HIT;
	f->detail = o->reputation == REPUTATION_BAD ? "bad" : "good";
	f->factor = factor;
	buf_init(&text, TEXT_MAX);
	buf_add_format(&text, "%s:%.*s", ledger_limit_name(r->kind),
		SLICE_ARG(r->who));
	if (arena_copy(in->arena, buf_slice(&text), &f->subject) != RES_OK)
		f->subject = slice_of("");
	buf_reset(&text);
	buf_add_format(&text,
		"of about %.0f messages of %.*s lately %.0f were unwanted",
		r->good + r->bad, SLICE_ARG(r->who), r->bad);
	if (arena_copy(in->arena, buf_slice(&text), &f->evidence) != RES_OK)
		f->evidence = slice_of("");
	buf_clear(&text);
}

void reputation_report(const struct check_input *in, enum result res,
	const struct ledger_question *q, struct findings *out)
{
	const struct conf_reputation *conf = &in->conf->reputation;
	struct opinion o;
	double factor;

	if (!conf->enabled)
		return;
	if (res != RES_OK) {
		findings_add(out, name)->detail = "temperror";
		return;
	}
	o = choose(q, conf->min_messages);
	factor = o.factor * conf->score_max;
	/* A factor of 0 would count once. */
	if (factor > 0 &&
		(o.reputation == REPUTATION_GOOD ||
			o.reputation == REPUTATION_BAD))
		add_hit(in, &o, factor, out);
	else
		findings_add(out, name)->outcome = OUTCOME_MISS;
}
