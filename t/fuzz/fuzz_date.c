/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/date: what is read is a time between 1900 and 9999, and written again
 * in the plain form it is the same time.
 */
#include "mail/date.h"

#include "t/fuzz/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void write_again(int64_t at_s, int zone_min, char out[64])
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t local = (time_t)(at_s + (int64_t)zone_min * 60);
	struct tm tm;

	gmtime_r(&local, &tm);
	snprintf(out, 64, "%d %s %d %02d:%02d:%02d %c%02d%02d", tm.tm_mday,
		months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		tm.tm_sec, zone_min < 0 ? '-' : '+', abs(zone_min) / 60,
		abs(zone_min) % 60);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct date first, again;
	char text[64];

	if (date_parse(slice_make(data, size), &first) != RES_OK)
		return 0;
	target_promise(abs(first.zone_min) < 100 * 60, "a zone has its bounds");
	write_again(first.at_s, first.zone_min, text);
	/* The leap second of the last year there is. */
	if (date_parse(slice_of(text), &again) != RES_OK) {
		target_promise(first.at_s + (int64_t)first.zone_min * 60 >=
				INT64_C(253402300800),
			"what was read can be written and read again");
		return 0;
	}
	target_promise(again.at_s == first.at_s, "it is the same time");
	target_promise(!again.is_weekday_wrong, "no day, no wrong day");
	return 0;
}
