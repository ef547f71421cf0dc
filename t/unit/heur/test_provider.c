/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/provider.h"

#include "support/case.h"

static void knows_its_names(void **state)
{
	const struct provider *p = provider_find(slice_of("GMail.com"));

	(void)state;
	assert_non_null(p);
	assert_true(provider_has(p, slice_of("gmail.com")));
	assert_true(provider_has(p, slice_of("mail-x.google.com")));
	assert_true(provider_has(p, slice_of("MAIL.Google.COM")));
}

static void knows_what_is_not(void **state)
{
	const struct provider *p = provider_find(slice_of("gmail.com"));

	(void)state;
	assert_non_null(p);
	assert_false(provider_has(p, slice_of("notgoogle.com")));
	assert_false(provider_has(p, slice_of("google.com.example")));
	assert_false(provider_has(p, slice_of("")));
}

static void knows_no_others(void **state)
{
	(void)state;
	assert_null(provider_find(slice_of("sender.example")));
	assert_null(provider_find(slice_of("google.com")));
	assert_null(provider_find(slice_of("")));
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("hosts of a provider are known, in any case",
			knows_its_names, NULL),
		CASE("a name that only looks like one is none",
			knows_what_is_not, NULL),
		CASE("who gives no mailboxes to everybody is no provider",
			knows_no_others, NULL),
	};

	return cmocka_run_group_tests_name("heur/provider", cases, NULL, NULL);
}
