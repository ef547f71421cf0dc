/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/content.h"

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "heur/model.h"
#include "store/modelcopy.h"

#include <math.h>

_Static_assert((int)TOKENS_SPACE == (int)LESSON_SPACE &&
		(int)TOKENS_MAX == (int)LESSON_FEATURES_MAX,
	"what is taught must fit what is kept");

enum { NAMED_MAX = 8, NAME_OCTETS_MAX = 80, EVIDENCE_MAX = 700 };

/* At even odds nothing, five sixths at a probability of 98 %, and never quite
 * all: the order of two messages is kept. */
static const double steepness = 3.3;

double content_certainty(double log_odds)
{
	return tanh(fabs(log_odds) / steepness);
}

/* ---- what weighed most ---- */

struct named {
	uint32_t index;
	double share; /* positive: for what it was taken for */
	struct buf text;
};

struct naming {
	struct named top[NAMED_MAX]; /* the greatest first */
	size_t count;
};

/* Keeps the greatest. */
static void rank(struct naming *n, uint32_t index, double share)
{
	size_t at = n->count;

	while (at > 0 && n->top[at - 1].share < share)
		at--;
	if (!(share > 0) || at == NAMED_MAX)
		return;
	if (n->count < NAMED_MAX)
		n->count++;
	for (size_t i = n->count - 1; i > at; i--)
		n->top[i] = n->top[i - 1];
	n->top[at] = (struct named){ .index = index, .share = share };
}

static void name(void *ctx, const struct token *t)
{
	struct naming *n = ctx;

	for (size_t i = 0; i < n->count; i++) {
		struct named *to = &n->top[i];

		/* The first of those that share an index stands for it. */
		if (to->index == t->index && to->text.len == 0)
			token_format(t, &to->text);
	}
}

static void add_names(const struct naming *n, struct buf *out)
{
	const char *between = "";

	for (size_t i = 0; i < n->count; i++) {
		if (n->top[i].text.len == 0)
			continue;
		buf_add_text(out, between);
		buf_add(out, buf_slice(&n->top[i].text));
		between = "; ";
	}
}

static enum result explain(const struct tokens_source *source,
	const float *weights, const struct tokens *t, bool is_spam,
	struct buf *out)
{
	struct naming n = { .count = 0 };
	enum result res;

	for (size_t i = 0; i < t->count; i++) {
		double share = model_share(weights, t->index[i], t->count);

		rank(&n, t->index[i], is_spam ? share : -share);
	}
	for (size_t i = 0; i < n.count; i++)
		buf_init(&n.top[i].text, NAME_OCTETS_MAX);
	/* Once more over the message: a hash has no way back to its name. */
	res = tokens_walk(source, name, &n);
	if (res == RES_OK)
		add_names(&n, out);
	for (size_t i = 0; i < n.count; i++)
		buf_clear(&n.top[i].text);
	return res == RES_OK ? buf_result(out) : res;
}

enum result content_explain(const struct tokens_source *source,
	const float *weights, double log_odds, struct buf *out)
{
	struct tokens t;
	enum result res = tokens_gather(source, &t);

	if (res == RES_OK)
		res = explain(source, weights, &t, log_odds > 0, out);
	tokens_clear(&t);
	return res;
}

/* ---- the check ---- */

/* "looks like spam (98.2 %): word money; subject free". */
static struct slice describe(const struct check_input *in,
	const struct tokens_source *source, const float *weights,
	const struct tokens *t)
{
	double odds = model_log_odds(weights, t);
	double p = model_probability(odds);
	struct slice kept = slice_of("");
	struct buf text;

	buf_init(&text, EVIDENCE_MAX);
	buf_add_format(&text,
		"looks like %s (%.1f %%): ", odds > 0 ? "spam" : "no spam",
		100 * (odds > 0 ? p : 1 - p));
	/* Without memory for the names the rest says enough. */
	(void)!explain(source, weights, t, odds > 0, &text);
	if (arena_copy(in->arena, buf_slice(&text), &kept) != RES_OK)
		kept = slice_of("");
	buf_clear(&text);
	return kept;
}

static void judge(const struct check_input *in, const float *weights,
	struct findings *out)
{
	const struct conf_content *c = &in->conf->content;
	const struct tokens_source source = {
		.message = in->message,
		.body = in->body,
		.octets_max = c->octets_max,
	};
	struct finding *f = findings_add(out, "content");
	struct tokens t;
	double odds, factor;

	if (tokens_gather(&source, &t) != RES_OK) {
		f->detail = "temperror";
		f->evidence = slice_of("no memory");
		return;
	}
	odds = model_log_odds(weights, &t);
	factor =
		content_certainty(odds) * (odds > 0 ? c->spam_max : c->ham_max);
	f->outcome = OUTCOME_MISS;
	f->detail = "";
	/* Zero would mean "once" to policy. */
	if (factor > 0) {
		f->outcome = OUTCOME_HIT;
		f->detail = odds > 0 ? "spam" : "ham";
		f->factor = factor;
		f->evidence = describe(in, &source, weights, &t);
	}
	tokens_clear(&t);
}

static bool has_learnt(
	const struct lessons_about *about, const struct conf_content *c)
{
	return about->spam >= c->min_learnt && about->ham >= c->min_learnt;
}

static void report(
	const char *detail, enum outcome outcome, struct findings *out)
{
	struct finding *f = findings_add(out, "content");

	f->outcome = outcome;
	f->detail = detail;
}

enum check_progress content_step(
	const struct check_input *in, struct findings *out)
{
	const struct modelcopy_model *model = NULL;
	enum result res;

	if (out == NULL || !in->conf->content.enabled || in->service == NULL)
		return CHECK_DONE;
	res = modelcopy_hold(in->service, &model);
	if (res != RES_OK && res != RES_MISSING)
		report("temperror", OUTCOME_UNKNOWN, out);
	else if (model == NULL ||
		!has_learnt(&model->about, &in->conf->content))
		report("", OUTCOME_MISS, out);
	else
		judge(in, model->weights, out);
	if (model != NULL)
		modelcopy_release(in->service, model);
	return CHECK_DONE;
}
