/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/shadowcount.h"

#include "judge/record.h"
#include "support/case.h"

#include <string.h>

static void judge(struct shadowcount *c, const char *stage, enum action action,
	const char *check, enum action with)
{
	const struct verdict v = { .action = action,
		.shadow_count = 1,
		.shadow = { { check, with } } };
	const struct record r = { .stage = stage, .verdict = &v };

	shadowcount_judged(c, &r);
}

static void counts_what_would_have_been(void **state)
{
	static struct shadowcount c;
	const struct record unjudged = { .stage = "eom" };
	struct buf out;

	(void)state;
	buf_init(&out, 65536);
	judge(&c, "eom", ACTION_ACCEPT, "spf", ACTION_REJECT);
	judge(&c, "eom", ACTION_MARK, "spf", ACTION_REJECT);
	judge(&c, "eom", ACTION_ACCEPT, "headers", ACTION_MARK);
	judge(&c, "rcpt", ACTION_TEMPFAIL, "blocked", ACTION_REJECT);
	/* It comes back with its message. */
	judge(&c, "rcpt", ACTION_ACCEPT, "blocked", ACTION_MARK);
	judge(&c, "eom", ACTION_ACCEPT, "novel", ACTION_MARK);
	shadowcount_judged(&c, &unjudged);
	shadowcount_format(&c, &out);
	assert_non_null(strstr(buf_text(&out),
		"# TYPE reprieve_shadow_total counter\n"
		"reprieve_shadow_total{check=\"blocked\",action=\"reject\"} "
		"1\n"
		"reprieve_shadow_total{check=\"spf\",action=\"reject\"} 2\n"
		"reprieve_shadow_total{check=\"headers\",action=\"mark\"} "
		"1\n"));
	buf_clear(&out);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("each check in shadow is counted with what it would have "
		     "done",
			counts_what_would_have_been, NULL),
	};

	return cmocka_run_group_tests_name(
		"judge/shadowcount", cases, NULL, NULL);
}
