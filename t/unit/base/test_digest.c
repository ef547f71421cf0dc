/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/digest.h"

#include "support/case.h"

#include <string.h>

static void assert_same(struct digest *d, const char *text)
{
	uint8_t got[SHA256_LEN], want[SHA256_LEN];

	assert_int_equal(digest_end(d, got), RES_OK);
	assert_int_equal(sha256(slice_of(text), want), RES_OK);
	assert_memory_equal(got, want, SHA256_LEN);
}

static void pieces_make_no_difference(void **state)
{
	struct digest *d = digest_new();

	(void)state;
	digest_add(d, slice_of("a "));
	digest_add(d, slice_of(""));
	digest_add(d, slice_make(NULL, 0));
	digest_add(d, slice_of("message"));
	assert_same(d, "a message");
	digest_free(d);
}

static void begins_anew(void **state)
{
	struct digest *d = digest_new();

	(void)state;
	assert_same(d, "");
	digest_add(d, slice_of("first"));
	assert_same(d, "first");
	digest_add(d, slice_of("second"));
	assert_same(d, "second");
	digest_free(d);
}

static void a_copy_goes_its_own_way(void **state)
{
	struct digest *d = digest_new(), *copy = digest_new();

	(void)state;
	digest_add(copy, slice_of("what it held is gone"));
	digest_add(d, slice_of("seals"));
	digest_copy(copy, d);
	digest_add(copy, slice_of(" of one"));
	digest_add(d, slice_of(" of another"));
	assert_same(copy, "seals of one");
	assert_same(d, "seals of another");
	digest_free(d);
	digest_free(copy);
	digest_free(NULL);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("pieces make no difference", pieces_make_no_difference,
			NULL),
		CASE("after its end it begins anew", begins_anew, NULL),
		CASE("a copy goes its own way", a_copy_goes_its_own_way, NULL),
	};

	return cmocka_run_group_tests_name("base/digest", cases, NULL, NULL);
}
