/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/tracebind.h"

#include "support/case.h"

#include <string.h>

#define DATE "Fri, 27 Nov 2026 01:00:00 +0000"
#define FROM "\"A, B\" <a@example.org>"

static void add(struct tracebind *b, const char *name, const char *value)
{
	tracebind_add(b, slice_of(name), slice_of(value));
}

static struct tracebind usual(void)
{
	struct tracebind b = { .failed = false };

	add(&b, "Received", " from x by y");
	add(&b, "From", " " FROM);
	add(&b, "Date", " " DATE);
	add(&b, "Message-ID", " <1@example.org>");
	return b;
}

static bool is_same(const struct tracebind *a, const struct tracebind *b,
	const char *letters)
{
	uint8_t one[SHA256_LEN], other[SHA256_LEN];

	assert_int_equal(tracebind_digest(a, letters, one), RES_OK);
	assert_int_equal(tracebind_digest(b, letters, other), RES_OK);
	return memcmp(one, other, SHA256_LEN) == 0;
}

static void letters(void **state)
{
	struct tracebind b = { .failed = false };
	char got[TRACE_BOUND_MAX];

	(void)state;
	tracebind_letters(&b, true, got);
	assert_string_equal(got, "");
	b = usual();
	tracebind_letters(&b, true, got);
	assert_string_equal(got, "dfm");
	add(&b, "CFBL-Feedback-ID", "1");
	add(&b, "cfbl-address", "f@example.org");
	tracebind_letters(&b, true, got);
	assert_string_equal(got, "cdfim");
	tracebind_letters(&b, false, got);
	assert_string_equal(got, "dfm");
}

static void folds(void **state)
{
	struct tracebind a = usual(), b = { .failed = false };

	(void)state;
	add(&b, "MESSAGE-Id", "<1@example.org>");
	add(&b, "date", "\tFri,  27 Nov 2026\r\n 01:00:00\t+0000 ");
	add(&b, "from", "\"A, B\"\r\n\t<a@example.org>");
	assert_true(is_same(&a, &b, "dfm"));
}

static void each_counts(void **state)
{
	static const char *const other[][2] = { { "From", "x@example.org" },
		{ "Date", "Fri, 27 Nov 2026 01:00:01 +0000" },
		{ "Message-ID", "<2@example.org>" } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct tracebind a = usual(), b = { .failed = false };

		/* The first of a name is the one that counts. */
		add(&b, other[i][0], other[i][1]);
		add(&b, "From", FROM);
		add(&b, "Date", DATE);
		add(&b, "Message-ID", "<1@example.org>");
		assert_false(is_same(&a, &b, "dfm"));
		add(&a, other[i][0], other[i][1]);
		assert_false(is_same(&a, &b, "dfm"));
	}
}

static void not_swapped(void **state)
{
	struct tracebind a = { .failed = false }, b = { .failed = false };

	(void)state;
	add(&a, "Date", "1");
	add(&a, "From", "2");
	add(&b, "Date", "2");
	add(&b, "From", "1");
	assert_false(is_same(&a, &b, "df"));
}

static void missing(void **state)
{
	struct tracebind b = usual();
	uint8_t out[SHA256_LEN];

	(void)state;
	assert_int_equal(tracebind_digest(&b, "cdfm", out), RES_MISSING);
	assert_int_equal(tracebind_digest(&b, "dfz", out), RES_MISSING);
	assert_int_equal(tracebind_digest(&b, "", out), RES_OK);
	b.failed = true;
	assert_int_equal(tracebind_digest(&b, "dfm", out), RES_NOMEM);
}

#define TEST(name, function)                     \
	{                                        \
		name, function, NULL, NULL, NULL \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		TEST("letters say what is there", letters),
		TEST("folds, blanks and the case of names do not count", folds),
		TEST("each field counts, and the first of its name",
			each_counts),
		TEST("two fields cannot change places", not_swapped),
		TEST("a field that is not there is missed", missing),
	};

	return cmocka_run_group_tests_name("mail/tracebind", cases, NULL, NULL);
}
