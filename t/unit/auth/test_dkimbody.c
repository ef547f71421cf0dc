/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dkimbody.h"

#include "auth/dkimsig.h"
#include "base/arena.h"
#include "support/case.h"

#include <string.h>

struct row {
	const char *body;
	const char *simple, *relaxed; /* the canonical forms */
};

static void judge_view(
	struct dkimbody *b, size_t view, const char *canon, uint64_t length)
{
	uint8_t hash[SHA256_LEN];

	assert_int_equal(
		sha256(slice_part(slice_of(canon), 0, length), hash), RES_OK);
	assert_memory_equal(dkimbody_hash(b, view), hash, SHA256_LEN);
	assert_int_equal(dkimbody_octets(b, view), strlen(canon));
}

/* Cut at each octet. */
static void hashes(void **state)
{
	const struct row *row = *state;
	struct slice body = slice_of(row->body);

	for (size_t cut = 0; cut <= body.len; cut++) {
		struct arena *a = arena_new(1 << 16);
		struct dkimbody *b = dkimbody_new(a);
		struct dkimsig simple = { .has_length = true, .length = 3 };
		struct dkimsig relaxed = { .has_length = true,
			.length = 1000,
			.is_relaxed_body = true };
		size_t views[2];

		assert_false(dkimbody_is_wanted(b));
		assert_int_equal(dkimbody_want(b, &simple, &views[0]), RES_OK);
		assert_int_equal(dkimbody_want(b, &relaxed, &views[1]), RES_OK);
		assert_true(dkimbody_is_wanted(b));
		dkimbody_add(b, slice_part(body, 0, cut));
		dkimbody_add(b, slice_part(body, cut, body.len));
		assert_int_equal(dkimbody_end(b), RES_OK);
		judge_view(b, views[0], row->simple, 3);
		judge_view(b, views[1], row->relaxed, 1000);
		dkimbody_free(b);
		arena_free(a);
	}
}

static void signatures_of_one_form_share_a_view(void **state)
{
	struct arena *a = arena_new(1 << 18);
	struct dkimbody *b = dkimbody_new(a);
	struct dkimsig sig = { .is_relaxed_body = true };
	size_t first, view;

	(void)state;
	assert_int_equal(dkimbody_want(b, &sig, &first), RES_OK);
	assert_int_equal(dkimbody_want(b, &sig, &view), RES_OK);
	assert_int_equal(view, first);
	sig.is_relaxed_body = false;
	assert_int_equal(dkimbody_want(b, &sig, &view), RES_OK);
	assert_int_not_equal(view, first);
	sig.has_length = true;
	for (int i = 0; i < DKIMBODY_VIEWS_MAX - 2; i++) {
		assert_int_equal(dkimbody_want(b, &sig, &view), RES_OK);
		sig.length++;
	}
	assert_int_equal(dkimbody_want(b, &sig, &view), RES_TOOBIG);
	dkimbody_free(b);
	arena_free(a);
}

static void says_when_memory_is_short(void **state)
{
	struct arena *a = arena_new(1000);
	struct dkimbody *b = dkimbody_new(a);
	struct dkimsig sig = { .is_relaxed_body = true };
	size_t view;

	(void)state;
	assert_non_null(b);
	assert_int_equal(dkimbody_want(b, &sig, &view), RES_NOMEM);
	assert_false(dkimbody_is_wanted(b));
	dkimbody_free(b);
	arena_free(a);
}

#define HASHES(name, body, simple, relaxed) \
	CASE(name, hashes, (&(struct row){ body, simple, relaxed }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		HASHES("an empty body is a CRLF, or nothing", "", "\r\n", ""),
		HASHES("empty lines are an empty body", "\r\n\r\n\r\n", "\r\n",
			""),
		HASHES("a line is itself", "Hi\r\n", "Hi\r\n", "Hi\r\n"),
		HASHES("a line without CRLF gets one", "Hi", "Hi\r\n",
			"Hi\r\n"),
		HASHES("empty lines at the end do not count", "Hi\r\n\r\n\r\n",
			"Hi\r\n", "Hi\r\n"),
		HASHES("empty lines within do", "\r\nHi\r\n\r\n\r\nyou\r\n",
			"\r\nHi\r\n\r\n\r\nyou\r\n",
			"\r\nHi\r\n\r\n\r\nyou\r\n"),
		HASHES("blanks become one, but none at the end",
			"  a \t b \t\r\n", "  a \t b \t\r\n", " a b\r\n"),
		HASHES("a line of blanks is an empty one", "a\r\n \t\r\nb\r\n",
			"a\r\n \t\r\nb\r\n", "a\r\n\r\nb\r\n"),
		HASHES("lines of blanks at the end are no lines",
			"a\r\n  \r\n\t\r\n", "a\r\n  \r\n\t\r\n", "a\r\n"),
		cmocka_unit_test(signatures_of_one_form_share_a_view),
		cmocka_unit_test(says_when_memory_is_short),
	};

	return cmocka_run_group_tests_name("auth/dkimbody", cases, NULL, NULL);
}
