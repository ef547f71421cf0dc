/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/date.h"

#include "support/case.h"

#include <stdio.h>

struct row {
	const char *value;
	int64_t want;
};

static void reads(void **state)
{
	const struct row *row = *state;
	struct date got;

	assert_string_equal(
		result_name(date_parse(slice_of(row->value), &got)), "ok");
	assert_int_equal(got.at_s, row->want);
	assert_false(got.is_weekday_wrong);
}

struct bad {
	const char *value;
	enum result want;
};

static void refuses(void **state)
{
	const struct bad *row = *state;
	struct date got = { .at_s = 7 };

	assert_string_equal(result_name(date_parse(slice_of(row->value), &got)),
		result_name(row->want));
	assert_int_equal(got.at_s, 7);
}

static void knows_the_weekday(void **state)
{
	struct date got;

	(void)state;
	assert_int_equal(
		date_parse(slice_of("Wed, 21 Nov 1997 09:55:06 -0600"), &got),
		RES_OK);
	assert_true(got.is_weekday_wrong);
	assert_int_equal(got.at_s, 880127706);
	assert_int_equal(
		date_parse(slice_of("Sun, 31 Dec 1899 00:00:00 GMT"), &got),
		RES_RANGE);
	assert_int_equal(
		date_parse(slice_of("Mon, 1 Jan 1900 00:00:00 GMT"), &got),
		RES_OK);
	assert_false(got.is_weekday_wrong);
}

static void tells_a_zone_that_says_nothing(void **state)
{
	static const char *const silent[] = { "-0000", "A", "j", "MEZ",
		"XYZZY" };
	struct date got;

	(void)state;
	for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
		char text[64];

		snprintf(text, sizeof(text), "1 Jan 1970 00:00 %s", silent[i]);
		assert_int_equal(date_parse(slice_of(text), &got), RES_OK);
		assert_int_equal(got.at_s, 0);
		assert_false(got.is_zone_known);
	}
	assert_int_equal(
		date_parse(slice_of("1 Jan 1970 00:00 +0530"), &got), RES_OK);
	assert_true(got.is_zone_known);
	assert_int_equal(got.zone_min, 330);
}

static void takes_a_nul_for_no_end(void **state)
{
	static const char text[] = "1 Jan 1970 00:00 GMT\0";
	struct date got;

	(void)state;
	assert_int_equal(date_parse(slice_make(text, sizeof(text) - 1), &got),
		RES_SYNTAX);
}

#define ROW(text, value, want) \
	CASE(text, reads, (&(const struct row){ (value), (want) }))
#define BAD(text, value, want) \
	CASE(text, refuses, (&(const struct bad){ (value), (want) }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("what RFC 5322 shows in A.1.1",
			" Fri, 21 Nov 1997 09:55:06 -0600", 880127706),
		ROW("without a day of the week", " 21 Nov 1997 09:55:06 -0600",
			880127706),
		ROW("without seconds", "21 Nov 1997 09:55 -0600", 880127700),
		ROW("with folds and comments, as in A.5",
			" Thu,\r\n      13\r\n        Feb\r\n          1969\r\n"
			"      23:32\r\n               -0330 (Newfoundland Time)",
			-27723480),
		ROW("the obsolete form of A.6.2", " 21 Nov 97 09:55:06 GMT",
			880106106),
		ROW("comments within, as in A.6.3",
			" Fri, 21 Nov 1997 09(comment):   55  :  06 -0600",
			880127706),
		ROW("lower case", "fri, 21 nov 1997 09:55:06 gmt", 880106106),
		ROW("a year of two digits before 50", "1 Jan 49 00:00:00 +0000",
			2493072000),
		ROW("a year of two digits from 50 on",
			"1 Jan 50 00:00:00 +0000", -631152000),
		ROW("a year of three digits", "1 Jan 126 00:00:00 +0000",
			1767225600),
		ROW("zones by name", "1 Jan 2026 00:00:00 PDT", 1767250800),
		ROW("an hour of one digit", "1 Jan 2026 7:05:01 Z", 1767251101),
		ROW("a leap second", "Sat, 31 Dec 2016 23:59:60 +0000",
			1483228800),
		ROW("the 29th of February", "29 Feb 2000 00:00:00 UT",
			951782400),
		ROW("the zone of Nepal", "1 Jan 1970 05:45:00 +0545", 0),
		ROW("a long way ahead", "31 Dec 9999 23:59:59 +0000",
			253402300799),
		BAD("the 29th of February of no leap year",
			"29 Feb 1900 00:00:00 UT", RES_RANGE),
		BAD("the 31st of April", "31 Apr 2026 00:00:00 +0000",
			RES_RANGE),
		BAD("the day nought", "0 Apr 2026 00:00:00 +0000", RES_RANGE),
		BAD("the hour 24", "1 Apr 2026 24:00:00 +0000", RES_RANGE),
		BAD("the minute 60", "1 Apr 2026 23:60:00 +0000", RES_RANGE),
		BAD("the second 61", "1 Apr 2026 23:59:61 +0000", RES_RANGE),
		BAD("a zone with 60 minutes", "1 Apr 2026 23:59:00 +0060",
			RES_SYNTAX),
		BAD("nothing", "", RES_SYNTAX),
		BAD("blanks", " \r\n ", RES_SYNTAX),
		BAD("no zone", "1 Apr 2026 23:59:00", RES_SYNTAX),
		BAD("a month by number", "1/4/2026 23:59:00 +0000", RES_SYNTAX),
		BAD("ISO 8601", "2026-04-01T23:59:00Z", RES_SYNTAX),
		BAD("what ctime writes", "Wed Apr  1 23:59:00 2026",
			RES_SYNTAX),
		BAD("a day of the week in full",
			"Wednesday, 1 Apr 2026 23:59:00 +0000", RES_SYNTAX),
		BAD("no comma behind the day of the week",
			"Wed 1 Apr 2026 23:59:00 +0000", RES_SYNTAX),
		BAD("a year of five digits", "1 Apr 20260 23:59:00 +0000",
			RES_SYNTAX),
		BAD("text behind it", "1 Apr 2026 23:59:00 +0000 or so",
			RES_SYNTAX),
		BAD("a zone of three digits", "1 Apr 2026 23:59:00 +000",
			RES_SYNTAX),
		BAD("a zone with a colon", "1 Apr 2026 23:59:00 +00:00",
			RES_SYNTAX),
		BAD("half past noon", "1 Apr 2026 12:30:00 pm +0000",
			RES_SYNTAX),
		BAD("a comment that stays open",
			"1 Apr 2026 23:59:00 +0000 (noon", RES_SYNTAX),
		BAD("digits without end",
			"1 Apr 2026 23:59:00 "
			"+00000000000000000000000000000000000000000",
			RES_SYNTAX),
		CASE("a day of the week that it is not is told",
			knows_the_weekday, NULL),
		CASE("letters that say nothing are no zone",
			tells_a_zone_that_says_nothing, NULL),
		CASE("a NUL is no end", takes_a_nul_for_no_end, NULL),
	};

	return cmocka_run_group_tests_name("mail/date", cases, NULL, NULL);
}
