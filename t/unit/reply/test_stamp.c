/* SPDX-License-Identifier: BSD-2-Clause */
#include "reply/stamp.h"

#include "support/case.h"

struct row {
	struct verdict verdict;
	const char *host;
	const char *ref;
	bool unchecked;
	const char *value;
};

static void formats(void **state)
{
	const struct row *row = *state;
	const struct stamp_input in = { &row->verdict, slice_of(row->host),
		slice_of(row->ref), row->unchecked };
	struct buf out;

	buf_init(&out, 900);
	assert_int_equal(stamp_format(&in, &out), RES_OK);
	assert_string_equal(buf_text(&out), row->value);
	buf_clear(&out);
}

static void is_bounded(void **state)
{
	const struct verdict v = { .action = ACTION_ACCEPT,
		.would_be = ACTION_ACCEPT };
	const struct stamp_input in = { &v, slice_of("mx.example.net"),
		slice_of(""), false };
	struct buf out;

	(void)state;
	buf_init(&out, 20);
	assert_int_equal(stamp_format(&in, &out), RES_TOOBIG);
	buf_clear(&out);
}

static void knows_ours(void **state)
{
	(void)state;
	assert_true(stamp_is_ours(slice_of("X-Reprieve")));
	assert_true(stamp_is_ours(slice_of("x-rEPRIEVE")));
	assert_true(stamp_is_ours(slice_of("X-Reprieve \t")));
	assert_false(stamp_is_ours(slice_of("X-Reprieved")));
	assert_false(stamp_is_ours(slice_of("X-Repriev")));
	assert_false(stamp_is_ours(slice_of("")));
}

int main(void)
{
	static const struct row plain = { { .action = ACTION_ACCEPT,
						  .would_be = ACTION_ACCEPT,
						  .mode = "enforce" },
		"mx.example.net", "", false,
		" action=accept; score=0.0; host=mx.example.net" };
	static const struct row monitor = { { .action = ACTION_ACCEPT,
						    .would_be = ACTION_REJECT,
						    .mode = "monitor",
						    .score = 15.25 },
		"mx.example.net", "7K3M9QXB2HTD4FZ6T", false,
		" action=accept; would_be=reject; mode=monitor; "
		"ref=7K3M9QXB2HTD4FZ6T; score=15.2; host=mx.example.net" };
	static const struct row unchecked = { { .action = ACTION_MARK,
						      .would_be = ACTION_MARK,
						      .mode = "enforce" },
		"mx.example.net", "R", true,
		" action=mark; ref=R; unchecked=lists; score=0.0; "
		"host=mx.example.net" };
	static const struct row hostile = { { .action = ACTION_ACCEPT,
						    .would_be = ACTION_ACCEPT,
						    .mode = "enforce" },
		"a\r\nX: y; z", "r\nf", false,
		" action=accept; ref=rf; score=0.0; host=aX:yz" };
	const struct CMUnitTest cases[] = {
		CASE("a clean message says accept", formats, &plain),
		CASE("monitor says what would have been", formats, &monitor),
		CASE("lists that could not be read are named", formats,
			&unchecked),
		CASE("nothing can end the field", formats, &hostile),
		CASE("a value past the bound is told", is_bounded, NULL),
		CASE("our field is known in any case", knows_ours, NULL),
	};

	return cmocka_run_group_tests_name("reply/stamp", cases, NULL, NULL);
}
