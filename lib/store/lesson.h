/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/lesson - one message that the content classifier was taught, and the
 * weights that come of all of them, as octets in Redis.
 *
 * A lesson is "1" (how features are made), "s" or "h" (spam, ham), and the
 * features, ascending, each as what it is more than the one before, 7 bits an
 * octet, the lowest first, the eighth set on all octets but the last. It holds
 * no text and no address. Weights are LESSON_SPACE numbers of 4 octets, IEEE
 * 754, little endian. Threads: plain data.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	LESSON_ID_MAX = 33, /* 32 hexadecimal digits of the message's digest */
	LESSON_FEATURES_MAX = 4096,
	LESSON_SPACE = 1 << 18, /* features are below */
	LESSON_WEIGHTS_LEN = LESSON_SPACE * 4,
	LESSON_PACKED_MAX = 2 + LESSON_FEATURES_MAX * 3
};

struct lesson {
	char id[LESSON_ID_MAX];
	bool is_spam;
	const uint32_t *index; /* borrowed, ascending, no two alike */
	size_t count;
};

void lesson_pack(const struct lesson *l, struct buf *out);

/*
 * index has room for LESSON_FEATURES_MAX, and out->index becomes it; out->id
 * is left alone. RES_TYPE: of features that are made in another way;
 * RES_SYNTAX, RES_RANGE, RES_TOOBIG: no lesson of ours. *out is untouched then.
 */
enum result lesson_unpack(
	struct slice packed, uint32_t *index, struct lesson *out) MUST_USE;

/* Adds LESSON_WEIGHTS_LEN octets. */
void lesson_weights_pack(const float *weights, struct buf *out);

/* RES_TOOBIG: not of that length; RES_RANGE: one is not finite, or absurdly
 * great. weights are of no use then. */
enum result lesson_weights_unpack(struct slice packed, float *weights) MUST_USE;
