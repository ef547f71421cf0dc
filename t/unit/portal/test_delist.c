/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/case.h"
#include "unit/portal/desk.h"

#include <stdio.h>
#include <string.h>

/* ---- the form ---- */

static void own_address(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, "");
	d.site.visitor.peer = "192.0.2.77";
	site_get(&d.site, "/delist");
	site_expect(&d.site, 200);
	site_expect_text(&d.site, "value=\"192.0.2.77\"");
	d.site.visitor.peer = "10.0.0.1";
	site_get(&d.site, "/delist");
	site_expect_no_text(&d.site, "10.0.0.1");
	desk_close(&d);
}

static void make_case(const struct desk *d)
{
	assert_true(REDIS_DO(d->site.redis, "HSET", "rp:case:00000000000000000",
		"ip", "192.0.2.7", "code", "BLOCKED_SELF", "sender_domain",
		"shop.example"));
}

static void from_a_case(void **state)
{
	struct desk d;
	char value[64];

	(void)state;
	desk_open(&d, "");
	make_case(&d);
	site_get(&d.site, "/delist?ref=00000000000000000");
	site_expect(&d.site, 200);
	site_expect_text(&d.site, "<strong>192.0.2.7</strong>");
	assert_string_equal(site_hidden(&d.site, "ref", value, sizeof(value)),
		"00000000000000000");
	site_expect_no_text(&d.site, "shop.example");
	/* The address is that of the case, whatever the form says. */
	desk_send(&d, "/delist?ref=00000000000000000", "/delist",
		"mail=joe%40shop.example&ip=192.0.2.99&attest=yes"
		"&ref=00000000000000000");
	desk_follow(&d);
	site_expect_text(&d.site, "<strong>192.0.2.7</strong>");
	desk_close(&d);
}

static void old_reference(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, "");
	site_get(&d.site, "/delist?ref=00000000000000000");
	site_expect(&d.site, 200);
	site_expect_text(&d.site, "IP address of the server");
	site_get(&d.site, "/delist?ref=<script>");
	site_expect(&d.site, 200);
	site_expect_no_text(&d.site, "<script");
	desk_close(&d);
}

struct fault {
	const char *fields;
	const char *field; /* that the summary leads to */
};

static void finds_fault(void **state)
{
	const struct fault *row = *state;
	struct desk d;
	char link[64];

	desk_open(&d, "");
	desk_send(&d, "/delist", "/delist", row->fields);
	site_expect(&d.site, 422);
	snprintf(link, sizeof(link), "<a href=\"#%s\">", row->field);
	site_expect_text(&d.site, link);
	site_expect_text(&d.site, "aria-invalid=\"true\"");
	site_expect_text(&d.site, "<title>Error:");
	assert_string_equal(desk_work(&d), "none");
	desk_close(&d);
}

static void repairs_dns(void **state)
{
	struct desk d;
	char path[64], key[64];

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe@example.org", "192.0.2.9");
	snprintf(key, sizeof(key), "rp:delist:%s", d.rid);
	snprintf(path, sizeof(path), "/status/%s", d.rid);
	assert_true(REDIS_DO(d.site.redis, "HSET", key, "proof", "mail",
		"reason", "needs_domain"));
	site_get(&d.site, path);
	site_expect_text(&d.site, "one thing is missing");
	site_expect_no_text(&d.site, "name=\"do\" value=\"again\"");
	assert_true(REDIS_DO(d.site.redis, "HSET", key, "reason", "ptr"));
	site_get(&d.site, path);
	site_expect_text(&d.site, "press the button here again");
	site_expect_text(&d.site, "name=\"do\" value=\"again\"");
	desk_close(&d);
}

static void keeps_values(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, "");
	desk_send(&d, "/delist", "/delist",
		"mail=joe%40example.org&ip=nonsense%22%3E&attest=yes");
	site_expect(&d.site, 422);
	site_expect_text(&d.site, "value=\"joe@example.org\"");
	site_expect_text(&d.site, "value=\"nonsense&quot;&gt;\"");
	site_expect_text(&d.site, "value=\"yes\" required checked");
	desk_close(&d);
}

static void off(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, "delist { enabled = no }\n");
	site_get(&d.site, "/delist");
	site_expect(&d.site, 200);
	site_expect_text(&d.site, "does not remove addresses by itself");
	site_expect_no_text(&d.site, "<form id");
	desk_close(&d);
}

static void machine(void **state)
{
	struct desk d;
	char stamp[256];
	char body[512];

	(void)state;
	desk_open(&d, "");
	site_get(&d.site, "/delist");
	site_hidden(&d.site, "stamp", stamp, sizeof(stamp));
	d.site.now_ms += 10000;
	snprintf(body, sizeof(body),
		"stamp=%s&website=x&mail=a%%40b.example&ip=192.0.2.9&attest=yes",
		stamp);
	site_post(&d.site, "/delist", body);
	site_expect(&d.site, 303);
	assert_int_equal(
		strncmp(buf_text(&d.site.answer.location), "/status/", 8), 0);
	assert_string_equal(desk_work(&d), "none");
	desk_close(&d);
}

static void redis_away(void **state)
{
	struct desk d;
	char stamp[256];
	char body[512];

	(void)state;
	desk_open(&d, "");
	site_get(&d.site, "/delist");
	site_hidden(&d.site, "stamp", stamp, sizeof(stamp));
	redis_server_kill(d.site.redis);
	d.site.now_ms += 10000;
	site_get(&d.site, "/delist");
	site_expect(&d.site, 200);
	snprintf(body, sizeof(body),
		"stamp=%s&website=&mail=a%%40b.example&ip=192.0.2.9&attest=yes",
		stamp);
	site_post(&d.site, "/delist", body);
	site_expect(&d.site, 503);
	site_get(&d.site, "/status/00000000000000000");
	site_expect(&d.site, 503);
	desk_close(&d);
}

/* ---- the page of a request ---- */

/* What stands between two marks, for comparing pages. */
static void normalise(const struct site *s, char *out, size_t size)
{
	const char *at = strstr(buf_text(&s->answer.body), "<main");
	size_t len = 0;

	assert_non_null(at);
	/* Stamps, references, tokens and addresses: runs of digits and letters
	 * with a digit in them. */
	while (*at != '\0' && len + 1 < size) {
		const size_t run = strspn(at,
			"0123456789abcdefghijklmnopqrstuvwxyz"
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ-");
		const size_t plain = strcspn(at, "0123456789");

		if (run > 0 && plain < run) {
			out[len++] = '#';
			at += run;
		} else {
			out[len++] = *at++;
		}
	}
	out[len] = '\0';
}

static void show_request(struct desk *d)
{
	char path[64];

	snprintf(path, sizeof(path), "/status/%s", d->rid);
	site_get(&d->site, path);
	site_expect(&d->site, 200);
}

static void no_oracle(void **state)
{
	static char one[65536];
	static char other[65536];
	struct desk d;

	(void)state;
	desk_open(&d, "");
	assert_true(REDIS_DO(
		d.site.redis, "SET", "rp:block:192.0.2.66", "spam run"));
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	site_expect_text(&d.site, "If this address is on our list");
	normalise(&d.site, one, sizeof(one));
	desk_ask(&d, "joe%40example.org", "192.0.2.67");
	normalise(&d.site, other, sizeof(other));
	assert_string_equal(one, other);
	/* Nor when the letters have gone. */
	desk_letter(&d);
	desk_letter(&d);
	show_request(&d);
	normalise(&d.site, one, sizeof(one));
	assert_string_equal(one, other);
	desk_close(&d);
}

static void unknown_request(void **state)
{
	static const char *const paths[] = { "/status/00000000000000000",
		"/status/x", "/status/00000000000000000/x" };
	struct desk d;

	(void)state;
	desk_open(&d, "");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		site_get(&d.site, paths[i]);
		site_expect(&d.site, 404);
	}
	desk_close(&d);
}

static void press(struct desk *d, const char *which)
{
	char path[64];
	char fields[32];

	snprintf(path, sizeof(path), "/status/%s", d->rid);
	snprintf(fields, sizeof(fields), "do=%s", which);
	desk_send(d, path, path, fields);
}

static void from_elsewhere(void **state)
{
	struct desk d;
	char text[256];

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	site_expect_text(&d.site, "now you come from 192.0.2.1");
	press(&d, "address");
	site_expect(&d.site, 422);
	site_expect_text(&d.site, "proves nothing");
	assert_string_equal(desk_field(&d, "state", text), "queued");
	desk_close(&d);
}

static void says_where_from(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "2001:db8::66");
	d.site.visitor.peer = "2001:db8::1:2";
	show_request(&d);
	site_expect_text(&d.site, "You come from this address");
	site_expect_text(&d.site, "@mail.example.net</code>");
	site_expect_text(&d.site, "<code>reprieve-delist=");
	desk_close(&d);
}

static void no_dns(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	press(&d, "txt");
	site_expect(&d.site, 422);
	site_expect_text(&d.site, "DNS could not tell");
	desk_close(&d);
}

static void few_checks(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	for (unsigned i = 0; i < 20; i++)
		press(&d, "txt");
	site_expect(&d.site, 422);
	press(&d, "txt");
	site_expect(&d.site, 429);
	desk_close(&d);
}

/* ---- links ---- */

static void looks_only(void **state)
{
	struct desk d;
	char link[64];
	char cancel[80];
	char text[256];

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	desk_letter(&d);
	for (unsigned i = 0; i < 5; i++) {
		site_get(&d.site, desk_link(&d, TOKEN_MAIL, link));
		site_expect(&d.site, 200);
		site_expect_text(&d.site, "192.0.2.66");
		site_expect_text(&d.site, "Confirm the request");
	}
	assert_string_equal(desk_field(&d, "state", text), "sent");
	assert_string_equal(desk_field(&d, "views", text), "5");
	snprintf(cancel, sizeof(cancel), "%s/cancel", link);
	site_get(&d.site, cancel);
	site_expect(&d.site, 200);
	site_expect_text(&d.site, "I did not ask for this");
	assert_string_equal(desk_field(&d, "state", text), "sent");
	desk_close(&d);
}

struct cancel {
	enum token_purpose purpose;
	const char *end;
};

static void cancels(void **state)
{
	const struct cancel *row = *state;
	struct desk d;
	char token[64];
	char link[80];
	char used[128];
	char text[256];

	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	desk_letter(&d);
	snprintf(link, sizeof(link), "%s%s", desk_link(&d, row->purpose, token),
		row->end);
	desk_send(&d, link, link, "");
	desk_follow(&d);
	assert_string_equal(desk_field(&d, "state", text), "cancelled");
	site_expect_text(&d.site, "was cancelled");
	/* The link still leads to what became of it, for who was sent it. */
	site_get(&d.site, link);
	site_expect(&d.site, 404);
	snprintf(used, sizeof(used), "%s?r=%s", link, d.rid);
	site_get(&d.site, used);
	site_expect(&d.site, 303);
	/* And no other letter goes to that mailbox. */
	desk_ask(&d, "joe%40example.org", "192.0.2.67");
	assert_string_equal(desk_work(&d), "none");
	desk_close(&d);
}

static void strange_links(void **state)
{
	static const char *const paths[] = { "/c/x",
		"/c/00000000000000000000000000",
		"/c/00000000000000000000000000/cancel",
		"/c/00000000000000000000000000/other",
		"/c/00000000000000000000000000?r=00000000000000000",
		"/c/%3Cscript%3E" };
	struct desk d;

	(void)state;
	desk_open(&d, "");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		site_get(&d.site, paths[i]);
		site_expect(&d.site, 404);
		site_expect_text(&d.site, "Ask for removal");
		site_expect_no_text(&d.site, "<script");
	}
	desk_close(&d);
}

/* Who knows the request, and was not sent the letter, is led nowhere. */
static void guessed_request(void **state)
{
	struct desk d;
	char path[128];

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	snprintf(path, sizeof(path), "/c/00000000000000000000000000?r=%s",
		d.rid);
	site_get(&d.site, path);
	site_expect(&d.site, 404);
	/* The token of the other proofs is no link. */
	desk_link(&d, TOKEN_ADDRESS, path);
	site_get(&d.site, path);
	site_expect(&d.site, 404);
	desk_close(&d);
}

#define FAULT(text, ...) \
	CASE(text, finds_fault, (&(const struct fault){ __VA_ARGS__ }))
#define MAIL "mail=joe%40example.org&attest=yes&ip="

int main(void)
{
	static const struct cancel by_own = { TOKEN_CANCEL, "/cancel" };
	static const struct cancel by_token = { TOKEN_CANCEL, "" };
	static const struct cancel by_mail = { TOKEN_MAIL, "/cancel" };
	const struct CMUnitTest cases[] = {
		CASE("the form offers the visitor's own address", own_address,
			NULL),
		CASE("who repairs reverse DNS presses again", repairs_dns,
			NULL),
		CASE("a reference brings its address along", from_a_case, NULL),
		CASE("a reference that is too old is no hindrance",
			old_reference, NULL),
		FAULT("a form without a mail address",
			"mail=&ip=192.0.2.9&attest=yes", "mail"),
		FAULT("a mail address that could be two",
			"mail=a%40b.example,c%40d.example&ip=192.0.2.9"
			"&attest=yes",
			"mail"),
		FAULT("a mail address with a name before it",
			"mail=Joe+%3Ca%40b.example%3E&ip=192.0.2.9&attest=yes",
			"mail"),
		FAULT("a form without an IP address", MAIL, "ip"),
		FAULT("a network instead of an address", MAIL "192.0.2.0/24",
			"ip"),
		FAULT("a private address", MAIL "192.168.1.1", "ip"),
		FAULT("a loopback address", MAIL "::1", "ip"),
		FAULT("a private address that hides in IPv6",
			MAIL "::ffff:10.0.0.1", "ip"),
		FAULT("a link-local address", MAIL "fe80::1", "ip"),
		FAULT("a form without the attestation",
			"mail=joe%40example.org&ip=192.0.2.9", "attest"),
		CASE("what was filled in stays", keeps_values, NULL),
		CASE("self-service can be switched off", off, NULL),
		CASE("a machine learns nothing and does nothing", machine,
			NULL),
		CASE("without Redis the form is there, and says so when sent",
			redis_away, NULL),
		CASE("listed or not, the page is the same", no_oracle, NULL),
		CASE("a request that does not exist has no page",
			unknown_request, NULL),
		CASE("the button counts from that address only", from_elsewhere,
			NULL),
		CASE("the page says what else proves something",
			says_where_from, NULL),
		CASE("without DNS a record cannot be told", no_dns, NULL),
		CASE("looking for the record has a limit", few_checks, NULL),
		CASE("to look at a link changes nothing", looks_only, NULL),
		CASE("who did not ask can cancel it", cancels, &by_own),
		CASE("by the token alone, too", cancels, &by_token),
		CASE("and by the link to confirm", cancels, &by_mail),
		CASE("a link that is none leads to the form", strange_links,
			NULL),
		CASE("a guessed link leads nowhere", guessed_request, NULL),
	};

	return cmocka_run_group_tests_name("portal/delist", cases, NULL, NULL);
}
