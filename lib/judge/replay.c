/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/replay.h"

#include "conf/conf.h"
#include "fact/envelope.h"
#include "policy/rules.h"

#include <stdlib.h>
#include <string.h>

/* Transactions that go on at once in one process; a power of two. The oldest
 * gives way, which costs a message what its recipients left. */
enum { OPEN_MAX = 16384 };

struct transaction {
	uint64_t session; /* 0: free */
	struct verdict carried;
	struct finding cause;
	const struct conf_domain *domain; /* of those taken, or tried */
	unsigned accepted, spared;
};

struct replay {
	const struct conf *conf;
	struct transaction open[OPEN_MAX];
};

struct replay *replay_new(const struct conf *conf)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->conf = conf;
	return r;
}

void replay_free(struct replay *r)
{
	free(r);
}

/* Session numbers are random. */
static struct transaction *transaction_of(
	struct replay *r, const struct fact *f)
{
	struct transaction *t = &r->open[f->session % OPEN_MAX];

	if (t->session != f->session)
		*t = (struct transaction){ .session = f->session };
	return t;
}

static void judge_rcpt(struct replay *r, struct transaction *t,
	const struct fact *f, struct verdict *v)
{
	struct envelope e = { .rcpt_accepted = t->accepted };
	const struct conf_domain *domain =
		conf_domain_find(r->conf, slice_of(f->rcpt_domain));
	const struct rules_input in = { .conf = r->conf,
		.domain = domain,
		.envelope = &e,
		.findings = &f->findings,
		.stage = RULES_RCPT };
	struct verdict alone;

	/* Whose local part it was is not kept, only that it is spared. */
	e.rcpt.local = slice_of(f->is_exempt ? "postmaster" : "-");
	memcpy(e.rcpt_domain, f->rcpt_domain, sizeof(e.rcpt_domain));
	rules_decide(&in, v);
	alone = *v;
	rules_mix(&t->carried, &alone, v);
	if (t->accepted == 0)
		t->domain = domain;
}

static void carry(struct transaction *t, const struct verdict *v)
{
	struct verdict before = t->carried;

	t->accepted++;
	t->spared += v->is_exempt || v->is_trusted;
	rules_carry(&t->carried, v);
	if (before.action != ACTION_NONE &&
		t->carried.action == before.action &&
		t->carried.would_be == before.would_be) {
		t->carried.cause = before.cause;
		return;
	}
	t->carried.cause = NULL;
	if (v->cause == NULL)
		return;
	t->cause = *v->cause;
	t->carried.cause = &t->cause;
}

static void judge_end(struct replay *r, const struct transaction *t,
	const struct fact *f, struct verdict *v)
{
	static const struct envelope nobody;
	const struct rules_input in = { .conf = r->conf,
		.domain = t->domain,
		.envelope = &nobody,
		.findings = &f->findings,
		.carried = &t->carried,
		.stage = RULES_END,
		.all_spared = t->accepted > 0 && t->spared == t->accepted };

	rules_decide(&in, v);
}

/* Who was written to is put off for whatever he would be refused for. */
static void spare_correspondent(
	const struct replay *r, const struct fact *f, struct verdict *v)
{
	if (f->is_correspondent && r->conf->correspondents.enabled &&
		v->action == ACTION_REJECT)
		rules_defer(f->stage == FACT_RCPT ? RULES_RCPT : RULES_END, v);
}

void replay_fact(
	struct replay *r, const struct fact *f, struct replay_result *out)
{
	struct transaction *t = transaction_of(r, f);

	*out = (struct replay_result){ .fact = f, .cause = "" };
	switch (f->stage) {
	case FACT_RCPT:
		judge_rcpt(r, t, f, &out->verdict);
		spare_correspondent(r, f, &out->verdict);
		out->is_told = action_is_refusal(out->verdict.action) ||
			action_is_refusal(f->action);
		if (!action_is_refusal(out->verdict.action))
			carry(t, &out->verdict);
		break;
	case FACT_END:
		judge_end(r, t, f, &out->verdict);
		spare_correspondent(r, f, &out->verdict);
		out->is_told = true;
		break;
	case FACT_ABORT:
		break;
	}
	if (out->verdict.cause != NULL)
		out->cause = out->verdict.cause->check;
	if (f->stage != FACT_RCPT)
		t->session = 0;
}
