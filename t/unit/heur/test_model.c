/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/model.h"

#include "support/case.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SPAM_WORD = 7, HAM_WORD = 9, BOTH = 11, EXAMPLES = 200 };

static const uint32_t spam_text[] = { SPAM_WORD, BOTH };
static const uint32_t ham_text[] = { HAM_WORD, BOTH };

/* One in "every" is spam. */
static void teach(struct model_example *to, size_t count, size_t every)
{
	for (size_t i = 0; i < count; i++) {
		bool is_spam = i % every == 0;

		to[i] = (struct model_example){
			.index = is_spam ? spam_text : ham_text,
			.count = 2,
			.is_spam = is_spam,
		};
	}
}

static double probability_of(const float *weights, uint32_t *index, size_t n)
{
	const struct tokens t = { .index = index, .count = n };

	return model_probability(model_log_odds(weights, &t));
}

static float *learn(size_t count, size_t every)
{
	struct model_example example[EXAMPLES];
	float *weights = malloc(TOKENS_SPACE * sizeof(*weights));

	assert_non_null(weights);
	teach(example, count, every);
	assert_int_equal(model_learn(example, count, weights), RES_OK);
	return weights;
}

static void tells_apart(void **state)
{
	float *weights = learn(EXAMPLES, 2);
	uint32_t spam[] = { SPAM_WORD, BOTH }, ham[] = { HAM_WORD, BOTH };

	(void)state;
	assert_true(probability_of(weights, spam, 2) > 0.95);
	assert_true(probability_of(weights, ham, 2) < 0.05);
	free(weights);
}

static void rare_kind_counts(void **state)
{
	float *weights = learn(EXAMPLES, 20);
	uint32_t spam[] = { SPAM_WORD, BOTH }, ham[] = { HAM_WORD, BOTH };

	(void)state;
	assert_true(probability_of(weights, spam, 2) > 0.9);
	assert_true(probability_of(weights, ham, 2) < 0.1);
	free(weights);
}

static void is_deterministic(void **state)
{
	float *a = learn(EXAMPLES, 3), *b = learn(EXAMPLES, 3);

	(void)state;
	assert_memory_equal(a, b, TOKENS_SPACE * sizeof(*a));
	free(a);
	free(b);
}

static void one_kind_teaches_nothing(void **state)
{
	float *weights = learn(EXAMPLES, 1);
	uint32_t spam[] = { SPAM_WORD };

	(void)state;
	assert_true(probability_of(weights, spam, 1) == 0.5);
	free(weights);
}

static void nothing_teaches_nothing(void **state)
{
	float *weights = learn(0, 1);

	(void)state;
	assert_true(probability_of(weights, NULL, 0) == 0.5);
	free(weights);
}

static void shares_add_up(void **state)
{
	float *weights = learn(EXAMPLES, 2);
	uint32_t spam[] = { SPAM_WORD, BOTH };
	const struct tokens t = { .index = spam, .count = 2 };
	double sum = model_share(weights, SPAM_WORD, 2) +
		model_share(weights, BOTH, 2) + (double)weights[0];

	(void)state;
	assert_true(fabs(sum - model_log_odds(weights, &t)) < 1e-6);
	free(weights);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		{ "what was learnt is told apart", tells_apart, NULL, NULL,
			NULL },
		{ "the rarer kind counts as much as the other",
			rare_kind_counts, NULL, NULL, NULL },
		{ "the same examples make the same model", is_deterministic,
			NULL, NULL, NULL },
		{ "one kind alone teaches nothing", one_kind_teaches_nothing,
			NULL, NULL, NULL },
		{ "without examples it cannot tell", nothing_teaches_nothing,
			NULL, NULL, NULL },
		{ "what each feature adds makes up the whole", shares_add_up,
			NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("heur/model", cases, NULL, NULL);
}
