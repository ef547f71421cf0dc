/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/reportmeters.h"

#include "store/report.h"
#include "support/case.h"

#include <string.h>

enum { TEXT_MAX = 16384 };

static void numbers_have_their_labels(void **state)
{
	struct report_counts n = { .listed = 3, .would = 4, .waiting = 5 };
	struct buf text;

	(void)state;
	n.of[REPORT_PHISH][REPORT_PAUSED] = 7;
	buf_init(&text, TEXT_MAX);
	reportmeters_format(&n, &text);
	assert_int_equal(buf_result(&text), RES_OK);
	assert_non_null(strstr(buf_text(&text),
		"\nreprieve_portal_reports_total{kind=\"phish\",effect=\""
		"paused\"} 7\n"));
	assert_non_null(strstr(buf_text(&text),
		"\nreprieve_portal_reports_total{kind=\"notjunk\",effect=\""
		"counted\"} 0\n"));
	assert_non_null(strstr(
		buf_text(&text), "\nreprieve_portal_reports_listed_total 3\n"));
	assert_non_null(strstr(buf_text(&text),
		"\nreprieve_portal_reports_would_list_total 4\n"));
	assert_non_null(strstr(
		buf_text(&text), "\nreprieve_portal_reports_waiting 5\n"));
	buf_clear(&text);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("each number has its labels", numbers_have_their_labels,
			NULL),
	};

	return cmocka_run_group_tests_name(
		"portal/reportmeters", cases, NULL, NULL);
}
