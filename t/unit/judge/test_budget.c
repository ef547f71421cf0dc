/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/budget.h"

#include "support/case.h"

#include <string.h>

static const struct conf_policy policy = { .unknown_percent = 30,
	.unknown_window = 100 };

static void add(struct budget *b, unsigned times, const char *check,
	enum outcome outcome, const char *detail)
{
	struct findings f;

	for (unsigned i = 0; i < times; i++) {
		struct finding *item;

		findings_clear(&f);
		item = findings_add(&f, check);
		item->outcome = outcome;
		item->detail = detail;
		budget_add(b, &policy, &f);
	}
}

static bool is_advisory(const struct budget *b, const char *check)
{
	struct ruling_advisory a;

	budget_read(b, &a);
	for (size_t i = 0; i < a.count; i++)
		if (strcmp(a.check[i], check) == 0)
			return true;
	return false;
}

static void a_dead_server_makes_its_check_advisory(void **state)
{
	struct budget *b = budget_new();

	(void)state;
	add(b, 60, "spf", OUTCOME_MISS, "pass");
	add(b, 20, "spf", OUTCOME_UNKNOWN, "temperror");
	assert_false(is_advisory(b, "spf"));
	add(b, 10, "spf", OUTCOME_UNKNOWN, "temperror");
	assert_true(is_advisory(b, "spf"));
	assert_false(is_advisory(b, "dkim"));
	/* A little better is not good again. */
	add(b, 20, "spf", OUTCOME_MISS, "pass");
	assert_true(is_advisory(b, "spf"));
	add(b, 100, "spf", OUTCOME_HIT, "fail");
	assert_false(is_advisory(b, "spf"));
	budget_free(b);
}

static void a_few_messages_decide_nothing(void **state)
{
	struct budget *b = budget_new();

	(void)state;
	add(b, 24, "spf", OUTCOME_UNKNOWN, "temperror");
	assert_false(is_advisory(b, "spf"));
	add(b, 1, "spf", OUTCOME_UNKNOWN, "temperror");
	assert_true(is_advisory(b, "spf"));
	budget_free(b);
}

static void what_has_its_own_word_is_not_counted(void **state)
{
	struct budget *b = budget_new();

	(void)state;
	add(b, 200, "blocked", OUTCOME_UNKNOWN, "");
	add(b, 200, "spf", OUTCOME_UNKNOWN, "internal");
	add(b, 200, "novel", OUTCOME_UNKNOWN, "temperror");
	assert_false(is_advisory(b, "blocked"));
	assert_false(is_advisory(b, "spf"));
	assert_false(is_advisory(b, "novel"));
	assert_false(is_advisory(NULL, "spf"));
	budget_free(b);
}

static void one_zone_of_several_is_not_the_check(void **state)
{
	struct budget *b = budget_new();
	struct findings f;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		findings_clear(&f);
		findings_add(&f, "dnsbl")->detail = "temperror";
		findings_add(&f, "dnsbl")->outcome = OUTCOME_HIT;
		budget_add(b, &policy, &f);
	}
	assert_false(is_advisory(b, "dnsbl"));
	budget_free(b);
}

static void shows_in_the_metrics(void **state)
{
	struct budget *b = budget_new();
	struct buf out;

	(void)state;
	buf_init(&out, 65536);
	add(b, 30, "spf", OUTCOME_UNKNOWN, "temperror");
	add(b, 30, "dkim", OUTCOME_MISS, "none");
	budget_format(b, &out);
	assert_non_null(strstr(buf_text(&out),
		"\nreprieve_check_advisory{check=\"spf\"} 1\n"));
	assert_non_null(strstr(buf_text(&out),
		"\nreprieve_check_advisory{check=\"dkim\"} 0\n"));
	assert_null(strstr(buf_text(&out), "arc"));
	buf_clear(&out);
	budget_free(b);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a dead name server makes its check advisory, until it "
		     "is well again",
			a_dead_server_makes_its_check_advisory, NULL),
		CASE("a few messages decide nothing",
			a_few_messages_decide_nothing, NULL),
		CASE("lists and our own failures are not counted",
			what_has_its_own_word_is_not_counted, NULL),
		CASE("one zone of several is not the whole check",
			one_zone_of_several_is_not_the_check, NULL),
		CASE("the metrics show which checks are advisory",
			shows_in_the_metrics, NULL),
	};

	return cmocka_run_group_tests_name("judge/budget", cases, NULL, NULL);
}
