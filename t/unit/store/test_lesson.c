/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/lesson.h"

#include "support/case.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t some[] = { 1, 127, 128, 255, 40000, LESSON_SPACE - 1 };
enum { SOME = sizeof(some) / sizeof(some[0]) };

static void comes_back(void **state)
{
	static uint32_t index[LESSON_FEATURES_MAX];
	const struct lesson in = {
		.is_spam = true, .index = some, .count = SOME
	};
	struct lesson out = { .count = 0 };
	struct buf packed;

	(void)state;
	buf_init(&packed, LESSON_PACKED_MAX);
	lesson_pack(&in, &packed);
	assert_int_equal(
		lesson_unpack(buf_slice(&packed), index, &out), RES_OK);
	assert_true(out.is_spam);
	assert_int_equal(out.count, SOME);
	assert_memory_equal(out.index, some, sizeof(some));
	buf_clear(&packed);
}

/* The longest that can be, so that the bound of a packed one is true. */
static void longest_fits(void **state)
{
	static uint32_t index[LESSON_FEATURES_MAX], out[LESSON_FEATURES_MAX];
	struct lesson l = { .index = index, .count = LESSON_FEATURES_MAX };
	struct buf packed;

	(void)state;
	for (size_t i = 0; i < LESSON_FEATURES_MAX; i++)
		index[i] = (uint32_t)(LESSON_SPACE - LESSON_FEATURES_MAX + i);
	buf_init(&packed, LESSON_PACKED_MAX);
	lesson_pack(&l, &packed);
	assert_int_equal(buf_result(&packed), RES_OK);
	assert_int_equal(lesson_unpack(buf_slice(&packed), out, &l), RES_OK);
	assert_memory_equal(index, out, sizeof(index));
	buf_clear(&packed);
}

struct row {
	const char *octets;
	size_t len;
	enum result want;
};

static void refuses(void **state)
{
	static uint32_t index[LESSON_FEATURES_MAX];
	const struct row *row = *state;
	struct lesson out = { .count = 77 };

	assert_string_equal(
		result_name(lesson_unpack(
			slice_make(row->octets, row->len), index, &out)),
		result_name(row->want));
	assert_int_equal(out.count, 77);
}

static void one_too_many(void **state)
{
	static uint32_t index[LESSON_FEATURES_MAX];
	struct lesson out;
	struct buf packed;

	(void)state;
	buf_init(&packed, LESSON_PACKED_MAX);
	buf_add_text(&packed, "1s");
	for (size_t i = 0; i <= LESSON_FEATURES_MAX; i++)
		buf_add_char(&packed, 1);
	assert_int_equal(
		lesson_unpack(buf_slice(&packed), index, &out), RES_TOOBIG);
	buf_clear(&packed);
}

static void weights_with(float odd, enum result want)
{
	float *in = calloc(LESSON_SPACE, sizeof(*in));
	float *out = malloc(LESSON_SPACE * sizeof(*out));
	struct buf packed;

	assert_non_null(in);
	assert_non_null(out);
	in[0] = -1.5F;
	in[LESSON_SPACE - 1] = odd;
	buf_init(&packed, LESSON_WEIGHTS_LEN);
	lesson_weights_pack(in, &packed);
	assert_int_equal(packed.len, LESSON_WEIGHTS_LEN);
	assert_string_equal(
		result_name(lesson_weights_unpack(buf_slice(&packed), out)),
		result_name(want));
	if (want == RES_OK)
		assert_memory_equal(in, out, LESSON_WEIGHTS_LEN);
	buf_clear(&packed);
	free(in);
	free(out);
}

static void weights_come_back(void **state)
{
	(void)state;
	weights_with(3.25F, RES_OK);
}

static void no_number_is_refused(void **state)
{
	(void)state;
	weights_with(NAN, RES_RANGE);
	weights_with(INFINITY, RES_RANGE);
	weights_with(-1e30F, RES_RANGE);
}

static void other_length_is_refused(void **state)
{
	static float out[LESSON_SPACE];

	(void)state;
	assert_int_equal(
		lesson_weights_unpack(slice_of("short"), out), RES_TOOBIG);
}

#define REFUSES(name, text, why) \
	CASE(name, refuses, (&(struct row){ text, sizeof(text) - 1, why }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		{ "a lesson comes back as it was", comes_back, NULL, NULL,
			NULL },
		{ "so does the longest one", longest_fits, NULL, NULL, NULL },
		REFUSES("nothing is no lesson", "", RES_SYNTAX),
		REFUSES("another kind is none", "1x\1", RES_SYNTAX),
		REFUSES("another version is told apart", "2s\1", RES_TYPE),
		REFUSES("a number that does not end is none", "1s\x81",
			RES_SYNTAX),
		REFUSES("a number that is too long is none",
			"1s\xff\xff\xff\x7f", RES_RANGE),
		REFUSES("a feature that is there twice is none", "1s\5\0",
			RES_RANGE),
		REFUSES("a feature past the space is none",
			"1s\xff\xff\x0f\x01", RES_RANGE),
		{ "one feature too many is none", one_too_many, NULL, NULL,
			NULL },
		{ "weights come back as they were", weights_come_back, NULL,
			NULL, NULL },
		{ "weights that are no numbers are refused",
			no_number_is_refused, NULL, NULL, NULL },
		{ "weights of another length are refused",
			other_length_is_refused, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("store/lesson", cases, NULL, NULL);
}
