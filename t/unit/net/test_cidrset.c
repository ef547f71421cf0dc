/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/cidrset.h"

#include "support/case.h"

static void add(struct cidrset *s, const char *text)
{
	struct cidr c;

	assert_int_equal(cidr_parse(&c, slice_of(text)), RES_OK);
	assert_int_equal(cidrset_add(s, &c), RES_OK);
}

static bool matches(const struct cidrset *s, const char *text)
{
	struct ipaddr a;

	assert_int_equal(ipaddr_parse(&a, slice_of(text)), RES_OK);
	return cidrset_match(s, &a);
}

static void trusts_what_was_added(void **state)
{
	struct cidrset *s = cidrset_new();

	(void)state;
	assert_false(matches(s, "127.0.0.1"));
	add(s, "127.0.0.0/8");
	add(s, "::1");
	add(s, "2001:db8::/32");
	assert_int_equal(cidrset_count(s), 3);
	assert_true(matches(s, "127.1.2.3"));
	assert_true(matches(s, "::ffff:127.0.0.1"));
	assert_true(matches(s, "::1"));
	assert_true(matches(s, "2001:db8:5::1"));
	assert_false(matches(s, "128.0.0.1"));
	assert_false(matches(s, "::"));
	assert_false(matches(s, "2001:db9::1"));
	cidrset_free(s);
}

static bool overlaps(const struct cidrset *s, const char *text)
{
	struct cidr c;

	assert_int_equal(cidr_parse(&c, slice_of(text)), RES_OK);
	return cidrset_overlaps(s, &c);
}

static void knows_what_it_meets(void **state)
{
	struct cidrset *s = cidrset_new();
	struct cidr c;

	(void)state;
	assert_int_equal(cidr_parse(&c, slice_of("192.0.2.0/25")), RES_OK);
	assert_false(cidrset_overlaps(s, &c));
	assert_int_equal(cidrset_add(s, &c), RES_OK);
	assert_true(overlaps(s, "192.0.2.0/25"));
	assert_true(overlaps(s, "192.0.2.7"));
	assert_true(overlaps(s, "192.0.0.0/16"));
	assert_true(overlaps(s, "0.0.0.0/0"));
	assert_false(overlaps(s, "192.0.2.128/25"));
	assert_false(overlaps(s, "2001:db8::/32"));
	cidrset_free(s);
}

static void has_a_bound(void **state)
{
	struct cidrset *s = cidrset_new();
	struct cidr c;

	(void)state;
	for (uint32_t i = 0; i < CIDRSET_MAX; i++) {
		struct ipaddr a = ipaddr_from_v4(0x0a000000 + i);

		c = cidr_around(&a, 128);
		assert_int_equal(cidrset_add(s, &c), RES_OK);
	}
	assert_string_equal(
		result_name(cidrset_add(s, &c)), result_name(RES_TOOBIG));
	assert_int_equal(cidrset_count(s), CIDRSET_MAX);
	assert_true(matches(s, "10.0.15.255"));
	assert_false(matches(s, "10.0.16.0"));
	cidrset_free(s);
	cidrset_free(NULL);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("networks that were added match, others do not",
			trusts_what_was_added, NULL),
		CASE("a network inside or around one of the set meets it",
			knows_what_it_meets, NULL),
		CASE("a set has a bound", has_a_bound, NULL),
	};

	return cmocka_run_group_tests_name("net/cidrset", cases, NULL, NULL);
}
