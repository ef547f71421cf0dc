/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/lessons.h"

#include "support/case.h"
#include "unit/store/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 130, FEW_MAX = 100 };

static const uint32_t some[] = { 3, 500, 70000 };

static struct lesson lesson(unsigned number, bool is_spam)
{
	struct lesson l = { .is_spam = is_spam, .index = some, .count = 3 };

	(void)snprintf(l.id, sizeof(l.id), "%032x", number);
	return l;
}

static struct lessons_change add_one(struct desk *d, struct lesson l)
{
	struct lessons_change change = { 0 };
	const struct lessons_batch batch = { &l, 1, d->now_ms++ };

	desk_result(lessons_add(d->redis, d->conf, &batch, &change), RES_OK);
	return change;
}

static struct lessons_change remove_one(struct desk *d, struct lesson l)
{
	struct lessons_change change = { 0 };
	const struct lessons_batch batch = { &l, 1, d->now_ms };

	desk_result(lessons_remove(d->redis, d->conf, &batch, &change), RES_OK);
	return change;
}

static void wants_kept(struct desk *d, size_t count, size_t spam)
{
	struct lessons l;

	desk_result(lessons_read(d->redis, d->conf, &l), RES_OK);
	assert_int_equal(l.count, count);
	assert_int_equal(l.spam, spam);
	lessons_clear(&l);
}

static void are_kept(void **state)
{
	struct lessons l;
	struct desk d;

	(void)state;
	desk_make(&d, NULL);
	assert_int_equal(add_one(&d, lesson(2, true)).added, 1);
	assert_int_equal(add_one(&d, lesson(1, false)).added, 1);
	desk_result(lessons_read(d.redis, d.conf, &l), RES_OK);
	assert_int_equal(l.count, 2);
	assert_string_equal(l.lesson[0].id, "00000000000000000000000000000001");
	assert_false(l.lesson[0].is_spam);
	assert_true(l.lesson[1].is_spam);
	assert_int_equal(l.lesson[1].count, 3);
	assert_memory_equal(l.lesson[1].index, some, sizeof(some));
	lessons_clear(&l);
	desk_remove(&d);
}

static void twice_is_once(void **state)
{
	struct desk d;

	(void)state;
	desk_make(&d, NULL);
	(void)add_one(&d, lesson(1, true));
	assert_int_equal(add_one(&d, lesson(1, true)).added, 0);
	wants_kept(&d, 1, 1);
	DESK_WANTS(&d, "1", "HGET", "rp:content:about", "edits");
	desk_remove(&d);
}

static void minds_change(void **state)
{
	struct lessons_change change;
	struct desk d;

	(void)state;
	desk_make(&d, NULL);
	(void)add_one(&d, lesson(1, true));
	change = add_one(&d, lesson(1, false));
	assert_int_equal(change.moved, 1);
	wants_kept(&d, 1, 0);
	DESK_WANTS(&d, "0", "ZCARD", "rp:content:spam");
	DESK_WANTS(&d, "1", "ZCARD", "rp:content:ham");
	desk_remove(&d);
}

static void are_forgotten(void **state)
{
	struct desk d;

	(void)state;
	desk_make(&d, NULL);
	(void)add_one(&d, lesson(1, true));
	(void)add_one(&d, lesson(2, true));
	assert_int_equal(remove_one(&d, lesson(1, true)).removed, 1);
	assert_int_equal(remove_one(&d, lesson(1, true)).removed, 0);
	wants_kept(&d, 1, 1);
	desk_remove(&d);
}

static void oldest_go(void **state)
{
	struct lessons l;
	struct desk d;
	size_t dropped = 0;

	(void)state;
	desk_make(&d, "} content { examples_max = 100");
	for (unsigned i = 0; i < MANY; i++)
		dropped += add_one(&d, lesson(i, i % 2 == 0)).dropped;
	assert_int_equal(dropped, MANY - FEW_MAX);
	desk_result(lessons_read(d.redis, d.conf, &l), RES_OK);
	assert_int_equal(l.count, FEW_MAX);
	assert_int_equal(l.spam, FEW_MAX / 2);
	/* "1e" is 30, the first that stays. */
	assert_string_equal(l.lesson[0].id, "0000000000000000000000000000001e");
	lessons_clear(&l);
	desk_remove(&d);
}

static void what_is_broken_is_left_out(void **state)
{
	struct lessons l;
	struct desk d;

	(void)state;
	desk_make(&d, NULL);
	(void)add_one(&d, lesson(1, true));
	DESK_WANTS(&d, "1", "HSET", "rp:content:examples", "junk", "1sx");
	DESK_WANTS(&d, "1", "HSET", "rp:content:examples",
		"00000000000000000000000000000009", "9s\1");
	desk_result(lessons_read(d.redis, d.conf, &l), RES_OK);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.unusable, 2);
	lessons_clear(&l);
	desk_remove(&d);
}

/* ---- the model ---- */

static enum result install(
	struct desk *d, float weight, uint64_t edits, uint64_t *version)
{
	float *weights = calloc(LESSON_SPACE, sizeof(*weights));
	const struct lessons_model model = {
		.weights = weights,
		.edits = edits,
		.spam = 4,
		.ham = 5,
		.who = slice_of("joe@mx"),
		.why = slice_of("learn spam"),
	};
	enum result res;

	assert_non_null(weights);
	weights[7] = weight;
	res = lessons_install(d->redis, d->conf, &model, d->now_ms, version);
	free(weights);
	return res;
}

static void is_installed(void **state)
{
	float *weights = malloc(LESSON_WEIGHTS_LEN);
	struct lessons_about about;
	uint64_t version = 0;
	struct desk d;

	(void)state;
	assert_non_null(weights);
	desk_make(&d, NULL);
	desk_result(lessons_weights(d.redis, d.conf, weights), RES_MISSING);
	(void)add_one(&d, lesson(1, true));
	desk_result(install(&d, 2.5F, 1, &version), RES_OK);
	assert_int_equal(version, 1);
	desk_result(lessons_weights(d.redis, d.conf, weights), RES_OK);
	assert_true(weights[7] == 2.5F);
	desk_result(lessons_about(d.redis, d.conf, &about), RES_OK);
	assert_int_equal(about.version, 1);
	assert_int_equal(about.spam, 4);
	assert_int_equal(about.ham, 5);
	assert_int_equal(about.learnt_ms, d.now_ms);
	DESK_WANTS(&d, "1048576", "STRLEN", "rp:content:model");
	DESK_WANTS(&d, "1", "XLEN", "rp:audit");
	free(weights);
	desk_remove(&d);
}

static void second_of_two_is_told(void **state)
{
	uint64_t version = 0;
	struct desk d;

	(void)state;
	desk_make(&d, NULL);
	(void)add_one(&d, lesson(1, true));
	/* Read with one edit; another one comes in between. */
	(void)add_one(&d, lesson(2, false));
	desk_result(install(&d, 1.0F, 1, &version), RES_EXISTS);
	DESK_WANTS(&d, "0", "EXISTS", "rp:content:model");
	desk_result(install(&d, 1.0F, 2, &version), RES_OK);
	desk_remove(&d);
}

static void keys_of_another_type(void **state)
{
	struct lessons l;
	struct lessons_about about;
	struct desk d;

	(void)state;
	desk_make(&d, NULL);
	DESK_WANTS(&d, "OK", "SET", "rp:content:about", "x");
	desk_result(lessons_about(d.redis, d.conf, &about), RES_TYPE);
	desk_result(lessons_read(d.redis, d.conf, &l), RES_TYPE);
	assert_int_equal(l.count, 0);
	desk_remove(&d);
}

#define TEST(name, function)                     \
	{                                        \
		name, function, NULL, NULL, NULL \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		TEST("what was taught is kept, in one order", are_kept),
		TEST("the same message twice is one", twice_is_once),
		TEST("who was wrong says so, and it moves", minds_change),
		TEST("what is forgotten is gone", are_forgotten),
		TEST("of either kind the newest are kept", oldest_go),
		TEST("what is no lesson is left out and counted",
			what_is_broken_is_left_out),
		TEST("a model has a version, and a line in the audit",
			is_installed),
		TEST("of two who learn at once the second is told",
			second_of_two_is_told),
		TEST("a key of another type is an error, not nothing",
			keys_of_another_type),
	};

	return cmocka_run_group_tests_name("store/lessons", cases, NULL, NULL);
}
