/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/blocked.h"

#include "store/blocklist.h"
#include "support/case.h"

#include <stdio.h>

struct row {
	enum blocklist_answer answer;
	bool winner;
	bool shadow;
	enum listing_class class;
	const char *want; /* of "blocked" and "allowed" */
};

static void format(const struct finding *f, char *out, size_t size)
{
	assert_non_null(f);
	snprintf(out, size, "%s=%s%s%s key=%.*s reason=%.*s", f->check,
		outcome_name(f->outcome),
		f->detail != NULL && f->detail[0] != '\0' ? " " : "",
		f->detail == NULL ? "" : f->detail, SLICE_ARG(f->subject),
		SLICE_ARG(f->evidence));
}

static void reports(void **state)
{
	const struct row *row = *state;
	const struct listing entry = { .kind = LIST_BLOCK,
		.key = slice_of("rp:block:192.0.2.1"),
		.class = row->class,
		.until_s = 77,
		.reason = slice_of("spam run") };
	const struct blocklist_result r = { .answer = row->answer,
		.winner = row->winner ? &entry : NULL,
		.shadow = row->shadow ? &entry : NULL };
	struct findings f;
	char blocked[200];
	char allowed[200];
	char got[500];

	findings_clear(&f);
	blocked_report(&r, &f);
	format(findings_find(&f, "blocked"), blocked, sizeof(blocked));
	format(findings_find(&f, "allowed"), allowed, sizeof(allowed));
	snprintf(got, sizeof(got), "%s%s; %s", blocked,
		findings_find(&f, "blocked")->shadow ? " shadow" : "", allowed);
	assert_string_equal(got, row->want);
	assert_int_equal(f.count, 2);
}

int main(void)
{
	static const struct row unknown = { BLOCKLIST_UNKNOWN, false, false,
		LISTING_SELF,
		"blocked=unknown key= reason=; allowed=unknown key= reason=" };
	static const struct row clear = { BLOCKLIST_CLEAR, false, false,
		LISTING_SELF,
		"blocked=miss key= reason=; allowed=miss key= reason=" };
	static const struct row listed = { BLOCKLIST_BLOCKED, true, false,
		LISTING_REVIEW,
		"blocked=hit review key=rp:block:192.0.2.1 reason=spam run; "
		"allowed=miss key= reason=" };
	static const struct row allowed = { BLOCKLIST_ALLOWED, true, false,
		LISTING_SELF,
		"blocked=miss key= reason=; "
		"allowed=hit key=rp:block:192.0.2.1 reason=spam run" };
	static const struct row shadow = { BLOCKLIST_CLEAR, false, true,
		LISTING_FEED,
		"blocked=hit feed key=rp:block:192.0.2.1 reason=spam run "
		"shadow; allowed=miss key= reason=" };
	static const struct row both = { BLOCKLIST_BLOCKED, true, true,
		LISTING_SELF,
		"blocked=hit self key=rp:block:192.0.2.1 reason=spam run; "
		"allowed=miss key= reason=" };
	const struct CMUnitTest cases[] = {
		CASE("no copy to answer from is unknown, not a miss", reports,
			&unknown),
		CASE("nothing that covers it is a miss", reports, &clear),
		CASE("a listing is a hit with class, key and reason", reports,
			&listed),
		CASE("an allow entry is a hit of allowed", reports, &allowed),
		CASE("an entry in shadow is a hit in shadow", reports, &shadow),
		CASE("beside an enforced entry the shadow one is silent",
			reports, &both),
	};

	return cmocka_run_group_tests_name("list/blocked", cases, NULL, NULL);
}
