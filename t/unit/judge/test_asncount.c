/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/asncount.h"

#include "fact/conn.h"
#include "judge/record.h"
#include "support/case.h"

#include <string.h>

enum { PAGE_MAX = 1 << 20 };

static void judge(struct asncount *c, const char *stage, enum action action,
	enum action would_be)
{
	const struct conn conn = { .kind = CONN_REMOTE, .asn = 64500 };
	const struct verdict v = { .action = action, .would_be = would_be };
	const struct record r = {
		.stage = stage, .conn = &conn, .verdict = &v
	};

	asncount_judged(c, &r);
}

static void counts(void **state)
{
	struct asncount *c = asncount_new();
	const struct conn nowhere = { .kind = CONN_REMOTE };
	const struct conn trusted = { .kind = CONN_REMOTE, .asn = 64500 };
	const struct verdict v = { .action = ACTION_ACCEPT };
	const struct record unknown = {
		.stage = "eom", .conn = &nowhere, .verdict = &v
	};
	const struct record unjudged = { .stage = "eom", .conn = &trusted };
	struct buf out;

	(void)state;
	buf_init(&out, PAGE_MAX);
	asncount_format(c, &out);
	assert_string_equal(buf_text(&out), "");
	judge(c, "rcpt", ACTION_ACCEPT, ACTION_ACCEPT);
	judge(c, "eom", ACTION_ACCEPT, ACTION_ACCEPT);
	judge(c, "eom", ACTION_ACCEPT, ACTION_REJECT);
	judge(c, "rcpt", ACTION_REJECT, ACTION_REJECT);
	asncount_judged(c, &unknown);
	asncount_judged(c, &unjudged);
	asncount_format(c, &out);
	assert_non_null(strstr(buf_text(&out),
		"\nreprieve_asn_messages_total{asn=\"64500\"} 3\n"));
	assert_non_null(strstr(buf_text(&out),
		"\nreprieve_asn_refused_total{asn=\"64500\"} 2\n"));
	buf_clear(&out);
	asncount_free(c);
}

static size_t lines_of(const char *text, const char *start)
{
	size_t count = 0;

	for (const char *at = strstr(text, start); at != NULL;
		at = strstr(at + 1, start))
		count++;
	return count;
}

static void stays_small(void **state)
{
	struct asncount *c = asncount_new();
	struct buf out;

	(void)state;
	buf_init(&out, PAGE_MAX);
	for (uint32_t asn = 1; asn <= 5000; asn++) {
		asncount_add(c, 64500, false);
		asncount_add(c, asn, true);
	}
	asncount_format(c, &out);
	assert_int_equal(
		lines_of(buf_text(&out), "\nreprieve_asn_messages_total{"),
		ASNCOUNT_SHOWN);
	/* The busiest is neither forgotten nor anywhere but on top. */
	assert_non_null(strstr(buf_text(&out),
		"counter\nreprieve_asn_messages_total{asn=\"64500\"} 5000\n"));
	buf_clear(&out);
	asncount_free(c);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("messages of a network and refusals are counted", counts,
			NULL),
		CASE("thousands of networks take bounded room", stays_small,
			NULL),
	};

	return cmocka_run_group_tests_name("judge/asncount", cases, NULL, NULL);
}
