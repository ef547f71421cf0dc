/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/autoreason.h"

#include "support/case.h"

struct row {
	struct autoreason why;
	const char *want;
};

static void says(void **state)
{
	const struct row *row = *state;
	char text[256];

	assert_string_equal(
		autoreason_of_listing(&row->why, text, sizeof(text)),
		row->want);
}

static void says_of_parole(void **state)
{
	char text[256];

	(void)state;
	assert_string_equal(autoreason_of_mark(false, 12.5, text, sizeof(text)),
		"a message scored 12.5 while on parole");
	assert_string_equal(autoreason_of_mark(true, 0, text, sizeof(text)),
		"mail to an address that nobody was given, while on parole");
}

#define SAYS(name, ...) CASE(name, says, (&(struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		SAYS("how many, how much, how long", { 5, 15, 86400, false },
			"5 messages scored 15 or more within 24 h"),
		SAYS("one message, in minutes", { 1, 7.25, 5400, false },
			"1 message scored 7.25 or more within 90 min"),
		SAYS("days, and a trap", { 12, 15, 7 * 86400, true },
			"12 messages scored 15 or more, or went to an address "
			"that nobody was given, within 7 days"),
		SAYS("what is no whole minute", { 3, 15, 61, false },
			"3 messages scored 15 or more within 61 s"),
		CASE("a mark on parole", says_of_parole, NULL),
	};

	return cmocka_run_group_tests_name(
		"judge/autoreason", cases, NULL, NULL);
}
