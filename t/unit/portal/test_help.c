/* SPDX-License-Identifier: BSD-2-Clause */
/* What help pages show of the conf in use. */
#include "portal/pages.h"

#include "portal/remedies.h"
#include "support/case.h"
#include "unit/portal/site.h"

#include <stdio.h>
#include <string.h>

/* A site of its own for each question. */
struct row {
	const char *conf;
	const char *target;
	const char *part;
	const char *not_part; /* NULL: any */
};

static void shows(void **state)
{
	const struct row *row = *state;
	struct site s;

	site_open_alone(&s, row->conf);
	(void)site_get(&s, row->target);
	site_expect(&s, 200);
	site_expect_text(&s, row->part);
	if (row->not_part != NULL)
		site_expect_no_text(&s, row->not_part);
	/* No gap stays open. */
	site_expect_no_text(&s, "<p>{");
	site_close(&s);
}

static void keeps_order(void **state)
{
	const char *body, *title, *sum, *check, *end;
	struct site s;

	(void)state;
	site_open_alone(&s, "");
	body = site_get(&s, "/help/scores");
	title = strstr(body, "<h1");
	sum = strstr(body, "the message is refused.");
	check = strstr(body, "id=\"check-helo\"");
	end = strstr(body, "Something is wrong");
	assert_true(title != NULL && sum != NULL && check != NULL &&
		end != NULL && title < sum && sum < check && check < end);
	/* The markup around a table is still that of the page. */
	site_expect_text(&s, "<a href=\"/help/authentication\">");
	site_close(&s);
}

/* No case leads to a page that is not there. */
static void has_a_page_for_codes(void **state)
{
	char target[64];
	struct site s;

	(void)state;
	site_open_alone(&s, "");
	for (enum code c = CODE_NONE + 1; c < CODE_COUNT; c++) {
		if (remedy_help(c) == NULL)
			continue;
		snprintf(target, sizeof(target), "/help/%s", remedy_help(c));
		(void)site_get(&s, target);
		site_expect(&s, 200);
	}
	assert_non_null(remedy_help(CODE_GREYLIST_FIRST));
	assert_null(remedy_help(CODE_NONE));
	assert_null(remedy_help(CODE_INTERNAL));
	site_close(&s);
}

#define ZONES                                                              \
	"dnsbl \"zen.example\" { score = 4 removal = "                     \
	"\"https://zen.example/remove\" }\n"                               \
	"dnsbl \"names.example\" { asks = \"domain\" score = 2 removal = " \
	"\"javascript:alert(1)\" }\n"                                      \
	"dnsbl \"good.example\" { is = \"allow\" score = 1 shadow = true }\n"

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("tables stand where the page has them", keeps_order, NULL),
		CASE("a reply leads to a help page that is there",
			has_a_page_for_codes, NULL),
		CASE("the page of a reply leads to its help page", shows,
			(&(struct row){ "", "/e/GREYLIST_FIRST",
				"href=\"/help/greylisting\"", NULL })),
		CASE("the sums are those of the conf", shows,
			(&(struct row){ "policy { reject_at = 17.5 }\n",
				"/help/scores", "From 17.5 on, the message is",
				"From 15 on" })),
		CASE("a sum that is switched off is not told", shows,
			(&(struct row){ "policy { quarantine_at = 0 }\n",
				"/help/filters", "From 15 on",
				"is held until" })),
		CASE("each word says what was seen, and what helps", shows,
			(&(struct row){ "", "/help/scores",
				"is no full host name.</td><td>+0.5</td>"
				"<td>Have the server greet with its full host",
				NULL })),
		CASE("a score of the operator is shown", shows,
			(&(struct row){
				"check \"helo\" { not_host = \"score 3\" }\n",
				"/help/scores",
				"is no full host name.</td><td>+3.0</td>",
				"is no full host name.</td><td>+0.5</td>" })),
		CASE("a check on trial adds nothing", shows,
			(&(struct row){ "check \"helo\" { shadow = true }\n",
				"/help/scores",
				"is no full host name.</td><td>nothing, it is "
				"on trial here</td>",
				NULL })),
		CASE("the times of greylisting are those of the conf", shows,
			(&(struct row){ "greylist { min_s = 300 }\n",
				"/help/greylisting",
				"counts from 5 minutes after", NULL })),
		CASE("a site without greylisting says so", shows,
			(&(struct row){ "greylist { enabled = false }\n",
				"/help/greylisting",
				"this site does not use greylisting",
				"counts from" })),
		CASE("without limits there is no table of limits", shows,
			(&(struct row){ "", "/help/rates",
				"this site sets no such limits", "<table>" })),
		CASE("limits are told in messages an hour", shows,
			(&(struct row){ "rate { address_hour = 600 }\n",
				"/help/rates", "one IPv6 /64</th><td>600</td>",
				"one recipient here" })),
		CASE("the plan for new senders is published day by day", shows,
			(&(struct row){ "rate { ramp_first = 50 ramp_days = 4 "
					"ramp_factor = 1.5 }\n",
				"/help/rates",
				"<th scope=\"row\">4</th><td>168</td>",
				"<th scope=\"row\">5</th>" })),
		CASE("a list is told with the page where removal is asked for",
			shows,
			(&(struct row){ ZONES, "/help/dns-lists",
				"<a href=\"https://zen.example/remove\"",
				"href=\"javascript" })),
		CASE("a list says what it is asked for", shows,
			(&(struct row){ ZONES, "/help/dns-lists",
				"<td>domain names; it names bad senders</td>",
				NULL })),
		CASE("a list that vouches is told as such", shows,
			(&(struct row){ ZONES, "/help/dns-lists",
				"it vouches for senders; on trial here",
				NULL })),
		CASE("a site that asks no list says so", shows,
			(&(struct row){ "", "/help/dns-lists",
				"this site asks no public DNS lists",
				"<table>" })),
	};

	return cmocka_run_group_tests_name("portal/help", cases, NULL, NULL);
}
