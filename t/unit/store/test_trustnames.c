/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/trustnames.h"

#include "support/case.h"

#include <stdio.h>
#include <string.h>

static enum result put(struct trustnames *t, const char *key, uint32_t expire_s)
{
	struct trust_name name;

	assert_int_equal(
		trust_name_parse(&name, slice_of("rp:"), slice_of(key)),
		RES_OK);
	return trustnames_put(t, &name, slice_of(key), expire_s);
}

static void drop(struct trustnames *t, const char *key)
{
	struct trust_name name;

	assert_int_equal(
		trust_name_parse(&name, slice_of("rp:"), slice_of(key)),
		RES_OK);
	trustnames_remove(t, &name, slice_of(key));
}

static bool has(const struct trustnames *t, enum trust_kind k, const char *name)
{
	return trustnames_has(t, k, slice_of(name), 100);
}

static void finds_what_was_put(void **state)
{
	struct trustnames *t = trustnames_new(10);

	(void)state;
	assert_false(has(t, TRUST_ARC, "example.org"));
	assert_int_equal(put(t, "rp:trust:arc:example.org", 0), RES_OK);
	assert_int_equal(put(t, "rp:trust:arc:b.example", 0), RES_OK);
	assert_int_equal(put(t, "rp:trust:list:a.example", 0), RES_OK);
	assert_true(has(t, TRUST_ARC, "example.org"));
	assert_true(has(t, TRUST_ARC, "b.example"));
	assert_false(has(t, TRUST_LIST, "b.example"));
	assert_true(has(t, TRUST_LIST, "a.example"));
	assert_false(has(t, TRUST_ARC, "example.or"));
	assert_false(has(t, TRUST_ARC, "example.orgx"));
	assert_false(has(t, TRUST_ARC, ""));
	drop(t, "rp:trust:arc:b.example");
	assert_false(has(t, TRUST_ARC, "b.example"));
	assert_int_equal(trustnames_count(t), 2);
	trustnames_free(t);
	trustnames_free(NULL);
}

static void stays_while_one_spelling_does(void **state)
{
	struct trustnames *t = trustnames_new(10);

	(void)state;
	assert_int_equal(put(t, "rp:trust:arc:Example.ORG.", 0), RES_OK);
	assert_int_equal(put(t, "rp:trust:arc:example.org", 50), RES_OK);
	assert_int_equal(trustnames_count(t), 2);
	assert_true(has(t, TRUST_ARC, "example.org"));
	drop(t, "rp:trust:arc:Example.ORG.");
	assert_false(has(t, TRUST_ARC, "example.org"));
	/* Its life was made longer. */
	assert_int_equal(put(t, "rp:trust:arc:example.org", 101), RES_OK);
	assert_true(has(t, TRUST_ARC, "example.org"));
	assert_false(
		trustnames_has(t, TRUST_ARC, slice_of("example.org"), 101));
	drop(t, "rp:trust:arc:EXAMPLE.org");
	assert_int_equal(trustnames_count(t), 1);
	trustnames_free(t);
}

static void holds_no_more_than_its_bound(void **state)
{
	struct trustnames *t = trustnames_new(40);
	char key[64];
	uint32_t expire_s;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		(void)snprintf(key, sizeof(key), "rp:trust:arc:%c%u.example",
			'a' + i * 7 % 26, i);
		assert_int_equal(put(t, key, i), RES_OK);
	}
	assert_int_equal(put(t, "rp:trust:arc:more.example", 0), RES_FULL);
	assert_int_equal(put(t, key, 0), RES_OK);
	assert_int_equal(trustnames_count(t), 40);
	for (size_t i = 0; i < 40; i++)
		assert_true(slice_has_prefix(trustnames_at(t, i, &expire_s),
			slice_of("rp:trust:arc:")));
	trustnames_free(t);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a name is found with its kind only", finds_what_was_put,
			NULL),
		CASE("a name is there as long as one spelling of it",
			stays_while_one_spelling_does, NULL),
		CASE("one more than the bound is left out",
			holds_no_more_than_its_bound, NULL),
	};

	return cmocka_run_group_tests_name(
		"store/trustnames", cases, NULL, NULL);
}
