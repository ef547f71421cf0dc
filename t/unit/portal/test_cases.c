/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/pages.h"

#include "store/case.h"
#include "store/caseauth.h"
#include "support/case.h"
#include "unit/portal/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE "/r/" STAGE_REF

/* ---- who gets a page at all ---- */

/* The body, with the path that was asked for blotted out. */
static char *blotted(const char *body, const char *path)
{
	char *copy = strdup(body), *at = copy;

	assert_non_null(copy);
	while ((at = strstr(at, path)) != NULL)
		memset(at, 'x', strlen(path));
	return copy;
}

static void tells_wrong_like_unknown(void **state)
{
	static const char wrong[] = "/r/7K3M9QXB2HTD4FZ6U";
	char ref[CASE_REF_MAX], path[64], *first, *second;
	struct stage s;

	(void)state;
	stage_open(&s, "");
	first = blotted(site_get(&s.site, wrong), wrong);
	site_expect(&s.site, 404);
	case_ref_new(ref);
	snprintf(path, sizeof(path), "/r/%s", ref);
	second = blotted(site_get(&s.site, path), path);
	site_expect(&s.site, 404);
	assert_true(strcmp(first, second) == 0);
	free(first);
	free(second);
	stage_close(&s);
}

static void reads_as_typed(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_blocked(&s);
	(void)site_get(&s.site, "/r/ooooo-ooooo-ooooo-oo");
	site_expect(&s.site, 200);
	site_expect_text(&s.site, "<code>" STAGE_REF "</code>");
	stage_close(&s);
}

static void needs_redis(void **state)
{
	struct site s;

	(void)state;
	site_open_alone(&s, "");
	(void)site_get(&s, PAGE);
	site_expect(&s, 503);
	site_expect_text(&s, "We cannot look this up at the moment");
	site_close(&s);
}

static void takes_no_post(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_blocked(&s);
	(void)site_post(&s.site, PAGE, "");
	site_expect(&s.site, 405);
	stage_close(&s);
}

/* ---- what it says ---- */

static void says_what_and_when(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_blocked(&s);
	(void)site_get(&s.site, PAGE);
	site_expect(&s.site, 200);
	site_expect_text(&s.site, "<h1>Why your mail was refused</h1>");
	site_expect_text(&s.site,
		"<pre>554 5.7.1 Access denied, sending IP [192.0.2.7]</pre>");
	site_expect_text(&s.site, "datetime=\"2026-11-22T20:53:32Z\"");
	site_expect_text(&s.site, "22 November 2026, 21:00 UTC");
	site_expect_text(&s.site, "3 times");
	site_expect_text(&s.site, "href=\"/e/BLOCKED_SELF\"");
	site_expect_text(&s.site, "spam run");
	site_expect_text(
		&s.site, "The administrator of the sending server 192.0.2.7");
	site_expect_text(&s.site, "/sponsor/" STAGE_REF);
	site_expect_text(&s.site, "/support?ref=" STAGE_REF);
	stage_close(&s);
}

static void says_what_authentication_saw(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_case(&s, "code", "SPF_FAIL");
	stage_case(&s, "action", "reject");
	stage_case(&s, "ip", "192.0.2.7");
	stage_case(&s, "spf", "fail");
	stage_case(&s, "spf_identity", "mailfrom");
	stage_case(&s, "spf_domain", "example.org");
	stage_case(&s, "spf_record", "v=spf1 -all");
	stage_case(&s, "dkim",
		"fail d=example.com s=sel reason=\"it was changed\"\n");
	stage_case(&s, "dmarc", "fail");
	stage_case(&s, "dmarc_author", "example.net");
	stage_case(&s, "iprev", "permerror");
	stage_case(&s, "findings",
		"spf=hit detail=fail rule=\"score 4.0\" key=\"example.org\" "
		"seen=\"example.org does not allow 192.0.2.7\"\n");
	(void)site_get(&s.site, PAGE);
	site_expect_text(&s.site, "<code>v=spf1 -all</code>");
	site_expect_text(&s.site, "the envelope sender");
	site_expect_text(&s.site, "it was changed");
	site_expect_text(&s.site, "has no name");
	site_expect_text(&s.site, "example.org does not allow 192.0.2.7");
	site_expect_text(&s.site, "<td>+4.0</td>");
	site_expect_text(&s.site, "Whoever runs DNS for example.org");
	site_expect_text(&s.site, "add ip4:192.0.2.7");
	site_expect_text(
		&s.site, "This refusal did not come from our block list, and");
	site_expect_no_text(&s.site, "can be sent again");
	stage_close(&s);
}

static void repairs_a_sum_by_its_parts(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_case(&s, "code", "SCORE_END");
	stage_case(&s, "ip", "192.0.2.7");
	stage_case(&s, "dmarc_author", "example.net");
	stage_case(&s, "findings",
		"iprev=hit detail=permerror rule=\"score 2.0\"\n"
		"dmarc=hit detail=none rule=\"score 8.0\"\n"
		"dkim=hit detail=none rule=\"ignore\"\n"
		"from=hit detail=several From fields rule=\"score 5.0\" "
		"seen=\"several From fields\"\n");
	(void)site_get(&s.site, PAGE);
	site_expect_text(&s.site, "7.2.0.192.in-addr.arpa");
	site_expect_text(&s.site, "TXT record at _dmarc.example.net");
	site_expect_text(&s.site, "From field only");
	/* What added nothing needs no repair. */
	site_expect_no_text(&s.site, "(d=example.net)");
	stage_close(&s);
}

static void says_what_heuristics_saw(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_case(&s, "code", "SCORE_END");
	stage_case(&s, "ip", "192.0.2.7");
	stage_case(&s, "findings",
		"helo=hit detail=not_host rule=\"score 1.5\" "
		"seen=\"localhost\"\n"
		"attach=hit detail=executable rule=\"score 6.0\" "
		"seen=\"setup.exe\"\n"
		"bulk=hit detail=no_one_click rule=\"ignore\"\n"
		"links=hit detail=ip rule=\"score 3.0\" factor=2.0\n"
		"reverse=unknown detail=temperror rule=\"score 2.0\" "
		"advisory=yes\n"
		"dnswl=hit detail=listed rule=\"score -2.0\" "
		"seen=\"allow.example\"\n"
		"dnsbl=unknown detail=temperror rule=\"ignore\"\n"
		"headers=miss rule=\"ignore\"\n"
		"bulk=miss rule=\"ignore\"\n");
	(void)site_get(&s.site, PAGE);
	site_expect(&s.site, 200);
	site_expect_text(&s.site, "<th scope=\"row\">Greeting</th>");
	site_expect_text(
		&s.site, "greeted with something that is no full host");
	site_expect_text(&s.site, "<span class=\"small\">localhost</span>");
	site_expect_text(&s.site, "<td>+1.5</td>");
	site_expect_text(&s.site, "<td>+3.0 (2 x 1.5)</td>");
	site_expect_no_text(&s.site, "+2.0");
	site_expect_text(&s.site, "A program is attached.");
	site_expect_text(&s.site, "<span class=\"small\">setup.exe</span>");
	/* What to change, by who can. */
	site_expect_text(&s.site,
		"<dt>The administrator of the sending server 192.0.2.7</dt>");
	site_expect_text(&s.site, "<li>Have the server greet with its full");
	site_expect_text(&s.site, "<dt>You, the author</dt>");
	site_expect_text(&s.site, "<li>Do not send programs by mail");
	/* What added nothing needs no repair, nor does what speaks for it. */
	site_expect_text(&s.site, "vouches for the address");
	site_expect_no_text(&s.site, "List-Unsubscribe-Post");
	site_expect_text(&s.site, "A DNS list could not be asked.");
	site_expect_text(
		&s.site, "no fault: Header of the message, Bulk mail</p>");
	stage_close(&s);
}

static void shows_an_unknown_word_as_it_is(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_case(&s, "code", "SCORE_END");
	stage_case(&s, "ip", "192.0.2.7");
	/* Of another version, or of nobody's. */
	stage_case(&s, "findings",
		"helo=hit detail=upside_down rule=\"score 1.5\" seen=\"<b>\"\n"
		"moon=hit detail=full rule=\"score 1.0\"\n"
		"moon=miss rule=\"ignore\"\n");
	(void)site_get(&s.site, PAGE);
	site_expect(&s.site, 200);
	site_expect_text(&s.site, "found a fault");
	site_expect_text(&s.site, "&lt;b&gt;");
	site_expect_text(&s.site, "<th scope=\"row\">moon</th>");
	stage_close(&s);
}

static void refuses_nothing_on_trial(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_blocked(&s);
	stage_case(&s, "mode", "monitor");
	(void)site_get(&s.site, PAGE);
	site_expect_text(&s.site, "Nothing was refused");
	site_expect_no_text(&s.site, "Why your mail was refused");
	stage_close(&s);
}

/* ---- nothing private ---- */

static void mark(struct stage *s, const char *field)
{
	char text[64];

	snprintf(text, sizeof(text), "mark-%s-mark", field);
	stage_case(s, field, text);
}

static void expect_mark(const struct stage *s, const char *field, bool want)
{
	char text[64];

	snprintf(text, sizeof(text), "mark-%s-mark", field);
	if (want)
		site_expect_text(&s->site, text);
	else
		site_expect_no_text(&s->site, text);
}

/* Every field that store/case knows, and what the page may tell of it. Times,
 * counts and words that the page translates cannot bear a mark. */
static const struct {
	const char *field;
	bool is_shown;
} fields[] = {
	{ "stage", false },
	{ "net", false },
	{ "key", false },
	{ "reason", true },
	{ "helo", true },
	{ "sender_domain", false },
	{ "sender_hash", false },
	{ "rcpt_domain", false },
	{ "rcpt_hash", false },
	{ "score", true },
	{ "reply", true },
	{ "session", false },
	{ "queue_id", false },
	{ "host", false },
	{ "sender", false },
	{ "rcpt", false },
	{ "unheard_of", false },
};

static bool is_shown_auth(enum caseauth a)
{
	/* Results are told in words; how the record was found, and what another
	 * way would have found, is nothing to repair. */
	return a != CASEAUTH_SPF && a != CASEAUTH_SPF_HELO &&
		a != CASEAUTH_ARC && a != CASEAUTH_DMARC &&
		a != CASEAUTH_IPREV && a != CASEAUTH_DMARC_DISCOVERY &&
		a != CASEAUTH_DMARC_OTHER && !caseauth_fields[a].is_internal;
}

static void tells_nothing_private(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_case(&s, "code", "BLOCKED_SELF");
	stage_case(&s, "ip", "192.0.2.7");
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		mark(&s, fields[i].field);
	for (enum caseauth a = 0; a < CASEAUTH_COUNT; a++)
		mark(&s, caseauth_fields[a].name);
	stage_case(&s, "findings",
		"blocked=hit detail=self rule=\"reject\" key=\"mark-fkey\" "
		"seen=\"mark-fseen\"\n"
		"allowed=hit key=\"mark-fkey\" seen=\"mark-fseen\"\n"
		"arc=hit detail=fail key=\"mark-fkey\" seen=\"fail; trusted by "
		"mark-fseen\"\n"
		"spf=hit detail=fail key=\"mark-fkey\" seen=\"mark-spf-seen\"\n");
	(void)site_get(&s.site, PAGE);
	site_expect(&s.site, 200);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		expect_mark(&s, fields[i].field, fields[i].is_shown);
	for (enum caseauth a = 0; a < CASEAUTH_COUNT; a++)
		expect_mark(&s, caseauth_fields[a].name, is_shown_auth(a));
	site_expect_no_text(&s.site, "mark-fkey");
	site_expect_no_text(&s.site, "mark-fseen");
	site_expect_text(&s.site, "mark-spf-seen");
	stage_close(&s);
}

/* Nor of the entry that is in force. */
static void tells_nothing_of_the_entry(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_blocked(&s);
	assert_true(REDIS_DO(s.site.redis, "HSET", "rp:block:192.0.2.7", "by",
		"mark-by", "note", "mark-note", "origin", "mark-origin",
		"since", "mark-since"));
	stage_list(&s, "192.0.2.7");
	assert_true(REDIS_DO(s.site.redis, "HSET", "rp:block:192.0.2.7",
		"since", "mark-since"));
	(void)site_get(&s.site, PAGE);
	site_expect_no_text(&s.site, "mark-");
	site_expect_no_text(&s.site, "rp:block");
	stage_close(&s);
}

static void shows_text_as_text(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_blocked(&s);
	stage_case(&s, "reason", "<script>alert(1)</script>");
	stage_case(&s, "helo", "\"><b>{{_ x}}{ip}");
	stage_case(&s, "spf", "fail");
	stage_case(&s, "spf_domain", "<i>.org");
	stage_case(&s, "code", "SPF_FAIL");
	(void)site_get(&s.site, PAGE);
	site_expect_no_text(&s.site, "<script>");
	site_expect_no_text(&s.site, "<b>");
	site_expect_no_text(&s.site, "<i>");
	site_expect_text(&s.site, "&lt;i&gt;.org");
	site_expect_text(&s.site, "{{_ x}}{ip}");
	stage_close(&s);
}

/* ---- how it stands on the list ---- */

static void offers_removal(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_blocked(&s);
	stage_list(&s, "192.0.2.7");
	(void)site_get(&s.site, PAGE);
	site_expect_text(&s.site, "You can ask for removal now");
	site_expect_text(&s.site, "href=\"/delist?ref=" STAGE_REF "\"");
	site_expect_text(&s.site, "You need a mailbox that you can read");
	site_expect_text(&s.site, "datetime=\"2026-11-22T20:00:00Z\"");
	stage_close(&s);
}

static void keeps_language(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_blocked(&s);
	stage_list(&s, "192.0.2.7");
	(void)site_get(&s.site, PAGE "?lang=es");
	site_expect_text(
		&s.site, "href=\"/delist?ref=" STAGE_REF "&amp;lang=es\"");
	stage_close(&s);
}

static void says_when_it_is_gone(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_blocked(&s);
	(void)site_get(&s.site, PAGE);
	site_expect_text(&s.site, "This address is not on our list now");
	site_expect_no_text(&s.site, "/delist?ref=");
	stage_close(&s);
}

static void says_until_when(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_blocked(&s);
	stage_list(&s, "192.0.2.7");
	/* A minute ago; recent_s is two hours. */
	assert_true(REDIS_DO(s.site.redis, "HSET", "rp:hist:192.0.2.7",
		"evidence_ms", "1795717140000", "level", "1"));
	(void)site_get(&s.site, PAGE);
	site_expect_text(&s.site, "from 26 November 2026, 20:19 UTC on");
	site_expect_no_text(&s.site, "/delist?ref=");
	stage_close(&s);
}

static void sends_locked_to_support(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_blocked(&s);
	assert_true(REDIS_DO(
		s.site.redis, "HSET", "rp:block:192.0.2.7", "lock", "yes"));
	stage_list(&s, "192.0.2.7");
	(void)site_get(&s.site, PAGE);
	site_expect_text(&s.site, "not removed by a form");
	site_expect_text(&s.site, "Write to our support");
	site_expect_no_text(&s.site, "/delist?ref=");
	stage_close(&s);
}

static void shows_history(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, "");
	stage_blocked(&s);
	assert_true(REDIS_DO(s.site.redis, "RPUSH", "rp:hist:192.0.2.7:log",
		"1795630800000 delisted 2", "1795544400000 listed 2",
		"1795544300000 secret 1"));
	(void)site_get(&s.site, PAGE);
	site_expect_text(&s.site,
		"25 November 2026, 18:20 UTC</time>: was "
		"removed from the list (level 2)");
	site_expect_text(&s.site, "was listed (level 2)");
	site_expect_no_text(&s.site, "secret");
	stage_close(&s);
}

/* The lists are not there yet, the case is. */
static void cannot_tell(void **state)
{
	struct stage s = { .dns = NULL };

	(void)state;
	site_open(&s.site, "");
	stage_blocked(&s);
	(void)site_get(&s.site, PAGE);
	site_expect(&s.site, 200);
	site_expect_text(&s.site, "Our lists cannot be asked at the moment");
	site_close(&s.site);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a wrong reference is answered as an unknown one",
			tells_wrong_like_unknown, NULL),
		CASE("a reference may have dashes, lower case and O for 0",
			reads_as_typed, NULL),
		CASE("without Redis the page says so in plain words",
			needs_redis, NULL),
		CASE("nothing can be posted to a case", takes_no_post, NULL),
		CASE("the page says what was refused, when and how often",
			says_what_and_when, NULL),
		CASE("the page says what authentication saw and what to do",
			says_what_authentication_saw, NULL),
		CASE("a sum is repaired by what added to it",
			repairs_a_sum_by_its_parts, NULL),
		CASE("a rule on trial has refused nothing",
			refuses_nothing_on_trial, NULL),
		CASE("a heuristic finding is a sentence, with its evidence and "
		     "what to change",
			says_what_heuristics_saw, NULL),
		CASE("a finding without a sentence is shown all the same",
			shows_an_unknown_word_as_it_is, NULL),
		CASE("of a case nothing private is told", tells_nothing_private,
			NULL),
		CASE("of the list entry nothing internal is told",
			tells_nothing_of_the_entry, NULL),
		CASE("what a stranger wrote stays text", shows_text_as_text,
			NULL),
		CASE("a listed address is shown the way to its removal",
			offers_removal, NULL),
		CASE("the way to removal keeps the language", keeps_language,
			NULL),
		CASE("an address that is off the list is told so",
			says_when_it_is_gone, NULL),
		CASE("whoever has to wait is told until when", says_until_when,
			NULL),
		CASE("a locked listing leads to support",
			sends_locked_to_support, NULL),
		CASE("the history of the listing is shown", shows_history,
			NULL),
		CASE("lists that cannot be asked are not called empty",
			cannot_tell, NULL),
	};

	return cmocka_run_group_tests_name("portal/cases", cases, NULL, NULL);
}
