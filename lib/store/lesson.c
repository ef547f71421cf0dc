/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/lesson.h"

#include <endian.h>
#include <string.h>

enum { VERSION = '1', SPAM = 's', HAM = 'h', HEAD = 2, WIDE = 4 };

/* No sum of so many of them comes near to what a float holds. */
static const float greatest = 1e6F;

void lesson_pack(const struct lesson *l, struct buf *out)
{
	uint32_t before = 0;

	buf_add_char(out, (char)VERSION);
	buf_add_char(out, (char)(l->is_spam ? SPAM : HAM));
	for (size_t i = 0; i < l->count; i++) {
		uint32_t more = l->index[i] - before;

		for (; more > 0x7f; more >>= 7)
			buf_add_char(out, (char)(0x80 | (more & 0x7f)));
		buf_add_char(out, (char)more);
		before = l->index[i];
	}
}

/* The next number, below LESSON_SPACE. */
static enum result unpack_number(struct slice *rest, uint32_t *out)
{
	uint32_t n = 0;

	for (unsigned shift = 0; shift < 21; shift += 7) {
		unsigned char c;

		if (rest->len == 0)
			return RES_SYNTAX;
		c = (unsigned char)rest->at[0];
		*rest = slice_part(*rest, 1, rest->len);
		n |= (uint32_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*out = n;
			return n < LESSON_SPACE ? RES_OK : RES_RANGE;
		}
	}
	return RES_RANGE;
}

enum result lesson_unpack(
	struct slice packed, uint32_t *index, struct lesson *out)
{
	struct slice rest = slice_part(packed, HEAD, packed.len);
	uint32_t last = 0;
	size_t count = 0;

	if (packed.len < HEAD ||
		(packed.at[1] != (char)SPAM && packed.at[1] != (char)HAM))
		return RES_SYNTAX;
	if (packed.at[0] != (char)VERSION)
		return RES_TYPE;
	while (rest.len > 0) {
		uint32_t more = 0;
		enum result res = unpack_number(&rest, &more);

		if (res != RES_OK)
			return res;
		if (count == LESSON_FEATURES_MAX)
			return RES_TOOBIG;
		/* Index 0 is nobody's, so each is more than the last. */
		if (more == 0 || last + more >= LESSON_SPACE)
			return RES_RANGE;
		last += more;
		index[count++] = last;
	}
	out->is_spam = packed.at[1] == (char)SPAM;
	out->index = index;
	out->count = count;
	return RES_OK;
}

void lesson_weights_pack(const float *weights, struct buf *out)
{
	char *to = buf_reserve(out, LESSON_WEIGHTS_LEN);

	if (to == NULL)
		return;
	for (size_t i = 0; i < LESSON_SPACE; i++) {
		uint32_t bits;

		memcpy(&bits, &weights[i], WIDE);
		bits = htole32(bits);
		memcpy(to + i * WIDE, &bits, WIDE);
	}
	buf_commit(out, LESSON_WEIGHTS_LEN);
}

enum result lesson_weights_unpack(struct slice packed, float *weights)
{
	if (packed.len != LESSON_WEIGHTS_LEN)
		return RES_TOOBIG;
	for (size_t i = 0; i < LESSON_SPACE; i++) {
		uint32_t bits;

		memcpy(&bits, packed.at + i * WIDE, WIDE);
		bits = le32toh(bits);
		memcpy(&weights[i], &bits, WIDE);
		/* Written so that what is no number fails, too. */
		if (!(weights[i] >= -greatest && weights[i] <= greatest))
			return RES_RANGE;
	}
	return RES_OK;
}
