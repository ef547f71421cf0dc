/* SPDX-License-Identifier: BSD-2-Clause */
#include "fact/finding.h"

#include "support/case.h"

#include <stdlib.h>

static void a_new_finding_could_not_tell(void **state)
{
	static struct findings f;
	struct finding *one = NULL;

	(void)state;
	findings_clear(&f);
	one = findings_add(&f, "spf");
	assert_string_equal(one->check, "spf");
	assert_string_equal(outcome_name(one->outcome), "unknown");
	assert_string_equal(one->detail, "");
	assert_false(one->shadow);
	assert_true(slice_is_empty(one->evidence));
	assert_true(slice_is_empty(one->subject));
	assert_int_equal(one->until_s, 0);
}

static void the_first_of_a_check_is_found(void **state)
{
	static struct findings f;

	(void)state;
	findings_clear(&f);
	findings_add(&f, "blocked")->outcome = OUTCOME_HIT;
	findings_add(&f, "spf")->outcome = OUTCOME_MISS;
	findings_add(&f, "blocked")->outcome = OUTCOME_MISS;
	assert_ptr_equal(findings_find(&f, "blocked"), &f.item[0]);
	assert_ptr_equal(findings_find(&f, "spf"), &f.item[1]);
	assert_null(findings_find(&f, "dkim"));
}

static void too_many_reuse_the_last(void **state)
{
	static struct findings f;

	(void)state;
	findings_clear(&f);
	for (int i = 0; i < FINDINGS_MAX; i++)
		findings_add(&f, "a")->outcome = OUTCOME_HIT;
	assert_int_equal(f.count, FINDINGS_MAX);
	assert_string_equal(
		outcome_name(findings_add(&f, "b")->outcome), "unknown");
	assert_int_equal(f.count, FINDINGS_MAX);
	assert_ptr_equal(findings_find(&f, "b"), &f.item[FINDINGS_MAX - 1]);
}

static void nothing_is_left_of_the_last_message(void **state)
{
	static struct findings f;

	(void)state;
	findings_add(&f, "a")->outcome = OUTCOME_HIT;
	findings_clear(&f);
	assert_null(findings_find(&f, "a"));
	assert_int_equal(findings_add(&f, "b")->outcome, OUTCOME_UNKNOWN);
}

static void outcomes_have_names(void **state)
{
	(void)state;
	assert_string_equal(outcome_name(OUTCOME_UNKNOWN), "unknown");
	assert_string_equal(outcome_name(OUTCOME_MISS), "miss");
	assert_string_equal(outcome_name(OUTCOME_HIT), "hit");
	assert_string_equal(outcome_name((enum outcome)77), "unknown");
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a new finding could not tell",
			a_new_finding_could_not_tell, NULL),
		CASE("the first finding of a check is found",
			the_first_of_a_check_is_found, NULL),
		CASE("one too many takes the place of the last",
			too_many_reuse_the_last, NULL),
		CASE("nothing is left of the message before",
			nothing_is_left_of_the_last_message, NULL),
		CASE("each outcome has a name, a wrong one is unknown",
			outcomes_have_names, NULL),
	};

	return cmocka_run_group_tests_name("fact/finding", cases, NULL, NULL);
}
