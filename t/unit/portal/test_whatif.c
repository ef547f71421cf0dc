/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/pages.h"

#include "support/case.h"
#include "support/dns_server.h"
#include "unit/portal/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN "192.0.2.1" /* of the visitor, see unit/portal/site */
#define OTHER "192.0.2.7"

static void ask(struct stage *s, const char *ip, const char *more)
{
	char fields[512];

	snprintf(fields, sizeof(fields),
		"ip=%s&helo=mail.example.org&sender=example.org&"
		"author=example.org%s",
		ip, more);
	(void)stage_post(s, "/whatif", "/whatif", fields);
}

static void say(struct stage *s, const char *command)
{
	assert_string_equal(dns_server_say(s->dns, command), "ok");
}

/* ---- the form ---- */

static void begins_with_own(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	(void)site_get(&s.site, "/whatif");
	site_expect(&s.site, 200);
	site_expect_text(&s.site, "name=\"ip\" value=\"" OWN "\"");
	site_expect_no_text(&s.site, "The answer");
	stage_close(&s);
}

static void begins_with_case(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_blocked(&s);
	stage_case(&s, "spf_domain", "example.org");
	(void)site_get(&s.site, "/whatif?ref=" STAGE_REF);
	site_expect_text(&s.site, "name=\"ip\" value=\"" OTHER "\"");
	site_expect_text(&s.site, "name=\"sender\" value=\"example.org\"");
	site_expect_text(&s.site, "name=\"ref\" value=\"" STAGE_REF "\"");
	stage_close(&s);
}

struct row {
	const char *fields;
	const char *fault;
};

static void finds_fault(void **state)
{
	const struct row *row = *state;
	struct stage s;

	stage_open(&s, "");
	(void)stage_post(&s, "/whatif", "/whatif", row->fields);
	site_expect(&s.site, 422);
	site_expect_text(&s.site, row->fault);
	site_expect_text(&s.site, "aria-invalid=\"true\"");
	site_expect_no_text(&s.site, "The answer");
	stage_close(&s);
}

/* ---- the answer ---- */

static void judges_as_the_milter(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "check \"spf\" { fail = \"reject\" }\n");
	say(&s, "add example.org TXT v=spf1 ip4:192.0.2.200 -all");
	ask(&s, OTHER, "");
	site_expect(&s.site, 200);
	site_expect_text(&s.site, "The message would be refused.");
	site_expect_text(&s.site,
		"550 5.7.23 Message refused, SPF of "
		"example.org does not allow [192.0.2.7]; see "
		"https://postmaster.example.net/r/...");
	site_expect_no_text(&s.site, "r/0000");
	site_expect_text(&s.site, "Whoever runs DNS for example.org");
	site_expect_text(&s.site, "assumed to be unsigned");
	stage_close(&s);
}

static void delivers_what_is_good(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	say(&s, "add example.org TXT v=spf1 ip4:192.0.2.7 -all");
	say(&s, "add example.org A 192.0.2.7");
	say(&s, "add _dmarc.example.org TXT v=DMARC1; p=reject");
	say(&s, "add 7.2.0.192.in-addr.arpa PTR mail.example.org");
	say(&s, "add mail.example.org A 192.0.2.7");
	ask(&s, OTHER, "");
	site_expect_text(&s.site, "The message would be delivered.");
	site_expect_text(&s.site, "<code>v=DMARC1; p=reject</code>");
	site_expect_no_text(&s.site, "The reply would be");
	stage_close(&s);
}

static void says_what_is_on_trial(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "check \"spf\" { fail = \"reject\" shadow = true }\n");
	say(&s, "add example.org TXT v=spf1 -all");
	ask(&s, OTHER, "");
	site_expect_text(&s.site, "The message would be delivered.");
	site_expect_text(&s.site, "Some rules are on trial here");
	stage_close(&s);
}

/* ---- what the lists say ---- */

static void tells_the_visitor(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_list(&s, OWN);
	ask(&s, OWN, "");
	site_expect_text(&s.site, "The message would be refused.");
	site_expect_text(&s.site, "554 5.7.1 Access denied");
	site_expect_text(&s.site, "href=\"/e/BLOCKED_SELF\"");
	site_expect_no_text(&s.site, "Our block list was not asked");
	stage_close(&s);
}

static void tells_who_has_a_reference(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_blocked(&s);
	stage_list(&s, OTHER);
	ask(&s, OTHER, "&ref=" STAGE_REF);
	site_expect_text(&s.site, "554 5.7.1 Access denied");
	/* But not of another address. */
	stage_list(&s, "192.0.2.8");
	ask(&s, "192.0.2.8", "&ref=" STAGE_REF);
	site_expect_no_text(&s.site, "Access denied");
	site_expect_text(&s.site, "Our block list was not asked");
	stage_close(&s);
}

/* The body from the title on: stamps differ, and end with the form. */
static char *answer_of(const struct stage *s)
{
	const char *body = buf_text(&s->site.answer.body);
	const char *from = strstr(body, "<main"), *to = strstr(body, "<form");

	assert_true(from != NULL && to != NULL && from < to);
	return strndup(from, (size_t)(to - from));
}

static void tells_nobody_else(void **state)
{
	static const char *const refs[] = { "", "&ref=7K3M9QXB2HTD4FZ6U",
		"&ref=nonsense" };
	struct stage s;

	(void)state;
	stage_open(&s, "");
	for (size_t i = 0; i < sizeof(refs) / sizeof(refs[0]); i++) {
		char *listed, *clear;

		stage_list(&s, OTHER);
		ask(&s, OTHER, refs[i]);
		site_expect(&s.site, 200);
		site_expect_text(&s.site, "Our block list was not asked");
		listed = answer_of(&s);
		stage_clear(&s, OTHER);
		ask(&s, OTHER, refs[i]);
		clear = answer_of(&s);
		assert_true(strcmp(listed, clear) == 0);
		free(listed);
		free(clear);
	}
	stage_close(&s);
}

/* An address that is trusted is the way in for whoever can use it. */
static void hides_whom_we_trust(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	ask(&s, SITE_TRUSTED, "");
	site_expect_text(&s.site, "Our block list was not asked");
	site_expect_no_text(&s.site, "without being judged");
	site_expect_text(&s.site, "assumed to be unsigned");
	s.site.visitor.peer = SITE_TRUSTED;
	ask(&s, SITE_TRUSTED, "");
	site_expect_text(&s.site, "without being judged");
	stage_close(&s);
}

/* ---- who may ask ---- */

static void is_counted(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "portal { checks_max = 1 }\n");
	ask(&s, OTHER, "");
	site_expect(&s.site, 200);
	ask(&s, OTHER, "");
	site_expect(&s.site, 429);
	stage_close(&s);
}

static void needs_our_form(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	(void)site_post(&s.site, "/whatif", "ip=192.0.2.7");
	site_expect(&s.site, 403);
	stage_close(&s);
}

static void leaves_no_case(void **state)
{
	char answer[64];
	struct stage s;

	(void)state;
	stage_open(&s, "check \"spf\" { fail = \"reject\" }\n");
	say(&s, "add example.org TXT v=spf1 -all");
	ask(&s, OTHER, "");
	site_expect_text(&s.site, "The message would be refused.");
	assert_true(redis_server_do(s.site.redis,
		(const char *const[]){ "EXISTS", STAGE_CASE, NULL }, answer,
		sizeof(answer)));
	assert_string_equal(answer, "0");
	stage_close(&s);
}

static void tells_of_dns_lists(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s,
		"dnsbl \"zen.example\" { score = 4 selftest = no removal = "
		"\"https://zen.example/off\" }\n");
	say(&s, "add 7.2.0.192.zen.example A 127.0.0.2");
	ask(&s, OTHER, "");
	site_expect(&s.site, 200);
	site_expect_text(&s.site, "<th scope=\"row\">DNS block lists</th>");
	site_expect_text(
		&s.site, "A public DNS list names the address of the server.");
	site_expect_text(&s.site, "zen.example");
	site_expect_text(&s.site, "<td>+4.0 (4 x 1)</td>");
	site_expect_text(&s.site, "<li>Find out why the DNS list has the");
	stage_close(&s);
}

#define FAULT(name, ...) CASE(name, finds_fault, (&(struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("the form begins with the visitor's own address",
			begins_with_own, NULL),
		CASE("with a reference the form begins with its case",
			begins_with_case, NULL),
		FAULT("what is no address is told",
			"ip=here&helo=a.example&author=example.org",
			"Enter one IP address"),
		FAULT("a greeting is needed", "ip=192.0.2.7&author=example.org",
			"Enter the name that the server greets with"),
		FAULT("a greeting is one word",
			"ip=192.0.2.7&helo=a+b&author=example.org",
			"Enter the name that the server greets with"),
		FAULT("an author has a domain",
			"ip=192.0.2.7&helo=a.example&author=a%40b",
			"Enter a domain, for example example.org."),
		FAULT("a sender is a domain, or none",
			"ip=192.0.2.7&helo=a.example&sender=a%3Cb&"
			"author=example.org",
			"or leave it empty for a bounce"),
		CASE("a message is judged as the milter would",
			judges_as_the_milter, NULL),
		CASE("a message that is good would be delivered",
			delivers_what_is_good, NULL),
		CASE("a rule on trial refuses nothing, and that is told",
			says_what_is_on_trial, NULL),
		CASE("a DNS list that names the address is told, and what to "
		     "do",
			tells_of_dns_lists, NULL),
		CASE("visitors are told of their own listing",
			tells_the_visitor, NULL),
		CASE("whoever has a reference is told of its address",
			tells_who_has_a_reference, NULL),
		CASE("nobody else learns whether an address is listed",
			tells_nobody_else, NULL),
		CASE("only a trusted visitor learns that he is trusted",
			hides_whom_we_trust, NULL),
		CASE("questions that cost DNS are counted", is_counted, NULL),
		CASE("a question comes from our own form", needs_our_form,
			NULL),
		CASE("a question leaves no case behind", leaves_no_case, NULL),
	};

	return cmocka_run_group_tests_name("portal/whatif", cases, NULL, NULL);
}
