/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/routes.h"

#include "conf/conf.h"
#include "policy/code.h"
#include "portal/meters.h"
#include "support/case.h"
#include "unit/portal/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A site of one case; none of them needs what another left behind. */
struct row {
	const char *target;
	unsigned status;
	const char *part; /* of the body; NULL: any */
};

static void answers(void **state)
{
	const struct row *row = *state;
	struct site s;

	site_open_alone(&s, "portal { name = \"Example Mail\" }\n");
	site_get(&s, row->target);
	site_expect(&s, row->status);
	if (row->part != NULL)
		site_expect_text(&s, row->part);
	site_close(&s);
}

static void refuses_posts(void **state)
{
	static const char *const read_only[] = { "/", "/help/", "/e/",
		"/static/style.css", "/healthz", "/.well-known/security.txt" };
	struct site s;

	(void)state;
	site_open_alone(&s, "");
	for (size_t i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++) {
		site_post(&s, read_only[i], "");
		site_expect(&s, 405);
		assert_string_equal(s.answer.fields[0].name, "Allow");
		assert_string_equal(s.answer.fields[0].value, "GET, HEAD");
	}
	site_get(&s, "/r/00000000000000000/test");
	site_expect(&s, 405);
	assert_string_equal(s.answer.fields[0].value, "POST");
	site_close(&s);
}

struct body_row {
	const char *type;
	const char *body;
	unsigned status;
};

static void reads_forms(void **state)
{
	const struct body_row *row = *state;
	struct site s;

	site_open_alone(&s, "");
	s.visitor.content_type = row->type;
	site_post(&s, "/delist", row->body);
	site_expect(&s, row->status);
	site_close(&s);
}

static void refuses_long_forms(void **state)
{
	struct site s;
	char *body = malloc(20001);

	(void)state;
	assert_non_null(body);
	memset(body, 'a', 20000);
	body[0] = 'x';
	body[1] = '=';
	body[20000] = '\0';
	site_open_alone(&s, "");
	site_post(&s, "/delist", body);
	site_expect(&s, 413);
	site_expect_text(&s, "too long");
	free(body);
	site_close(&s);
}

static void explains_each_code(void **state)
{
	struct site s;

	(void)state;
	site_open_alone(&s, "");
	for (unsigned i = CODE_NONE + 1; i < CODE_COUNT; i++) {
		const struct code_row *row = code_row((enum code)i);
		char target[128];

		snprintf(target, sizeof(target), "/e/%s", row->name);
		site_get(&s, target);
		site_expect(&s, 200);
		site_expect_text(&s, row->name);
		site_get(&s, "/e/");
		site_expect_text(&s, target);
	}
	site_close(&s);
}

static void speaks_languages(void **state)
{
	struct site s;

	(void)state;
	site_open_alone(&s, "portal { language = \"pt-BR\" }\n");
	site_get(&s, "/");
	assert_string_equal(s.answer.language, "pt-BR");
	site_expect_text(&s, "<html lang=\"pt-BR\">");
	s.visitor.accept_language = "fr, es;q=0.5, en;q=0.2";
	site_get(&s, "/");
	assert_string_equal(s.answer.language, "es");
	site_expect_text(&s, "href=\"/delist\"");
	site_get(&s, "/?lang=en");
	assert_string_equal(s.answer.language, "en");
	site_expect_text(&s, "href=\"/delist?lang=en\"");
	site_get(&s, "/nowhere?lang=es");
	assert_string_equal(s.answer.language, "es");
	site_close(&s);
}

/* The other languages of a page lead to the same page, with what was asked. */
static void links_languages(void **state)
{
	struct site s;

	(void)state;
	site_open_alone(&s, "");
	site_get(&s, "/e/BLOCKED_SELF?lang=es&ref=a%22%3Cb");
	site_expect_text(&s,
		"href=\"/e/BLOCKED_SELF?lang=pt-BR&amp;ref=a%22%3Cb\" "
		"lang=\"pt-BR\" hreflang=\"pt-BR\"");
	site_expect_no_text(&s, "a\"<b");
	site_close(&s);
}

static void tells_health_to_neighbours(void **state)
{
	struct site s;

	(void)state;
	site_open(&s, "");
	site_get(&s, "/healthz");
	site_expect(&s, 404);
	s.visitor.peer = "127.0.0.1";
	assert_string_equal(site_get(&s, "/healthz"), "portal ok\nredis ok\n");
	s.visitor.forwarded_for = "203.0.113.9";
	site_get(&s, "/healthz");
	site_expect(&s, 404);
	s.visitor.forwarded_for = NULL;
	redis_server_kill(s.redis);
	site_get(&s, "/healthz");
	site_expect(&s, 200);
	site_expect_text(&s, "portal ok\nredis down\n");
	site_close(&s);
}

static void counts_pages(void **state)
{
	struct buf text;
	struct site s;

	(void)state;
	site_open_alone(&s, "");
	site_get(&s, "/");
	site_get(&s, "/");
	site_get(&s, "/nowhere");
	buf_init(&text, 65536);
	meters_format(context_meters(s.context), &text);
	assert_non_null(strstr(buf_text(&text),
		"reprieve_portal_pages_total{route=\"start\"} 2\n"));
	assert_non_null(strstr(buf_text(&text),
		"reprieve_portal_pages_total{route=\"none\"} 1\n"));
	assert_non_null(strstr(buf_text(&text),
		"reprieve_portal_answers_total{class=\"4xx\"} 1\n"));
	buf_clear(&text);
	site_close(&s);
}

/* RFC 9116: it must not be one that has expired. */
static void says_whom_to_tell(void **state)
{
	struct site s;

	(void)state;
	site_open_alone(&s, "");
	site_get(&s, "/.well-known/security.txt");
	site_expect(&s, 200);
	site_expect_text(&s, "Contact: mailto:security@mx.example.net\n");
	site_expect_text(&s, "Expires: 2027-05-25T00:00:00Z\n");
	site_expect_text(&s, "Preferred-Languages: en, es, pt-BR\n");
	s.now_ms += 100 * 86400000LL;
	site_get(&s, "/.well-known/security.txt");
	site_expect_text(&s, "Expires: 2027-09-02T00:00:00Z\n");
	site_close(&s);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("the front page says whose it is and leads on", answers,
			(&(struct row){ "/", 200, "Example Mail" })),
		CASE("a reference can be pasted on the front page", answers,
			(&(struct row){
				"/", 200, "<textarea id=\"refusal\"" })),
		CASE("help has an index", answers,
			(&(struct row){ "/help/", 200, "<h1>Help</h1>" })),
		CASE("help without the slash is the same", answers,
			(&(struct row){ "/help", 200, "<h1>Help</h1>" })),
		CASE("a help page that is not there is a 404", answers,
			(&(struct row){ "/help/nothing", 404, NULL })),
		CASE("a code that is not there is a 404", answers,
			(&(struct row){ "/e/NOTHING", 404, NULL })),
		CASE("the style is a file", answers,
			(&(struct row){ "/static/style.css", 200, "body {" })),
		CASE("the logo is a file", answers,
			(&(struct row){ "/static/logo.svg", 200, "<svg" })),
		CASE("a file that is not there is a 404", answers,
			(&(struct row){ "/static/../secret", 404, NULL })),
		CASE("a path that nobody answers is a 404 in plain words",
			answers,
			(&(struct row){ "/nowhere", 404, "whole link" })),
		CASE("a prefix without anything behind it is a 404", answers,
			(&(struct row){ "/r/", 404, NULL })),
		CASE("no path goes on behind a whole one", answers,
			(&(struct row){ "/delist/more", 404, NULL })),
		CASE("a query with a field twice is refused", answers,
			(&(struct row){ "/?lang=es&lang=en", 400, NULL })),
		CASE("a query with a NUL is refused", answers,
			(&(struct row){ "/?a=%00", 400, NULL })),
		CASE("every page says whom to write to", answers,
			(&(struct row){
				"/help/", 200, "postmaster@mx.example.net" })),
		CASE("a page that can only be read cannot be posted to",
			refuses_posts, NULL),
		CASE("a form with a field twice is refused", reads_forms,
			(&(struct body_row){
				"application/x-www-form-urlencoded; "
				"charset=utf-8",
				"a=1&a=2", 400 })),
		CASE("a line break in a short field is refused", reads_forms,
			(&(struct body_row){
				"application/x-www-form-urlencoded",
				"a=1%0d%0aBcc:%20b", 400 })),
		CASE("a body that is no form is refused", reads_forms,
			(&(struct body_row){ "text/plain", "a=1", 415 })),
		CASE("a form that is too long is refused", refuses_long_forms,
			NULL),
		CASE("every code has its page", explains_each_code, NULL),
		CASE("the visitor's choice of language comes before the "
		     "browser's, and that before ours",
			speaks_languages, NULL),
		CASE("the other languages are one link away, without markup "
		     "of strangers",
			links_languages, NULL),
		CASE("only this machine learns how Redis is",
			tells_health_to_neighbours, NULL),
		CASE("pages are counted by name and by class", counts_pages,
			NULL),
		CASE("security.txt has not expired", says_whom_to_tell, NULL),
	};

	return cmocka_run_group_tests_name("portal/routes", cases, NULL, NULL);
}
