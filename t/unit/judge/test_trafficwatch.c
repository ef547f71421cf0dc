/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/trafficwatch.h"

#include "base/buf.h"
#include "conf/conf.h"
#include "judge/record.h"
#include "support/case.h"

#include <stdlib.h>
#include <string.h>

static const struct conf conf = { .mode = CONF_ENFORCE };

/* A verdict, with a client of somebody else's. */
struct scene {
	struct conn conn;
	struct verdict verdict;
	struct auth_facts auth;
	struct record record;
};

static void make(struct scene *s, const char *stage, enum action action)
{
	*s = (struct scene){ .conn = { .kind = CONN_REMOTE },
		.verdict = { .action = action } };
	s->record = (struct record){ .stage = stage,
		.scope = { .conf = &conf },
		.conn = &s->conn,
		.verdict = &s->verdict,
		.auth = &s->auth,
		.ref = "" };
}

/* "messages refused spf_pass for example.org" */
static void wants(const struct scene *s, const char *want)
{
	char domain[HOSTNAME_MAX];
	struct traffic_day what;
	struct buf got;

	buf_init(&got, 1024);
	if (trafficwatch_of(&s->record, NULL, &what, domain)) {
		for (size_t i = 0; i < TRAFFIC_COUNTERS; i++) {
			assert_in_range(what.count[i], 0, 1);
			if (what.count[i] == 1)
				buf_add_format(&got, "%s%s",
					got.len > 0 ? " " : "",
					traffic_counter_name(
						(enum traffic_counter)i));
		}
		if (domain[0] != '\0')
			buf_add_format(&got, " for %s", domain);
	}
	assert_string_equal(buf_text(&got), want);
	buf_clear(&got);
}

struct row {
	enum action action;
	const char *at_rcpt;
	const char *at_end;
};

static void counts_what_the_client_was_told(void **state)
{
	static const struct row rows[] = {
		{ ACTION_ACCEPT, "", "messages accepted" },
		{ ACTION_MARK, "", "messages marked" },
		{ ACTION_QUARANTINE, "", "messages held" },
		{ ACTION_TEMPFAIL, "deferred", "messages deferred" },
		{ ACTION_REJECT, "refused", "messages refused" },
	};
	struct scene s;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make(&s, "rcpt", rows[i].action);
		wants(&s, rows[i].at_rcpt);
		make(&s, "eom", rows[i].action);
		wants(&s, rows[i].at_end);
	}
	make(&s, "eom", ACTION_ACCEPT);
	s.verdict.would_be = ACTION_REJECT;
	s.verdict.is_monitored = true;
	wants(&s, "messages accepted");
}

static void mail_of_our_own_is_nobodys_business(void **state)
{
	struct scene s;

	(void)state;
	make(&s, "eom", ACTION_ACCEPT);
	s.conn.kind = CONN_LOCAL;
	wants(&s, "");
	make(&s, "eom", ACTION_ACCEPT);
	s.conn.is_trusted = true;
	wants(&s, "");
	make(&s, "eom", ACTION_ACCEPT);
	s.record.verdict = NULL;
	wants(&s, "");
}

struct spf_row {
	enum auth_result result;
	const char *want;
};

static void spf_passes_fails_or_says_nothing(void **state)
{
	static const struct spf_row rows[] = {
		{ AUTH_UNKNOWN, "messages accepted" },
		{ AUTH_NONE, "messages accepted" },
		{ AUTH_NEUTRAL, "messages accepted" },
		{ AUTH_TEMPERROR, "messages accepted" },
		{ AUTH_PASS, "messages accepted spf_pass" },
		{ AUTH_FAIL, "messages accepted spf_fail" },
		{ AUTH_SOFTFAIL, "messages accepted spf_fail" },
		{ AUTH_PERMERROR, "messages accepted spf_fail" },
	};
	struct scene s;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make(&s, "eom", ACTION_ACCEPT);
		s.auth.mailfrom.result = rows[i].result;
		wants(&s, rows[i].want);
	}
}

static void sign(struct scene *s, struct dkim_fact *dkim, unsigned count)
{
	s->auth.dkim = dkim;
	s->auth.dkim_count = count;
	s->auth.dkim_is_known = true;
}

static void one_good_signature_is_enough(void **state)
{
	struct dkim_fact dkim[2] = { { .result = AUTH_FAIL },
		{ .result = AUTH_PASS } };
	struct scene s;

	(void)state;
	make(&s, "eom", ACTION_ACCEPT);
	sign(&s, dkim, 2);
	wants(&s, "messages accepted dkim_pass");
	sign(&s, dkim, 1);
	wants(&s, "messages accepted dkim_fail");
	dkim[0].result = AUTH_TEMPERROR;
	wants(&s, "messages accepted");
	dkim[0].result = AUTH_POLICY;
	wants(&s, "messages accepted dkim_fail");
	s.auth.dkim_is_known = false;
	wants(&s, "messages accepted");
}

static void mail_is_its_domains_when_its_signature_speaks_for_it(void **state)
{
	struct dkim_fact dkim = { .result = AUTH_PASS,
		.domain = slice_of("news.example.org") };
	struct scene s;

	(void)state;
	make(&s, "eom", ACTION_ACCEPT);
	sign(&s, &dkim, 1);
	s.auth.dmarc.from_domain = slice_of("example.org");
	wants(&s, "messages accepted dkim_pass for news.example.org");
	s.auth.dmarc.result = AUTH_PASS;
	wants(&s,
		"messages accepted dkim_pass dmarc_pass for news.example.org");
	s.auth.dmarc.from_domain = slice_of("example.com");
	wants(&s, "messages accepted dkim_pass dmarc_pass");
	/* A part of the body is not the message. */
	s.auth.dmarc.from_domain = slice_of("example.org");
	dkim.is_partial = true;
	wants(&s, "messages accepted dkim_pass dmarc_pass");
}

static void what_is_no_name_makes_no_key(void **state)
{
	struct dkim_fact dkim = { .result = AUTH_PASS,
		.domain = slice_of("bad name:*.example.org") };
	struct scene s;

	(void)state;
	make(&s, "eom", ACTION_ACCEPT);
	sign(&s, &dkim, 1);
	s.auth.dmarc.from_domain = slice_of("example.org");
	wants(&s, "messages accepted dkim_pass");
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(counts_what_the_client_was_told),
		cmocka_unit_test(mail_of_our_own_is_nobodys_business),
		cmocka_unit_test(spf_passes_fails_or_says_nothing),
		cmocka_unit_test(one_good_signature_is_enough),
		cmocka_unit_test(
			mail_is_its_domains_when_its_signature_speaks_for_it),
		cmocka_unit_test(what_is_no_name_makes_no_key),
	};

	return cmocka_run_group_tests_name(
		"judge/trafficwatch", cases, NULL, NULL);
}
