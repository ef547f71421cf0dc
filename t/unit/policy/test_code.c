/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/code.h"

#include "support/case.h"

static void names_find_their_row(void **state)
{
	(void)state;
	for (enum code c = CODE_NONE + 1; c < CODE_COUNT; c++) {
		assert_non_null(code_row(c));
		assert_int_equal(code_find(slice_of(code_row(c)->name)), c);
	}
	assert_int_equal(
		code_find(slice_of("BLOCKED_SELF")), CODE_BLOCKED_SELF);
}

static void others_find_none(void **state)
{
	(void)state;
	assert_null(code_row(CODE_NONE));
	assert_null(code_row(CODE_COUNT));
	assert_int_equal(code_find(slice_of("blocked_self")), CODE_NONE);
	assert_int_equal(code_find(slice_of("")), CODE_NONE);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("each name finds its row", names_find_their_row, NULL),
		CASE("other names find none", others_find_none, NULL),
	};

	return cmocka_run_group_tests_name("policy/code", cases, NULL, NULL);
}
