/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/pages.h"

#include "support/case.h"
#include "support/dns_server.h"
#include "unit/portal/stage.h"

#include <stdio.h>
#include <string.h>

#define PAGE "/r/" STAGE_REF
#define TEST PAGE "/test"

/* A case in which everything was wrong. */
static void make_case(struct stage *s)
{
	stage_case(s, "code", "DMARC_SEVERAL");
	stage_case(s, "action", "reject");
	stage_case(s, "ip", "192.0.2.7");
	stage_case(s, "first_seen", "2026-11-22T20:53:32Z");
	stage_case(s, "helo", "mail.example.org");
	stage_case(s, "spf", "fail");
	stage_case(s, "spf_identity", "mailfrom");
	stage_case(s, "spf_domain", "example.org");
	stage_case(s, "spf_record", "v=spf1 -all");
	stage_case(s, "dkim",
		"fail d=example.org s=sel reason=\"the key is missing\"\n");
	stage_case(s, "dmarc", "fail");
	stage_case(s, "dmarc_author", "example.org");
	stage_case(s, "dmarc_record", "v=DMARC1; p=reject");
	stage_case(s, "iprev", "permerror");
	stage_case(s, "iprev_reason", "it has no name in reverse DNS");
}

static void say(struct stage *s, const char *command)
{
	assert_string_equal(dns_server_say(s->dns, command), "ok");
}

/* And all of it repaired since then. */
static void repair(struct stage *s)
{
	say(s, "add 7.2.0.192.in-addr.arpa PTR mail.example.org");
	say(s, "add mail.example.org A 192.0.2.7");
	say(s, "add mail.example.org TXT v=spf1 a -all");
	say(s, "add example.org TXT v=spf1 ip4:192.0.2.7 -all");
	say(s,
		"add sel._domainkey.example.org TXT v=DKIM1; k=ed25519; "
		"p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
	say(s, "add _dmarc.example.org TXT v=DMARC1; p=none");
}

static size_t count(const struct stage *s, const char *text)
{
	const char *at = buf_text(&s->site.answer.body);
	size_t n = 0;

	for (; (at = strstr(at, text)) != NULL; at += strlen(text))
		n++;
	return n;
}

static void shows_then_and_now(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	make_case(&s);
	repair(&s);
	(void)stage_post(&s, PAGE, TEST, "");
	site_expect(&s.site, 200);
	site_expect_text(&s.site, "<h1>The same checks, now</h1>");
	site_expect_text(&s.site, "it has no name in reverse DNS");
	site_expect_text(&s.site, "<code>mail.example.org</code>");
	site_expect_text(&s.site, "<code>v=spf1 -all</code>");
	site_expect_text(&s.site, "<code>v=spf1 ip4:192.0.2.7 -all</code>");
	site_expect_text(&s.site, "the key is missing");
	site_expect_text(&s.site, "sel._domainkey.example.org");
	site_expect_text(&s.site, "<code>v=DMARC1; p=reject</code>");
	site_expect_text(&s.site, "<code>v=DMARC1; p=none</code>");
	/* Four faults then; now list, name, both SPF, key and record. */
	assert_int_equal(count(&s, "is-bad"), 4);
	assert_int_equal(count(&s, "is-good"), 6);
	stage_close(&s);
}

static void shows_what_is_still_wrong(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	make_case(&s);
	say(&s, "add example.org TXT v=spf1 -all");
	stage_list(&s, "192.0.2.7");
	(void)stage_post(&s, PAGE, TEST, "");
	site_expect(&s.site, 200);
	/* Then as above; now listed, no name, SPF, no key, greeting. */
	assert_int_equal(count(&s, "is-bad"), 9);
	site_expect_text(&s.site, "has no name");
	stage_close(&s);
}

static void tests_the_greeting_again(void **state)
{
	static const char sentence[] =
		"The name that the server greeted with does not exist in DNS.";
	struct stage s;

	(void)state;
	stage_open(&s, "");
	make_case(&s);
	stage_case(&s, "findings",
		"helo=hit detail=unresolvable rule=\"score 1.0\" "
		"seen=\"mail.example.org\"\n"
		"attach=hit detail=executable rule=\"score 6.0\"\n");
	repair(&s);
	(void)stage_post(&s, PAGE, TEST, "");
	site_expect(&s.site, 200);
	site_expect_text(&s.site, "<th scope=\"row\">Greeting");
	assert_int_equal(count(&s, sentence), 1);
	site_expect_text(&s.site, "found no fault");
	/* What is in a message, no name in DNS can show. */
	site_expect_no_text(&s.site, "A program is attached");
	stage_close(&s);
}

/* Refused at RCPT: the domain is in the case, and on no page. */
static void asks_for_the_sender(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_blocked(&s);
	stage_case(&s, "sender_domain", "secret.example");
	say(&s, "add secret.example TXT v=spf1 a:mail.secret.example -all");
	say(&s, "add mail.secret.example A 192.0.2.7");
	(void)stage_post(&s, PAGE, TEST, "");
	site_expect(&s.site, 200);
	site_expect_text(&s.site, "SPF of the envelope sender");
	site_expect_text(&s.site, "<code>a</code>");
	site_expect_no_text(&s.site, "secret.example");
	say(&s, "add other.example TXT v=spf1 -all");
	stage_case(&s, "sender_domain", "other.example");
	(void)stage_post(&s, PAGE, TEST, "");
	site_expect_text(&s.site, "<code>-all</code>");
	site_expect_no_text(&s.site, "other.example");
	(void)site_get(&s.site, PAGE);
	site_expect_no_text(&s.site, "other.example");
	stage_close(&s);
}

/* Only what was wrong then is red: DNS that fails blames nobody. */
static void blames_nobody(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	make_case(&s);
	say(&s, "rcode 7.2.0.192.in-addr.arpa SERVFAIL");
	say(&s, "rcode mail.example.org SERVFAIL");
	say(&s, "rcode example.org SERVFAIL");
	say(&s, "rcode sel._domainkey.example.org SERVFAIL");
	say(&s, "rcode _dmarc.example.org SERVFAIL");
	(void)stage_post(&s, PAGE, TEST, "");
	site_expect(&s.site, 200);
	assert_int_equal(count(&s, "is-bad"), 4);
	assert_int_equal(count(&s, "could not be asked for"), 5);
	stage_close(&s);
}

static void tells_nothing_more_than_the_case(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	make_case(&s);
	stage_case(&s, "sender_domain", "mark.example");
	stage_case(&s, "rcpt_domain", "mark.example");
	stage_case(&s, "session", "mark");
	(void)stage_post(&s, PAGE, TEST, "");
	site_expect_no_text(&s.site, "mark");
	stage_close(&s);
}

/* ---- who may ---- */

static void needs_our_form(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	make_case(&s);
	(void)site_post(&s.site, TEST, "stamp=1-2-3&website=");
	site_expect(&s.site, 403);
	(void)site_get(&s.site, TEST);
	site_expect(&s.site, 405);
	stage_close(&s);
}

static void shows_the_case_again(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "portal { form_max_s = 600 }\n");
	make_case(&s);
	(void)site_get(&s.site, PAGE);
	s.site.now_ms += 1;
	(void)stage_post(&s, PAGE, TEST, "");
	site_expect(&s.site, 200);
	s.site.now_ms -= 9000; /* one second after the form */
	{
		char stamp[256], body[512];

		(void)site_get(&s.site, PAGE);
		(void)site_hidden(&s.site, "stamp", stamp, sizeof(stamp));
		snprintf(body, sizeof(body), "stamp=%s&website=", stamp);
		(void)site_post(&s.site, TEST, body);
	}
	site_expect(&s.site, 422);
	site_expect_text(&s.site, "faster than people");
	site_expect_text(&s.site, "<code>" STAGE_REF "</code>");
	stage_close(&s);
}

static void is_not_for_ever(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "portal { checks_max = 2 }\n");
	make_case(&s);
	(void)stage_post(&s, PAGE, TEST, "");
	site_expect(&s.site, 200);
	(void)stage_post(&s, PAGE, TEST, "");
	site_expect(&s.site, 200);
	(void)stage_post(&s, PAGE, TEST, "");
	site_expect(&s.site, 429);
	stage_close(&s);
}

static void knows_no_other_case(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	make_case(&s);
	(void)stage_post(&s, PAGE, "/r/7K3M9QXB2HTD4FZ6U/test", "");
	site_expect(&s.site, 404);
	stage_close(&s);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("what was found and what is found now stand side by side",
			shows_then_and_now, NULL),
		CASE("what is still wrong is told", shows_what_is_still_wrong,
			NULL),
		CASE("a greeting that was repaired shows it",
			tests_the_greeting_again, NULL),
		CASE("SPF of a sender that is not told is asked for, and told",
			asks_for_the_sender, NULL),
		CASE("DNS that fails is could not ask, never a fault",
			blames_nobody, NULL),
		CASE("a test tells no more than the case",
			tells_nothing_more_than_the_case, NULL),
		CASE("a test begins with our own form only", needs_our_form,
			NULL),
		CASE("a form sent too fast shows the case again",
			shows_the_case_again, NULL),
		CASE("tests that cost DNS are counted", is_not_for_ever, NULL),
		CASE("an unknown reference is not tested", knows_no_other_case,
			NULL),
	};

	return cmocka_run_group_tests_name("portal/retest", cases, NULL, NULL);
}
