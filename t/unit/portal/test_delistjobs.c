/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/jobs.h"
#include "store/tagged.h"
#include "support/case.h"
#include "unit/portal/desk.h"

#include <stdio.h>
#include <string.h>

static void expect_in(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void set(struct desk *d, const char *field, const char *value)
{
	char key[64];

	snprintf(key, sizeof(key), "rp:delist:%s", d->rid);
	assert_true(REDIS_DO(d->site.redis, "HSET", key, field, value));
}

/* Adds a job as the store's scripts do. */
static void queue(struct desk *d, const char *kind)
{
	char now[32];

	snprintf(now, sizeof(now), "%lld", (long long)d->site.now_ms);
	assert_true(REDIS_DO(d->site.redis, "XADD", "rp:mailq", "*", "kind",
		kind, "id", d->rid, "more", "", "tries", "0", "since", now));
}

/* ---- the letter with the link ---- */

static void first_letter(void **state)
{
	static char text[65536];
	struct desk d;
	char link[64];
	char line[256];
	char state_now[256];

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	desk_letter(&d);
	desk_letter_text(&d, text, sizeof(text));
	assert_string_equal(d.letter.rcpt, "<joe@example.org>");
	expect_in(text, "\nTo: <joe@example.org>\n");
	expect_in(text, "<postmaster@mx.example.net>\n");
	expect_in(text, "\nAuto-Submitted: auto-replied\n");
	expect_in(text, "\nSubject: Please confirm: removal of 192.0.2.66\n");
	expect_in(text, "\nContent-Type: text/plain; charset=utf-8\n");
	/* The links stand in lines of their own. */
	desk_link(&d, TOKEN_MAIL, link);
	snprintf(line, sizeof(line),
		"\nhttps://postmaster.example.net%s?r=%s&lang=en\n", link,
		d.rid);
	expect_in(text, line);
	desk_link(&d, TOKEN_CANCEL, link);
	snprintf(line, sizeof(line),
		"\nhttps://postmaster.example.net%s/cancel?r=%s&lang=en\n",
		link, d.rid);
	expect_in(text, line);
	snprintf(line, sizeof(line),
		"\nhttps://postmaster.example.net/status/%s?lang=en\n", d.rid);
	expect_in(text, line);
	assert_string_equal(desk_field(&d, "state", state_now), "sent");
	desk_close(&d);
}

static void comes_back(void **state)
{
	struct context_view view;
	struct desk d;
	char id[CASE_REF_MAX];
	const char *at;

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	desk_letter(&d);
	at = strchr(d.letter.sender, '@');
	assert_non_null(at);
	assert_string_equal(at, "@mail.example.net>");
	context_enter(d.site.context, &view);
	assert_int_equal(tagged_parse(view.secret, TAGGED_BOUNCE,
				 slice_make(d.letter.sender + 1,
					 (size_t)(at - d.letter.sender - 1)),
				 id),
		RES_OK);
	context_leave(&view);
	assert_string_equal(id, d.rid);
	desk_close(&d);
}

static void in_spanish(void **state)
{
	static char text[65536];
	struct desk d;

	(void)state;
	desk_open(&d, "");
	desk_send(&d, "/delist?lang=es", "/delist?lang=es",
		"mail=joe%40example.org&ip=192.0.2.66&attest=yes");
	desk_follow(&d);
	assert_string_equal(d.site.answer.language, "es");
	desk_letter(&d);
	desk_letter_text(&d, text, sizeof(text));
	expect_in(text, "\nContent-Language: es\n");
	expect_in(text, "&lang=es\n");
	desk_close(&d);
}

/* What a stranger gives us is in no letter but the address, made anew. */
static void no_cannon(void **state)
{
	static char text[65536];
	struct desk d;

	(void)state;
	desk_open(&d, "");
	desk_send(&d, "/delist", "/delist",
		"mail=joe%40example.org&ip=2001:DB8:0:0::0066&attest=yes"
		"&note=Buy+now&ref=Buy+now");
	desk_follow(&d);
	desk_letter(&d);
	desk_letter_text(&d, text, sizeof(text));
	expect_in(text, "2001:db8::66");
	assert_null(strstr(text, "Buy"));
	assert_null(strstr(text, "DB8"));
	desk_close(&d);
}

static void once(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	desk_letter(&d);
	/* A worker that died behind the letter leaves its job to the next. */
	queue(&d, "confirm");
	assert_string_equal(desk_work(&d), "missing");
	assert_int_equal(smtp_server_count(d.mta), 1);
	/* The same mailbox and network ask again while it is open. */
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	assert_string_equal(desk_work(&d), "none");
	desk_close(&d);
}

static void refused(void **state)
{
	struct desk d;
	char text[256];

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	smtp_server_mood(d.mta, SMTP_NO_MAILBOX);
	assert_string_equal(desk_work(&d), "ok");
	assert_string_equal(desk_field(&d, "state", text), "bounced");
	snprintf(text, sizeof(text), "/status/%s", d.rid);
	site_get(&d.site, text);
	site_expect_text(&d.site, "came back");
	site_expect_text(&d.site, "Other ways to confirm");
	/* No more letters to a mailbox that takes none. */
	smtp_server_mood(d.mta, SMTP_TAKES);
	desk_ask(&d, "joe%40example.org", "192.0.2.67");
	assert_string_equal(desk_work(&d), "none");
	desk_close(&d);
}

static void mta_away(void **state)
{
	struct desk d;
	char text[256];

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	smtp_server_mood(d.mta, SMTP_LATER);
	assert_string_equal(desk_work(&d), "down");
	assert_string_equal(desk_field(&d, "state", text), "queued");
	desk_close(&d);
}

static void cancelled_meanwhile(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	set(&d, "state", "cancelled");
	assert_string_equal(desk_work(&d), "missing");
	assert_int_equal(smtp_server_count(d.mta), 0);
	desk_close(&d);
}

static void gone(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	assert_string_equal(desk_work(&d), "ok");
	assert_true(REDIS_DO(d.site.redis, "FLUSHALL"));
	queue(&d, "answer");
	assert_string_equal(desk_work(&d), "missing");
	desk_close(&d);
}

/* ---- the answer ---- */

struct answer {
	const char *state;
	const char *reason;
	const char *in_letter;
	const char *on_page;
};

static void answers(void **state)
{
	static char text[65536];
	const struct answer *row = *state;
	struct desk d;
	char until[32];
	char path[64];

	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	desk_letter(&d);
	set(&d, "state", row->state);
	set(&d, "reason", row->reason);
	set(&d, "proof", "mail");
	/* 27 November 2026, 05:00 UTC */
	snprintf(until, sizeof(until), "%lld", 1795755600000LL);
	set(&d, "until", until);
	queue(&d, "answer");
	desk_letter(&d);
	desk_letter_text(&d, text, sizeof(text));
	expect_in(text, "\nSubject: Answer: removal of 192.0.2.66\n");
	/* Lines are broken anywhere between words. */
	for (char *c = text; *c != '\0'; c++)
		if (*c == '\n')
			*c = ' ';
	expect_in(text, row->in_letter);
	snprintf(path, sizeof(path), "/status/%s", d.rid);
	expect_in(text, path);
	site_get(&d.site, path);
	site_expect(&d.site, 200);
	site_expect_text(&d.site, row->on_page);
	if (strcmp(row->state, "denied") == 0) {
		snprintf(path, sizeof(path), "#%s\"", row->reason);
		site_expect_text(&d.site, path);
		snprintf(path, sizeof(path), "/help/delisting?lang=en#%s",
			row->reason);
		expect_in(text, path);
		site_get(&d.site, "/help/delisting");
		snprintf(path, sizeof(path), "<h2 id=\"%s\">", row->reason);
		site_expect_text(&d.site, path);
	}
	/* A finished request has no more ways to confirm. */
	site_expect_no_text(&d.site, "Other ways to confirm");
	desk_close(&d);
}

/* An answer that comes late tells what is so now. */
static void late_answer(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	desk_letter(&d);
	queue(&d, "answer");
	assert_string_equal(desk_work(&d), "missing");
	assert_int_equal(smtp_server_count(d.mta), 1);
	desk_close(&d);
}

/* ---- the ticket of a review ---- */

static void makes_ticket(void **state)
{
	struct desk d;
	char ticket[256];
	char again[256];
	char key[300];
	char text[256];
	const char *const argv[] = { "HGET", key, "rid", NULL };

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	desk_letter(&d);
	set(&d, "state", "review");
	set(&d, "reason", "level");
	queue(&d, "review");
	assert_string_equal(desk_work(&d), "ok");
	desk_field(&d, "ticket", ticket);
	assert_int_equal(strlen(ticket), CASE_REF_MAX - 1);
	snprintf(key, sizeof(key), "rp:ticket:%s", ticket);
	assert_true(redis_server_do(d.site.redis, argv, text, sizeof(text)));
	assert_string_equal(text, d.rid);
	snprintf(key, sizeof(key), "/status/%s", d.rid);
	site_get(&d.site, key);
	snprintf(key, sizeof(key), "href=\"/t/%s\"", ticket);
	site_expect_text(&d.site, key);
	/* Done twice it is one ticket. */
	queue(&d, "review");
	while (strcmp(desk_work(&d), "none") != 0)
		;
	assert_string_equal(desk_field(&d, "ticket", again), ticket);
	desk_close(&d);
}

#define ANSWER(text, ...) \
	CASE(text, answers, (&(const struct answer){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("the first letter has all links, and says who asks",
			first_letter, NULL),
		CASE("a letter that comes back names its request", comes_back,
			NULL),
		CASE("a letter keeps the visitor's language", in_spanish, NULL),
		CASE("no text of a stranger is in a letter", no_cannon, NULL),
		CASE("one letter goes, whatever happens", once, NULL),
		CASE("a mailbox that the MTA refuses has bounced", refused,
			NULL),
		CASE("an MTA that cannot now is tried again", mta_away, NULL),
		CASE("a request that was cancelled has no letter",
			cancelled_meanwhile, NULL),
		CASE("a request that is gone has no answer", gone, NULL),
		ANSWER("an answer: granted", "granted", "", "is off our list",
			"off our list since"),
		ANSWER("an answer: not listed", "granted", "not_listed",
			"is not on our list", "is not on our list"),
		ANSWER("an answer: wait", "wait", "too_early",
			"before 27 November 2026, 05:00 UTC",
			"27 November 2026, 05:00 UTC"),
		ANSWER("an answer: denied", "denied", "locked",
			"closed self-service", "closed self-service"),
		ANSWER("an answer: a person looks", "review", "level",
			"within 2 days", "28 November 2026"),
		CASE("an answer to a request that is open again tells nothing",
			late_answer, NULL),
		CASE("a review becomes one ticket", makes_ticket, NULL),
	};

	return cmocka_run_group_tests_name(
		"portal/delistjobs", cases, NULL, NULL);
}
