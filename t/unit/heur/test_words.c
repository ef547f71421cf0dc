/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/buf.h"
#include "heur/words.h"

#include "support/case.h"

#include <string.h>

enum { OUT_MAX = 4096 };

struct row {
	const char *text;
	const char *want; /* the words, each with a "|" behind it */
};

static void add(void *ctx, struct slice word)
{
	struct buf *out = ctx;

	buf_add(out, word);
	buf_add_char(out, '|');
}

static void splits(void **state)
{
	const struct row *row = *state;
	struct buf out;

	buf_init(&out, OUT_MAX);
	words_walk(slice_of(row->text), SIZE_MAX, add, &out);
	assert_string_equal(buf_text(&out), row->want);
	buf_clear(&out);
}

static void is_bounded(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, OUT_MAX);
	words_walk(slice_of("a b c d"), 2, add, &out);
	assert_string_equal(buf_text(&out), "a|b|");
	buf_clear(&out);
}

static void a_long_word_is_cut(void **state)
{
	char text[10000];
	struct buf out;

	(void)state;
	memset(text, 'x', sizeof(text));
	buf_init(&out, OUT_MAX);
	words_walk(slice_make(text, sizeof(text)), SIZE_MAX, add, &out);
	assert_true(out.len <= WORDS_WORD_MAX + 8);
	buf_clear(&out);
}

#define SPLITS(name, text, want) \
	CASE(name, splits, (&(struct row){ text, want }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		SPLITS("words are what stands between blanks and marks",
			"Buy now, (really).\r\nBye", "buy|now|really|bye|"),
		SPLITS("money and shouting stay with their words",
			"Only $99 - 100% FREE!!", "only|$99|100%|free!!|"),
		SPLITS("an apostrophe is part of a word", "don't", "don't|"),
		SPLITS("capitals of other scripts are folded, too",
			"\xc3\x84\xc3\x96 \xd0\x9f\xd0\xa0\xd0\x98 \xce\x91",
			"\xc3\xa4\xc3\xb6|\xd0\xbf\xd1\x80\xd0\xb8|\xce\xb1|"),
		SPLITS("characters of no width hide nothing",
			"v\xe2\x80\x8bi\xc2\xad"
			"a",
			"via|"),
		SPLITS("scripts without blanks are taken in twos",
			"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
			"\xe6\x97\xa5|\xe6\x97\xa5\xe6\x9c\xac|"
			"\xe6\x9c\xac\xe8\xaa\x9e|"),
		SPLITS("octets that are no UTF-8 are Latin-1", "caf\xe9",
			"caf\xc3\xa9|"),
		SPLITS("whom an address belongs to is left out",
			"Write to joe.doe+x@example.org today",
			"write|to|example|org|today|"),
		SPLITS("in a link, too", "?to=joe@example.org&x",
			"to|example|org|x|"),
		SPLITS("no text has no words", "", ""),
		cmocka_unit_test(is_bounded),
		cmocka_unit_test(a_long_word_is_cut),
	};

	return cmocka_run_group_tests_name("heur/words", cases, NULL, NULL);
}
