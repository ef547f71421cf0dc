/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/guard.h"

#include "base/arena.h"
#include "conf/conf.h"
#include "support/case.h"
#include "unit/portal/site.h"

#include <stdio.h>
#include <string.h>

static const char action[] = "/delist";

/* What the guard says of that form, seen by the visitor of s. */
static enum guard_answer judge(
	struct site *s, const char *at, const char *fields)
{
	static const struct form_limits limits = { 1024, false };
	const struct web_request rq = site_request(s, "POST", at);
	struct visit v = { .rest = { NULL, 0 } };
	enum guard_answer answer;

	buf_reset(&s->answer.body);
	s->answer.status = 0;
	assert_int_equal(visit_begin(&v, s->context, &rq, &s->answer), RES_OK);
	assert_int_equal(
		form_parse(&v.form, slice_of(fields), &limits, v.arena),
		RES_OK);
	answer = guard_check(&v, at);
	/* Whoever is to look at the form again is told why. */
	assert_int_equal(visit_has_faults(&v),
		answer == GUARD_STALE || answer == GUARD_QUICK);
	visit_end(&v);
	return answer;
}

/* "stamp=..." of a form that the visitor of s is shown now. */
static void show_form(struct site *s, const char *at, char out[256])
{
	const struct web_request rq = site_request(s, "GET", at);
	struct visit v = { .rest = { NULL, 0 } };
	struct slice stamp;

	assert_int_equal(visit_begin(&v, s->context, &rq, &s->answer), RES_OK);
	guard_form(&v, at);
	stamp = view_find(v.view, slice_of("guard_stamp")).text;
	assert_true(stamp.len > 40);
	snprintf(out, 256, "stamp=%.*s", SLICE_ARG(stamp));
	visit_end(&v);
}

static void takes_a_good_one(void **state)
{
	struct site s;
	char stamp[256];

	(void)state;
	site_open(&s, "");
	show_form(&s, action, stamp);
	s.now_ms += 3000;
	s.visitor.origin = "https://postmaster.example.net";
	s.visitor.fetch_site = "same-origin";
	assert_int_equal(judge(&s, action, stamp), GUARD_GOOD);
	/* A page that hides its own address says this of itself. */
	s.visitor.origin = "null";
	assert_int_equal(judge(&s, action, stamp), GUARD_GOOD);
	s.visitor.origin = NULL;
	s.visitor.fetch_site = NULL;
	assert_int_equal(judge(&s, action, stamp), GUARD_GOOD);
	site_close(&s);
}

static void knows_time(void **state)
{
	struct site s;
	char stamp[256];

	(void)state;
	site_open(&s, "portal { form_min_s = 3 form_max_s = 7200 }\n");
	show_form(&s, action, stamp);
	s.now_ms += 2999;
	assert_int_equal(judge(&s, action, stamp), GUARD_QUICK);
	s.now_ms += 1;
	assert_int_equal(judge(&s, action, stamp), GUARD_GOOD);
	s.now_ms += 7197000;
	assert_int_equal(judge(&s, action, stamp), GUARD_GOOD);
	s.now_ms += 1000;
	assert_int_equal(judge(&s, action, stamp), GUARD_STALE);
	s.now_ms -= 7202000;
	assert_int_equal(judge(&s, action, stamp), GUARD_STALE);
	site_close(&s);
}

static void knows_networks(void **state)
{
	struct site s;
	char stamp[256];

	(void)state;
	site_open(&s, "");
	s.visitor.peer = "2001:db8:1:2::7";
	show_form(&s, action, stamp);
	s.now_ms += 5000;
	s.visitor.peer = "2001:db8:1:2:ffff::1";
	assert_int_equal(judge(&s, action, stamp), GUARD_GOOD);
	s.visitor.peer = "2001:db8:1:3::7";
	assert_int_equal(judge(&s, action, stamp), GUARD_STALE);
	site_close(&s);
}

static void refuses_forgeries(void **state)
{
	struct site s;
	char stamp[256];
	char *octet;

	(void)state;
	site_open(&s, "");
	show_form(&s, action, stamp);
	s.now_ms += 5000;
	assert_int_equal(judge(&s, "/support", stamp), GUARD_FORGED);
	assert_int_equal(s.answer.status, 403);
	assert_int_equal(judge(&s, action, ""), GUARD_FORGED);
	assert_int_equal(judge(&s, action, "stamp=1-2-3"), GUARD_FORGED);
	/* Every octet of it counts. */
	for (size_t i = strlen("stamp="); stamp[i] != '\0'; i++) {
		octet = &stamp[i];
		*octet ^= 1;
		assert_int_equal(judge(&s, action, stamp), GUARD_FORGED);
		*octet ^= 1;
	}
	assert_int_equal(judge(&s, action, stamp), GUARD_GOOD);
	site_close(&s);
}

static void refuses_other_sites(void **state)
{
	static const char *const origins[] = { "https://evil.example",
		"http://postmaster.example.net",
		"https://postmaster.example.net.evil.example",
		"https://postmaster.example.net:8443" };
	struct site s;
	char stamp[256];

	(void)state;
	site_open(&s, "");
	show_form(&s, action, stamp);
	s.now_ms += 5000;
	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
		s.visitor.origin = origins[i];
		assert_int_equal(judge(&s, action, stamp), GUARD_FORGED);
	}
	s.visitor.origin = NULL;
	s.visitor.fetch_site = "cross-site";
	assert_int_equal(judge(&s, action, stamp), GUARD_FORGED);
	s.visitor.origin = "null";
	assert_int_equal(judge(&s, action, stamp), GUARD_FORGED);
	site_close(&s);
}

static void finds_machines(void **state)
{
	struct site s;
	char stamp[256];
	char fields[300];

	(void)state;
	site_open(&s, "");
	show_form(&s, action, stamp);
	s.now_ms += 5000;
	snprintf(fields, sizeof(fields), "%s&website=http%%3A%%2F%%2Fa", stamp);
	assert_int_equal(judge(&s, action, fields), GUARD_MACHINE);
	/* Nothing was answered: the page does, as if all was well. */
	assert_int_equal(s.answer.status, 0);
	snprintf(fields, sizeof(fields), "%s&website=", stamp);
	assert_int_equal(judge(&s, action, fields), GUARD_GOOD);
	site_close(&s);
}

static void counts_clients(void **state)
{
	struct site s;
	char stamp[256];
	char other[256];

	(void)state;
	site_open(&s, "portal { posts_max = 2 }\n");
	s.visitor.peer = "192.0.2.8";
	show_form(&s, action, other);
	s.visitor.peer = "192.0.2.7";
	show_form(&s, action, stamp);
	s.now_ms += 5000;
	assert_int_equal(judge(&s, action, stamp), GUARD_GOOD);
	assert_int_equal(judge(&s, action, stamp), GUARD_GOOD);
	assert_int_equal(judge(&s, action, stamp), GUARD_LIMITED);
	assert_int_equal(s.answer.status, 429);
	site_expect_text(&s, "try again in ");
	s.visitor.peer = "192.0.2.8";
	assert_int_equal(judge(&s, action, other), GUARD_GOOD);
	site_close(&s);
}

static void says_when_it_cannot_count(void **state)
{
	struct site s;
	char stamp[256];

	(void)state;
	site_open(&s, "");
	show_form(&s, action, stamp);
	s.now_ms += 5000;
	redis_server_kill(s.redis);
	assert_int_equal(judge(&s, action, stamp), GUARD_DOWN);
	assert_int_equal(s.answer.status, 503);
	site_close(&s);
}

static void limits_evaluations(void **state)
{
	struct site s;

	(void)state;
	site_open(&s, "portal { checks_max = 2 }\n");
	for (unsigned i = 0; i < 3; i++) {
		const struct web_request rq =
			site_request(&s, "GET", "/whatif");
		struct visit v = { .rest = { NULL, 0 } };

		buf_reset(&s.answer.body);
		assert_int_equal(
			visit_begin(&v, s.context, &rq, &s.answer), RES_OK);
		assert_int_equal(guard_evaluation(&v), i < 2);
		visit_end(&v);
	}
	site_expect(&s, 429);
	site_close(&s);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a form of ours that a person filled in is taken",
			takes_a_good_one, NULL),
		CASE("a form that is too new or too old is shown again",
			knows_time, NULL),
		CASE("a form that was opened in another network is shown "
		     "again",
			knows_networks, NULL),
		CASE("a form that we have not made for this page is refused",
			refuses_forgeries, NULL),
		CASE("a form on another site is refused", refuses_other_sites,
			NULL),
		CASE("a machine that fills in what nobody sees is found",
			finds_machines, NULL),
		CASE("a client that sends too many forms must wait, and no "
		     "other",
			counts_clients, NULL),
		CASE("without Redis no form is taken",
			says_when_it_cannot_count, NULL),
		CASE("evaluations that cost DNS are limited",
			limits_evaluations, NULL),
	};

	return cmocka_run_group_tests_name("portal/guard", cases, NULL, NULL);
}
