/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands in Redis as a lesson, or as weights: what is taken is sound, and
 * written anew it is the same.
 */
#include "store/lesson.h"
#include "t/fuzz/target.h"

#include <math.h>
#include <string.h>

static void check_lesson(struct slice packed)
{
	static uint32_t index[LESSON_FEATURES_MAX];
	struct lesson l = { .count = 0 };
	struct buf again;

	if (lesson_unpack(packed, index, &l) != RES_OK)
		return;
	for (size_t i = 0; i < l.count; i++)
		target_promise(l.index[i] > 0 && l.index[i] < LESSON_SPACE &&
				(i == 0 || l.index[i - 1] < l.index[i]),
			"features ascend, and lie within the space");
	buf_init(&again, LESSON_PACKED_MAX);
	lesson_pack(&l, &again);
	target_promise(buf_result(&again) == RES_OK,
		"what was taken has room when it is written");
	/* Not the same octets: a number may be longer than it need be. */
	target_promise(again.len <= packed.len, "and is no longer than it was");
	buf_clear(&again);
}

/* The input over and over, so that each octet comes to each place. */
static void check_weights(const uint8_t *data, size_t size)
{
	static char packed[LESSON_WEIGHTS_LEN];
	static float weights[LESSON_SPACE];

	if (size == 0)
		return;
	for (size_t i = 0; i < sizeof(packed); i += size)
		memcpy(packed + i, data,
			size < sizeof(packed) - i ? size : sizeof(packed) - i);
	if (lesson_weights_unpack(
		    slice_make(packed, sizeof(packed)), weights) != RES_OK)
		return;
	for (size_t i = 0; i < LESSON_SPACE; i++)
		target_promise(isfinite(weights[i]), "weights are finite");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_lesson(slice_make(data, size));
	/* A MiB each time: for few inputs. */
	if (size > 1 && size < 64 && data[0] == 'w')
		check_weights(data + 1, size - 1);
	return 0;
}
