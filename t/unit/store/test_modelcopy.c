/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/modelcopy.h"

#include "base/clock.h"
#include "support/case.h"
#include "unit/store/desk.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAP_US = 1000 };

static void install(struct desk *d, float weight)
{
	float *weights = calloc(LESSON_SPACE, sizeof(*weights));
	struct lessons_about about;
	uint64_t version;

	assert_non_null(weights);
	weights[7] = weight;
	desk_result(lessons_about(d->redis, d->conf, &about), RES_OK);
	const struct lessons_model model = {
		.weights = weights, .edits = about.edits, .spam = 1, .ham = 1
	};

	desk_result(
		lessons_install(d->redis, d->conf, &model, d->now_ms, &version),
		RES_OK);
	free(weights);
}

/* The weight that is in use, or why there is none. */
static enum result weight_of(struct modelcopy *m, float *out)
{
	const struct modelcopy_model *model;
	enum result res = modelcopy_hold(m, &model);

	if (model != NULL)
		*out = model->weights[7];
	modelcopy_release(m, model);
	return res;
}

static void wants_weight(struct modelcopy *m, float want)
{
	float got = 0;

	desk_result(weight_of(m, &got), RES_OK);
	assert_true(got == want);
}

static struct modelcopy *open(struct desk *d)
{
	struct modelcopy *m = NULL;

	desk_make(d, "} content { refresh_s = 1");
	desk_result(modelcopy_open(&m, d->conf), RES_OK);
	return m;
}

static void follows(void **state)
{
	struct desk d;
	struct modelcopy *m = open(&d);
	const struct modelcopy_model *old;

	(void)state;
	install(&d, 1.0F);
	desk_result(modelcopy_look(m), RES_OK);
	wants_weight(m, 1.0F);
	desk_result(modelcopy_hold(m, &old), RES_OK);
	install(&d, 2.0F);
	desk_result(modelcopy_look(m), RES_OK);
	wants_weight(m, 2.0F);
	/* Who holds the old one keeps it. */
	assert_true(old->weights[7] == 1.0F);
	assert_int_equal(old->about.version, 1);
	modelcopy_release(m, old);
	modelcopy_close(m);
	desk_remove(&d);
}

static void none_is_not_down(void **state)
{
	struct desk d;
	struct modelcopy *m = open(&d);
	float got;

	(void)state;
	assert_int_not_equal(weight_of(m, &got), RES_MISSING);
	desk_result(modelcopy_look(m), RES_OK);
	desk_result(weight_of(m, &got), RES_MISSING);
	modelcopy_close(m);
	desk_remove(&d);
}

static void serves_while_away(void **state)
{
	struct desk d;
	struct modelcopy *m = open(&d);

	(void)state;
	install(&d, 1.0F);
	desk_result(modelcopy_look(m), RES_OK);
	redis_server_kill(d.server);
	assert_int_not_equal(modelcopy_look(m), RES_OK);
	wants_weight(m, 1.0F);
	modelcopy_close(m);
	desk_remove(&d);
}

static void broken_one_is_not_used(void **state)
{
	struct desk d;
	struct modelcopy *m = open(&d);

	(void)state;
	install(&d, 1.0F);
	desk_result(modelcopy_look(m), RES_OK);
	DESK_WANTS(&d, "OK", "SET", "rp:content:model", "junk");
	DESK_WANTS(&d, "2", "HINCRBY", "rp:content:about", "version", "1");
	desk_result(modelcopy_look(m), RES_CORRUPT);
	wants_weight(m, 1.0F);
	modelcopy_close(m);
	desk_remove(&d);
}

static void thread_follows(void **state)
{
	struct desk d;
	struct modelcopy *m = open(&d);
	int64_t end = clock_mono_ms(clock_system()) + DESK_WAIT_MS;
	float got = 0;

	(void)state;
	desk_result(modelcopy_start(m), RES_OK);
	install(&d, 3.0F);
	while (got != 3.0F && clock_mono_ms(clock_system()) < end) {
		if (weight_of(m, &got) != RES_OK)
			got = 0;
		(void)usleep(NAP_US);
	}
	assert_true(got == 3.0F);
	modelcopy_close(m);
	desk_remove(&d);
}

#define TEST(name, function)                     \
	{                                        \
		name, function, NULL, NULL, NULL \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		TEST("a new model takes the place of the old one", follows),
		TEST("no model is not the same as no answer", none_is_not_down),
		TEST("the last model serves while Redis is away",
			serves_while_away),
		TEST("a model that is none is not used",
			broken_one_is_not_used),
		TEST("a milter follows by itself", thread_follows),
	};

	return cmocka_run_group_tests_name(
		"store/modelcopy", cases, NULL, NULL);
}
