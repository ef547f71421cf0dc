/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PASSES = 10 };

/* Found by cross-validation on the learning half of real mail. */
static const double first_rate = 15;
static const double fall = 0.3; /* of a pass */
static const double seen_at_first = 0.3; /* as if learnt so much before */

/* The length of a vector of so many ones, and of one for the constant. */
static double length_of(size_t count)
{
	return sqrt((double)count + 1.0);
}

double model_probability(double log_odds)
{
	return 1.0 / (1.0 + exp(-log_odds));
}

static double sum(const float *weights, const uint32_t *index, size_t count)
{
	double s = 0;

	for (size_t i = 0; i < count; i++)
		s += (double)weights[index[i]];
	return s / length_of(count) + (double)weights[0];
}

double model_log_odds(const float *weights, const struct tokens *t)
{
	return sum(weights, t->index, t->count);
}

double model_share(const float *weights, uint32_t index, size_t count)
{
	return (double)weights[index] / length_of(count);
}

struct learning {
	float *weights;
	float *seen; /* squares of what each weight has been moved by */
	double rate;
};

static void move(struct learning *l, uint32_t index, double step)
{
	float seen = l->seen[index] + (float)(step * step);

	l->seen[index] = seen;
	l->weights[index] += (float)(l->rate * step / sqrt((double)seen));
}

static void learn_one(
	struct learning *l, const struct model_example *e, double importance)
{
	double p = model_probability(sum(l->weights, e->index, e->count));
	double error = ((e->is_spam ? 1.0 : 0.0) - p) * importance;
	double step = error / length_of(e->count);

	for (size_t i = 0; i < e->count; i++)
		move(l, e->index[i], step);
	move(l, 0, error);
}

enum result model_learn(
	const struct model_example *example, size_t count, float *weights)
{
	struct learning l = { .weights = weights };
	size_t spam = 0;

	for (size_t i = 0; i < count; i++)
		spam += example[i].is_spam;
	memset(weights, 0, TOKENS_SPACE * sizeof(*weights));
	if (spam == 0 || spam == count)
		return RES_OK;
	l.seen = malloc(TOKENS_SPACE * sizeof(*l.seen));
	if (l.seen == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < TOKENS_SPACE; i++)
		l.seen[i] = (float)seen_at_first;

	double of_spam = (double)count / (2.0 * (double)spam);
	double of_ham = (double)count / (2.0 * (double)(count - spam));

	for (unsigned pass = 0; pass < PASSES; pass++) {
		l.rate = first_rate / (1.0 + fall * pass);
		/* To and fro: what came last weighs a little more. */
		for (size_t i = 0; i < count; i++) {
			const struct model_example *e =
				&example[pass % 2 == 0 ? i : count - 1 - i];

			learn_one(&l, e, e->is_spam ? of_spam : of_ham);
		}
	}
	free(l.seen);
	return RES_OK;
}
