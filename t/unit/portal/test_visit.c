/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/visit.h"

#include "conf/conf.h"
#include "portal/texts.h"
#include "support/case.h"
#include "unit/portal/site.h"
#include "web/catalog.h"

#include <stdio.h>
#include <string.h>

static void begin(struct visit *v, struct site *s, const struct web_request *rq)
{
	*v = (struct visit){ .rest = { NULL, 0 } };
	buf_reset(&s->answer.body);
	buf_reset(&s->answer.location);
	assert_int_equal(visit_begin(v, s->context, rq, &s->answer), RES_OK);
}

static void value_is(const struct visit *v, const char *name, const char *want)
{
	const struct slice got = view_find(v->view, slice_of(name)).text;
	char text[256];

	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(got));
	assert_string_equal(text, want);
}

/* ---- who ---- */

struct client_row {
	const char *peer;
	const char *forwarded;
	const char *want; /* NULL: nobody knows */
};

static void finds_the_client(void **state)
{
	const struct client_row *row = *state;
	char text[IPADDR_TEXT_MAX];
	struct web_request rq;
	struct site s;
	struct visit v;

	site_open_alone(&s, "portal { proxies = {\"10.0.0.0/8\"} }\n");
	s.visitor.peer = row->peer;
	s.visitor.forwarded_for = row->forwarded;
	rq = site_request(&s, "GET", "/");
	begin(&v, &s, &rq);
	assert_int_equal(v.has_client, row->want != NULL);
	if (row->want != NULL)
		assert_string_equal(ipaddr_format(&v.client, text), row->want);
	visit_end(&v);
	site_close(&s);
}

/* ---- times ---- */

struct span_row {
	int64_t seconds;
	const char *want;
};

static void says_spans(void **state)
{
	static const struct span_row rows[] = {
		{ -5, "1 minute" },
		{ 0, "1 minute" },
		{ 1, "1 minute" },
		{ 60, "1 minute" },
		{ 61, "2 minutes" },
		{ 3599, "60 minutes" },
		{ 3600, "1 hour" },
		{ 3601, "61 minutes" },
		{ 7200, "2 hours" },
		{ 7201, "3 hours" },
		{ 86399, "24 hours" },
		{ 86400, "1 day" },
		{ 172800, "2 days" },
		{ 172801, "3 days" },
		{ INT64_MAX, "23149 days" },
	};
	struct web_request rq;
	struct site s;
	struct visit v;

	(void)state;
	site_open_alone(&s, "");
	rq = site_request(&s, "GET", "/");
	begin(&v, &s, &rq);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		visit_span(&v, v.view, "span", rows[i].seconds);
		value_is(&v, "span", rows[i].want);
	}
	visit_end(&v);
	site_close(&s);
}

static void says_times(void **state)
{
	struct web_request rq;
	struct site s;
	struct visit v;

	(void)state;
	site_open_alone(&s, "");
	rq = site_request(&s, "GET", "/");
	begin(&v, &s, &rq);
	visit_time(&v, v.view, "none", "none_iso", 0);
	assert_int_equal(view_find(v.view, slice_of("none")).kind, VIEW_NONE);
	visit_time(&v, v.view, "at", "at_iso", 1795716840000);
	value_is(&v, "at", "26 November 2026, 18:14 UTC");
	value_is(&v, "at_iso", "2026-11-26T18:14:00Z");
	visit_date(&v, v.view, "day", slice_of("2026-02-03"));
	value_is(&v, "day", "3 February 2026");
	visit_date(&v, v.view, "day", slice_of("yesterday"));
	value_is(&v, "day", "yesterday");
	visit_end(&v);
	site_close(&s);
}

static void says_times_in_languages(void **state)
{
	static const struct {
		const char *target;
		const char *time;
		const char *span;
	} rows[] = {
		{ "/?lang=es", "26 de noviembre de 2026, 18:14 UTC",
			"3 horas" },
		{ "/?lang=pt-BR", "26 de novembro de 2026, 18:14 UTC",
			"3 horas" },
	};
	struct site s;

	(void)state;
	site_open_alone(&s, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct web_request rq =
			site_request(&s, "GET", rows[i].target);
		struct visit v;

		begin(&v, &s, &rq);
		visit_time(&v, v.view, "at", "at_iso", 1795716840000);
		visit_span(&v, v.view, "span", 10800);
		value_is(&v, "at", rows[i].time);
		value_is(&v, "at_iso", "2026-11-26T18:14:00Z");
		value_is(&v, "span", rows[i].span);
		visit_end(&v);
	}
	site_close(&s);
}

/* ---- faults ---- */

static void shows_faults(void **state)
{
	struct web_request rq;
	struct site s;
	struct visit v;

	(void)state;
	site_open_alone(&s, "");
	rq = site_request(&s, "POST", "/delist");
	begin(&v, &s, &rq);
	assert_false(visit_has_faults(&v));
	visit_fault(&v, "mail", "This is no mail address.");
	assert_true(visit_has_faults(&v));
	assert_int_equal(
		view_find(v.view, slice_of("mail_error")).kind, VIEW_WORDS);
	view_say(v.view, "title", "Ask for removal");
	visit_page(&v, STATUS_UNPROCESSABLE, "forbidden");
	visit_end(&v);
	site_expect(&s, 422);
	site_expect_text(&s, "<title>Error: Ask for removal - ");
	site_close(&s);
}

/* ---- redirects ---- */

static void expect_redirect(
	struct site *s, const char *target, const char *to, const char *want)
{
	const struct web_request rq = site_request(s, "POST", target);
	struct visit v;

	begin(&v, s, &rq);
	visit_redirect(&v, to);
	visit_end(&v);
	assert_int_equal(s->answer.status, 303);
	assert_string_equal(buf_text(&s->answer.location), want);
}

static void redirects(void **state)
{
	struct site s;

	(void)state;
	site_open_alone(&s, "");
	expect_redirect(&s, "/delist", "/status/A", "/status/A");
	expect_redirect(
		&s, "/delist?lang=es", "/status/A", "/status/A?lang=es");
	expect_redirect(&s, "/delist?lang=PT", "/delist?ref=A",
		"/delist?ref=A&lang=pt-BR");
	expect_redirect(&s, "/delist?lang=fr", "/status/A", "/status/A");
	site_close(&s);
}

/* ---- Redis ---- */

static void says_when_redis_is_away(void **state)
{
	struct web_request rq;
	struct site s;
	struct visit v;

	(void)state;
	site_open_alone(&s, "");
	rq = site_request(&s, "GET", "/");
	begin(&v, &s, &rq);
	assert_null(visit_redis(&v));
	visit_end(&v);
	site_expect(&s, 503);
	site_expect_text(&s, "postmaster@mx.example.net");
	site_close(&s);
}

static void uses_one_connection(void **state)
{
	struct web_request rq;
	struct site s;
	struct visit v;
	struct redis *r;

	(void)state;
	site_open(&s, "");
	rq = site_request(&s, "GET", "/");
	begin(&v, &s, &rq);
	r = visit_redis(&v);
	assert_non_null(r);
	assert_ptr_equal(visit_redis(&v), r);
	visit_end(&v);
	site_close(&s);
}

/* ---- what the operator calls it ---- */

static void escapes_the_name(void **state)
{
	struct site s;

	(void)state;
	site_open_alone(&s, "portal { name = \"A <b>&B\" }\n");
	site_get(&s, "/");
	site_expect_text(&s, "<span>A &lt;b&gt;&amp;B</span>");
	site_close(&s);
}

#define CLIENT(text, ...) \
	CASE(text, finds_the_client, (&(struct client_row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		CLIENT("a visitor without a proxy is the peer", "192.0.2.1",
			NULL, "192.0.2.1"),
		CLIENT("a stranger's X-Forwarded-For is not believed",
			"192.0.2.1", "203.0.113.9", "192.0.2.1"),
		CLIENT("a proxy of ours says who the visitor is", "10.0.0.1",
			"203.0.113.9", "203.0.113.9"),
		CLIENT("only the last hop counts", "10.0.0.1",
			"198.51.100.1, 203.0.113.9", "203.0.113.9"),
		CLIENT("what is no address is not believed", "10.0.0.1",
			"203.0.113.9, unknown", "10.0.0.1"),
		CLIENT("an IPv6 visitor is known", "10.0.0.1", " 2001:db8::1 ",
			"2001:db8::1"),
		CLIENT("a unix socket is a proxy", NULL, "203.0.113.9",
			"203.0.113.9"),
		CLIENT("behind a unix socket there may be nobody known", NULL,
			NULL, NULL),
		CASE("spans are told in the greatest unit that is fine enough",
			says_spans, NULL),
		CASE("times are told in words and in figures", says_times,
			NULL),
		CASE("times are told in the visitor's language",
			says_times_in_languages, NULL),
		CASE("a fault is told at the field and in the title",
			shows_faults, NULL),
		CASE("a redirect keeps the language", redirects, NULL),
		CASE("without Redis a page says so and whom to write to",
			says_when_redis_is_away, NULL),
		CASE("a visit has one connection", uses_one_connection, NULL),
		CASE("the name of the site is text, not markup",
			escapes_the_name, NULL),
	};

	return cmocka_run_group_tests_name("portal/visit", cases, NULL, NULL);
}
