/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/model - plain logistic regression on the features of messages.
 *
 * A weight for each of the TOKENS_SPACE features (heur/tokens), that of index
 * 0, which no feature has, for a message without any. Vectors have the length
 * one, so a long message says no more than a short one. Learning goes over the
 * examples several times with a rate that falls, for each weight by what it
 * has learnt already (Duchi and others, 2011), and gives both kinds the same
 * weight however many there are. The same examples in the same order make the
 * same model. Threads: plain data.
 */
#pragma once

#include "heur/tokens.h"

struct model_example {
	const uint32_t *index; /* borrowed; of struct tokens */
	size_t count;
	bool is_spam;
};

/*
 * Makes weights (TOKENS_SPACE of them) what these examples teach. Without
 * examples of both kinds all of them become 0. RES_NOMEM; weights are of no
 * use then.
 */
enum result model_learn(const struct model_example *example, size_t count,
	float *weights) MUST_USE;

/* The natural logarithm of the odds that it is spam. Finite, when the weights
 * are. */
double model_log_odds(const float *weights, const struct tokens *t);

/* What one feature of a message with so many adds to that. */
double model_share(const float *weights, uint32_t index, size_t count);

/* 0 to 1. */
double model_probability(double log_odds);
