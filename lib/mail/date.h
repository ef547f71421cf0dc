/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/date - the time that a Date field names (RFC 5322 s3.3, s4.3).
 *
 * Read with comments and folds wherever they may stand, and with what old
 * programs write: years of two and three digits, zones by letters, an hour of
 * one digit. Octets are read once, whatever they are. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

struct date {
	int64_t at_s; /* seconds since 1970, UTC; a leap second is the one
			 behind it */
	int zone_min; /* of the writer, minutes east of UTC */
	bool is_zone_known; /* false: "-0000", or letters that say nothing */
	bool is_weekday_wrong; /* it names a day of the week that it is not */
};

/*
 * value: of the field, with its folds. RES_SYNTAX: not of that grammar, text
 * behind it too. RES_RANGE: of the grammar, but no day or time that there is,
 * or of a year before 1900. *out is then untouched.
 */
enum result date_parse(struct slice value, struct date *out) MUST_USE;
