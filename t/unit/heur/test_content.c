/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/content.h"

#include "base/arena.h"
#include "base/buf.h"
#include "heur/model.h"
#include "store/modelcopy.h"
#include "support/case.h"
#include "unit/store/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 65536, EXAMPLES = 20, HALF_OF_THEM = 10 };

struct bench {
	struct desk desk;
	struct modelcopy *model;
	struct arena *arena;
	struct findings found;
};

static void start(struct bench *b, const char *content)
{
	char more[256];

	(void)snprintf(more, sizeof(more), "} content { %s", content);
	desk_make(&b->desk, more);
	desk_result(modelcopy_open(&b->model, b->desk.conf), RES_OK);
	b->arena = arena_new(ARENA_MAX);
	assert_non_null(b->arena);
}

static void stop(struct bench *b)
{
	modelcopy_close(b->model);
	arena_free(b->arena);
	desk_remove(&b->desk);
}

static struct tokens gather(const char *subject, const char *text)
{
	const struct field field = { .name = slice_of("Subject"),
		.value = slice_of(subject) };
	const struct message message = { .fields = &field, .field_count = 1 };
	const struct body_facts body = { .is_known = true,
		.text = slice_of(text) };
	const struct tokens_source source = { &message, &body, 65536 };
	struct tokens t;

	desk_result(tokens_gather(&source, &t), RES_OK);
	return t;
}

static void install(struct bench *b, const float *weights)
{
	const struct lessons_model model = {
		.weights = weights, .spam = HALF_OF_THEM, .ham = HALF_OF_THEM
	};
	uint64_t version;

	desk_result(lessons_install(b->desk.redis, b->desk.conf, &model,
			    b->desk.now_ms, &version),
		RES_OK);
	desk_result(modelcopy_look(b->model), RES_OK);
}

/* Half of the examples are spam. */
static void teach(struct bench *b)
{
	struct tokens spam = gather("money", "cheap pills"),
		      ham = gather("minutes", "our meeting");
	float *weights = malloc(TOKENS_SPACE * sizeof(*weights));
	struct model_example e[EXAMPLES];

	assert_non_null(weights);
	for (size_t i = 0; i < EXAMPLES; i++) {
		const struct tokens *t = i % 2 == 0 ? &spam : &ham;

		e[i] = (struct model_example){ t->index, t->count, i % 2 == 0 };
	}
	desk_result(model_learn(e, EXAMPLES, weights), RES_OK);
	install(b, weights);
	tokens_clear(&spam);
	tokens_clear(&ham);
	free(weights);
}

static const struct finding *judge(
	struct bench *b, const char *subject, const char *text)
{
	const struct field field = { .name = slice_of("Subject"),
		.value = slice_of(subject) };
	const struct message message = { .fields = &field, .field_count = 1 };
	struct body_facts body = { .is_known = true, .text = slice_of(text) };
	const struct check_input in = {
		.conf = b->desk.conf,
		.message = &message,
		.body = &body,
		.arena = b->arena,
		.body_ended = true,
		.service = b->model,
	};

	findings_clear(&b->found);
	assert_int_equal(content_step(&in, &b->found), CHECK_DONE);
	return findings_find(&b->found, "content");
}

static void wants(
	const struct finding *f, enum outcome outcome, const char *detail)
{
	assert_non_null(f);
	assert_string_equal(outcome_name(f->outcome), outcome_name(outcome));
	assert_string_equal(f->detail, detail);
}

static void tells_spam(void **state)
{
	const struct finding *f;
	struct bench b;
	char seen[1024];

	(void)state;
	start(&b, "enabled = yes min_learnt = 10");
	teach(&b);
	f = judge(&b, "money", "cheap pills");
	wants(f, OUTCOME_HIT, "spam");
	assert_true(f->factor > 1.0);
	assert_true(f->factor <= 6.0);
	(void)snprintf(seen, sizeof(seen), "%.*s", SLICE_ARG(f->evidence));
	assert_non_null(strstr(seen, "looks like spam ("));
	assert_non_null(strstr(seen, "word pills"));
	assert_null(strstr(seen, "meeting"));
	stop(&b);
}

static void tells_ham(void **state)
{
	const struct finding *f;
	struct bench b;

	(void)state;
	start(&b, "enabled = yes min_learnt = 10");
	teach(&b);
	f = judge(&b, "minutes", "our meeting");
	wants(f, OUTCOME_HIT, "ham");
	assert_true(f->factor > 0.0);
	assert_true(f->factor <= 2.0);
	stop(&b);
}

static void says_nothing_of_the_unknown(void **state)
{
	struct bench b;

	(void)state;
	start(&b, "enabled = yes min_learnt = 10");
	/* Nothing in the message has a weight. */
	float *weights = calloc(TOKENS_SPACE, sizeof(*weights));

	assert_non_null(weights);
	install(&b, weights);
	wants(judge(&b, "money", "cheap pills"), OUTCOME_MISS, "");
	free(weights);
	stop(&b);
}

static void waits_for_enough(void **state)
{
	struct bench b;

	(void)state;
	start(&b, "enabled = yes min_learnt = 11");
	teach(&b);
	wants(judge(&b, "money", "cheap pills"), OUTCOME_MISS, "");
	stop(&b);
}

static void is_off_at_first(void **state)
{
	struct bench b;

	(void)state;
	start(&b, "min_learnt = 10");
	teach(&b);
	assert_null(judge(&b, "money", "cheap pills"));
	stop(&b);
}

static void nothing_learnt_is_a_miss(void **state)
{
	struct bench b;

	(void)state;
	start(&b, "enabled = yes");
	desk_result(modelcopy_look(b.model), RES_OK);
	wants(judge(&b, "money", "cheap pills"), OUTCOME_MISS, "");
	stop(&b);
}

static void cannot_tell_without_a_model(void **state)
{
	struct bench b;

	(void)state;
	start(&b, "enabled = yes");
	redis_server_kill(b.desk.server);
	assert_int_not_equal(modelcopy_look(b.model), RES_OK);
	wants(judge(&b, "money", "cheap pills"), OUTCOME_UNKNOWN, "temperror");
	stop(&b);
}

static void certainty_grows(void **state)
{
	double before = 0;

	(void)state;
	assert_true(content_certainty(0) == 0);
	for (double odds = 0; odds < 10; odds += 0.1) {
		double c = content_certainty(odds);

		assert_true(c >= before && c < 1);
		assert_true(content_certainty(-odds) == c);
		before = c;
	}
	assert_true(before > 0.99);
}

static void nobody_is_asked_without_a_classifier(void **state)
{
	struct bench b;
	struct modelcopy *model;

	(void)state;
	start(&b, "enabled = yes min_learnt = 10");
	teach(&b);
	model = b.model;
	b.model = NULL;
	assert_null(judge(&b, "money", "cheap pills"));
	b.model = model;
	stop(&b);
}

#define TEST(name, function)                     \
	{                                        \
		name, function, NULL, NULL, NULL \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		TEST("what reads like spam is told, and by what", tells_spam),
		TEST("what reads like ham is told, too", tells_ham),
		TEST("where it does not know it says nothing",
			says_nothing_of_the_unknown),
		TEST("before it has learnt enough it says nothing",
			waits_for_enough),
		TEST("it is off unless it is switched on", is_off_at_first),
		TEST("without lessons it says nothing",
			nothing_learnt_is_a_miss),
		TEST("without Redis at the start it could not tell",
			cannot_tell_without_a_model),
		TEST("without a classifier it says nothing",
			nobody_is_asked_without_a_classifier),
		TEST("the surer it is the more it counts", certainty_grows),
	};

	return cmocka_run_group_tests_name("heur/content", cases, NULL, NULL);
}
