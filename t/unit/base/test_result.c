/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/result.h"

#include "support/case.h"

#include <string.h>

static void names_are_told_apart(void **state)
{
	(void)state;
	for (int i = RES_OK; i <= RES_INTERNAL; i++) {
		const char *name = result_name((enum result)i);

		assert_non_null(name);
		assert_string_not_equal(name, "unknown");
		for (int k = RES_OK; k < i; k++)
			assert_string_not_equal(
				name, result_name((enum result)k));
	}
}

static void a_wrong_value_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(result_name((enum result)99), "unknown");
}

static void names_are_the_constants(void **state)
{
	(void)state;
	assert_string_equal(result_name(RES_OK), "ok");
	assert_string_equal(result_name(RES_TIMEOUT), "timeout");
	assert_string_equal(result_name(RES_READONLY), "readonly");
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("each result has a name of its own", names_are_told_apart,
			NULL),
		CASE("a value that is no result has a name too",
			a_wrong_value_has_a_name, NULL),
		CASE("a name is the constant in lower case",
			names_are_the_constants, NULL),
	};

	return cmocka_run_group_tests_name("base/result", cases, NULL, NULL);
}
