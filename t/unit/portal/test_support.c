/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages of portal/support, portal/tickets and portal/sponsor. */
#include "portal/context.h"
#include "store/case.h"
#include "store/sponsor.h"
#include "store/ticket.h"
#include "support/case.h"
#include "unit/portal/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TARGET_MAX = 256, BODY_MAX = 2048, STAMP_MAX = 128 };

struct desk {
	struct site site;
	char ref[CASE_REF_MAX];
	char target[TARGET_MAX];
};

static int set_up(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));
	char key[TARGET_MAX];

	assert_non_null(d);
	site_open(&d->site, "");
	case_ref_new(d->ref);
	snprintf(key, sizeof(key), "rp:case:%s", d->ref);
	assert_true(REDIS_DO(d->site.redis, "HSET", key, "ip", "198.51.100.7",
		"rcpt_domain", "example.net", "code", "BLOCKED_SELF"));
	*state = d;
	return 0;
}

static int tear_down(void **state)
{
	struct desk *d = *state;

	site_close(&d->site);
	free(d);
	return 0;
}

static const char *path(struct desk *d, const char *before, const char *after)
{
	snprintf(d->target, sizeof(d->target), "%s%s", before, after);
	return d->target;
}

/* Opens the page, waits as people do, and sends its form back. */
static void send_form(struct desk *d, const char *target, const char *fields)
{
	char stamp[STAMP_MAX], body[BODY_MAX];

	(void)site_get(&d->site, target);
	site_expect(&d->site, 200);
	(void)site_hidden(&d->site, "stamp", stamp, sizeof(stamp));
	d->site.now_ms += 60000;
	snprintf(body, sizeof(body), "stamp=%s&website=&%s", stamp, fields);
	(void)site_post(&d->site, target, body);
}

static void expect_location(struct desk *d, const char *want)
{
	site_expect(&d->site, 303);
	assert_string_equal(buf_text(&d->site.answer.location), want);
}

/* ---- what is pasted ---- */

static void leads_to_the_case(void **state)
{
	struct desk *d = *state;
	char fields[BODY_MAX], want[TARGET_MAX];

	snprintf(fields, sizeof(fields),
		"do=find&refusal=554+5.7.1+see+https://p.example/r/%.8s%%0A%s",
		d->ref, d->ref + 8);
	snprintf(want, sizeof(want), "/r/%s", d->ref);
	send_form(d, "/support", fields);
	expect_location(d, want);
	(void)site_get(&d->site, path(d, "/support?refusal=", d->ref));
	expect_location(d, want);
	(void)site_get(&d->site, path(d, "/support?lang=es&refusal=", d->ref));
	snprintf(want, sizeof(want), "/r/%s?lang=es", d->ref);
	expect_location(d, want);
}

static void leads_to_the_code(void **state)
{
	struct desk *d = *state;

	send_form(d, "/support", "do=find&refusal=550+5.7.23+no");
	expect_location(d, "/e/SPF_FAIL");
}

static void shows_what_it_may_be(void **state)
{
	struct desk *d = *state;

	send_form(d, "/support", "do=find&refusal=550+5.7.20+%3Cb%3Eno");
	site_expect(&d->site, 200);
	site_expect_text(&d->site, "/e/DKIM_NONE");
	site_expect_text(&d->site, "/e/DKIM_FAIL");
	site_expect_text(&d->site, "550 5.7.20 &lt;b&gt;no");
}

static void says_what_it_did_not_find(void **state)
{
	struct desk *d = *state;
	char other[CASE_REF_MAX];

	send_form(d, "/support", "do=find&refusal=hello");
	site_expect(&d->site, 200);
	site_expect_text(&d->site, "We found nothing of ours in your text");
	send_form(d, "/support", "do=find&refusal=550+5.1.1+who");
	site_expect_text(&d->site, "The code 5.1.1 is none");
	case_ref_new(other);
	(void)site_get(&d->site, path(d, "/support?refusal=", other));
	site_expect(&d->site, 200);
	site_expect_text(&d->site, "We do not know this reference any more");
}

/* ---- tickets ---- */

static const char ticket_fields[] =
	"do=ticket&mail=joe%40example.org&subject=refused&ref=&"
	"text=please+look%0Aand+%3Cb%3E";

/* The ID of the newest ticket. */
static void newest(struct desk *d, char id[CASE_REF_MAX])
{
	assert_true(redis_server_do(d->site.redis,
		(const char *const[]){ "LINDEX", "rp:test:ids", "0", NULL }, id,
		CASE_REF_MAX));
}

static void find_ticket(struct desk *d, char id[CASE_REF_MAX])
{
	static const char script[] =
		"local ids = redis.call('ZREVRANGE', 'rp:ticket:all', 0, 0)\n"
		"redis.call('DEL', 'rp:test:ids')\n"
		"redis.call('RPUSH', 'rp:test:ids', ids[1] or '')\n"
		"return 'OK'";

	assert_true(REDIS_DO(d->site.redis, "EVAL", script, "0"));
	newest(d, id);
}

static void token_of(struct desk *d, enum token_purpose purpose, const char *id,
	char token[TOKEN_TEXT_MAX])
{
	struct context_view v;

	context_enter(d->site.context, &v);
	assert_int_equal(
		token_make(v.secret, purpose, slice_of(id), token), RES_OK);
	context_leave(&v);
}

static void open_ticket(struct desk *d, char id[CASE_REF_MAX])
{
	char token[TOKEN_TEXT_MAX], want[TARGET_MAX];

	send_form(d, "/support", ticket_fields);
	site_expect(&d->site, 200);
	find_ticket(d, id);
	token_of(d, TOKEN_TICKET, id, token);
	send_form(d, path(d, "/tc/", token), "x=y");
	snprintf(want, sizeof(want), "/t/%s", id);
	expect_location(d, want);
}

static void a_ticket_is_opened_by_its_letter(void **state)
{
	struct desk *d = *state;
	char id[CASE_REF_MAX];

	open_ticket(d, id);
	(void)site_get(&d->site, path(d, "/t/", id));
	site_expect(&d->site, 200);
	site_expect_text(&d->site, "Open: it is our turn");
	site_expect_text(&d->site, "please look<br>and &lt;b&gt;<br>");
	site_expect_no_text(&d->site, "joe@");
	send_form(d, path(d, "/t/", id), "text=one+more+thing");
	site_expect(&d->site, 303);
	(void)site_get(&d->site, path(d, "/t/", id));
	site_expect_text(&d->site, "one more thing<br>");
}

static void looking_at_a_link_changes_nothing(void **state)
{
	struct desk *d = *state;
	char id[CASE_REF_MAX], token[TOKEN_TEXT_MAX];

	send_form(d, "/support", ticket_fields);
	find_ticket(d, id);
	token_of(d, TOKEN_TICKET, id, token);
	for (int i = 0; i < 3; i++) {
		(void)site_get(&d->site, path(d, "/tc/", token));
		site_expect(&d->site, 200);
	}
	(void)site_get(&d->site, path(d, "/t/", id));
	site_expect_text(&d->site, "Waits for your confirmation");
	site_expect_no_text(&d->site, "name=\"text\"");
}

static void faults_are_named(void **state)
{
	struct desk *d = *state;
	char other[CASE_REF_MAX], fields[BODY_MAX];

	case_ref_new(other);
	snprintf(fields, sizeof(fields),
		"do=ticket&mail=joe&subject=x&ref=%s&text=%%20", other);
	send_form(d, "/support", fields);
	site_expect(&d->site, 422);
	site_expect_text(&d->site, "href=\"#mail\"");
	site_expect_text(&d->site, "href=\"#subject\"");
	site_expect_text(&d->site, "href=\"#ref\"");
	site_expect_text(&d->site, "href=\"#text\"");
	site_expect_text(&d->site, "value=\"joe\"");
}

static void a_form_of_nobody_does_nothing(void **state)
{
	struct desk *d = *state;
	char got[TARGET_MAX] = "";

	(void)site_post(&d->site, "/support", ticket_fields);
	site_expect(&d->site, 403);
	assert_true(redis_server_do(d->site.redis,
		(const char *const[]){ "EXISTS", "rp:ticket:all", NULL }, got,
		sizeof(got)));
	assert_string_equal(got, "0");
}

static void who_asks_too_often_is_told(void **state)
{
	struct desk *d = *state;

	for (int i = 0; i < 40 && d->site.answer.status != 429; i++) {
		send_form(d, "/support", ticket_fields);
		d->site.now_ms -= 60000;
	}
	site_expect(&d->site, 429);
}

static void there_is_no_such_ticket(void **state)
{
	struct desk *d = *state;
	char other[CASE_REF_MAX];

	case_ref_new(other);
	(void)site_get(&d->site, path(d, "/t/", other));
	site_expect(&d->site, 404);
	(void)site_get(&d->site, "/t/nonsense");
	site_expect(&d->site, 404);
	(void)site_get(&d->site, "/tc/00000000000000000000000000");
	site_expect(&d->site, 404);
	(void)site_get(&d->site, "/s/00000000000000000000000000");
	site_expect(&d->site, 404);
	(void)site_get(&d->site, path(d, "/sponsor/", other));
	site_expect(&d->site, 404);
}

/* ---- sponsors ---- */

static void a_recipient_vouches(void **state)
{
	struct desk *d = *state;
	char token[TOKEN_TEXT_MAX], sid[CASE_REF_MAX], got[TARGET_MAX] = "";

	(void)site_get(&d->site, path(d, "/sponsor/", d->ref));
	site_expect(&d->site, 200);
	site_expect_text(&d->site, "198.51.100.7");
	site_expect_text(&d->site, "3 days");
	send_form(d, path(d, "/sponsor/", d->ref), "mail=ann%40example.net");
	site_expect(&d->site, 200);
	site_expect_text(&d->site, "Please look into your mailbox");
	assert_true(REDIS_DO(d->site.redis, "EVAL",
		"local k = redis.call('KEYS', 'rp:sponsor:*')[1]\n"
		"redis.call('RPUSH', 'rp:test:ids', string.sub(k, 12))\n"
		"return 'OK'",
		"0"));
	newest(d, sid);
	token_of(d, TOKEN_SPONSOR, sid, token);
	(void)site_get(&d->site, path(d, "/s/", token));
	site_expect(&d->site, 200);
	site_expect_text(&d->site, "ann@example.net");
	send_form(d, path(d, "/s/", token), "x=y");
	site_expect(&d->site, 200);
	site_expect_text(&d->site, "This sender may write to you");
	assert_true(redis_server_do(d->site.redis,
		(const char *const[]){ "EVAL",
			"return #redis.call('KEYS', "
			"'rp:allow@*.mailbox.invalid:198.51.100.7')",
			"0", NULL },
		got, sizeof(got)));
	assert_string_equal(got, "1");
	(void)site_get(&d->site, path(d, "/s/", token));
	site_expect_text(&d->site, "This sender may write to you");
}

static void a_stranger_cannot_vouch(void **state)
{
	struct desk *d = *state;

	send_form(d, path(d, "/sponsor/", d->ref), "mail=ann%40example.org");
	site_expect(&d->site, 422);
	site_expect_text(&d->site, "href=\"#mail\"");
	send_form(d, path(d, "/sponsor/", d->ref), "mail=nobody");
	site_expect(&d->site, 422);
}

static void without_redis_it_says_so(void **state)
{
	struct desk *d = *state;

	redis_server_kill(d->site.redis);
	(void)site_get(&d->site, path(d, "/t/", d->ref));
	site_expect(&d->site, 503);
	(void)site_get(&d->site, path(d, "/support?refusal=", d->ref));
	site_expect(&d->site, 503);
	(void)site_get(&d->site, "/support");
	site_expect(&d->site, 200);
}

#define DESK(text, function)                                                   \
	{                                                                      \
		.name = (text), .test_func = (function), .setup_func = set_up, \
		.teardown_func = tear_down                                     \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		DESK("a refusal that is pasted leads to its case",
			leads_to_the_case),
		DESK("a code of ours leads to its page", leads_to_the_code),
		DESK("a code of several refusals shows them",
			shows_what_it_may_be),
		DESK("what is not ours is told, with the way on",
			says_what_it_did_not_find),
		DESK("a ticket is opened by the link of its letter",
			a_ticket_is_opened_by_its_letter),
		DESK("looking at a link changes nothing",
			looking_at_a_link_changes_nothing),
		DESK("each fault of a form is named", faults_are_named),
		DESK("a form that is not ours does nothing",
			a_form_of_nobody_does_nothing),
		DESK("who asks too often is told to wait",
			who_asks_too_often_is_told),
		DESK("what is not there is not found", there_is_no_such_ticket),
		DESK("a recipient lets one sender write to him",
			a_recipient_vouches),
		DESK("nobody vouches for a mailbox elsewhere",
			a_stranger_cannot_vouch),
		DESK("without Redis the pages say so",
			without_redis_it_says_so),
	};

	return cmocka_run_group_tests_name("portal/support", cases, NULL, NULL);
}
