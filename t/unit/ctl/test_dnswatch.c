/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/dnswatch.h"

#include "base/clock.h"
#include "support/case.h"
#include "support/fake_dns.h"

#include <string.h>

static const struct fake_record records[] = {
	{ "a.example", "TXT", "v=spf1 |-all" },
	{ "a.example", "A", "192.0.2.1" },
	{ "bad.example", "SERVFAIL", "" },
	{ NULL, NULL, NULL },
};

static void assert_question(const struct dnswatch *w, size_t i,
	const char *name, enum dns_type type)
{
	const struct dnswatch_question *q = dnswatch_at(w, i);

	assert_true(slice_is_equal(
		slice_make(q->name, q->name_len), slice_of(name)));
	assert_int_equal(q->type, type);
}

/* held: answers come later than the questions. */
static void sees(bool held)
{
	const struct asker_limits limits = { 10, 5000 };
	struct fake_dns *dns = fake_dns_new(records);
	struct dnswatch *w = dnswatch_open(fake_dns_source(dns));
	struct asker *a =
		asker_new(dnswatch_source(w), &limits, clock_system());
	const struct dns_answer *answer;

	fake_dns_hold(dns, held);
	answer = asker_ask(a, slice_of("A.example"), DNS_TXT);
	assert_int_equal(answer == NULL, held);
	assert_int_equal(
		asker_ask(a, slice_of("bad.example"), DNS_A) == NULL, held);
	if (held) {
		assert_false(dnswatch_at(w, 0)->is_answered);
		assert_int_equal(fake_dns_let_go(dns), 2);
	}
	answer = asker_ask(a, slice_of("a.example"), DNS_TXT);
	assert_non_null(answer);
	assert_int_equal(answer->status, DNS_FOUND);
	asker_free(a);

	assert_int_equal(dnswatch_count(w), 2);
	assert_question(w, 0, "a.example", DNS_TXT);
	assert_true(dnswatch_at(w, 0)->is_answered);
	assert_int_equal(dnswatch_at(w, 0)->status, DNS_FOUND);
	assert_int_equal(dnswatch_at(w, 0)->count, 1);
	assert_true(slice_is_equal(slice_make(dnswatch_at(w, 0)->text,
					   dnswatch_at(w, 0)->text_len),
		slice_of("v=spf1 -all")));
	assert_question(w, 1, "bad.example", DNS_A);
	assert_int_equal(dnswatch_at(w, 1)->status, DNS_UNKNOWN);
	assert_int_equal(dnswatch_at(w, 1)->why, DNS_WHY_SERVFAIL);
	dnswatch_close(w);
	fake_dns_free(dns);
}

static void sees_at_once(void **state)
{
	(void)state;
	sees(false);
}

static void sees_later(void **state)
{
	(void)state;
	sees(true);
}

/* A session that goes away does not wait, and nothing is lost. */
static void is_left_alone(void **state)
{
	const struct asker_limits limits = { 10, 5000 };
	struct fake_dns *dns = fake_dns_new(records);
	struct dnswatch *w = dnswatch_open(fake_dns_source(dns));
	struct asker *a =
		asker_new(dnswatch_source(w), &limits, clock_system());

	(void)state;
	fake_dns_hold(dns, true);
	assert_null(asker_ask(a, slice_of("a.example"), DNS_A));
	asker_free(a);
	assert_int_equal(dnswatch_count(w), 1);
	assert_false(dnswatch_at(w, 0)->is_answered);
	dnswatch_close(w);
	fake_dns_free(dns);
}

static void knows_no_dns(void **state)
{
	struct dnswatch *w = dnswatch_open(NULL);

	(void)state;
	assert_null(dnswatch_source(w));
	assert_int_equal(dnswatch_count(w), 0);
	dnswatch_close(w);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("answers that come at once are seen", sees_at_once, NULL),
		CASE("answers that come later are seen", sees_later, NULL),
		CASE("a question that nobody waited for is told as such",
			is_left_alone, NULL),
		CASE("without DNS there is nothing to watch", knows_no_dns,
			NULL),
	};

	return cmocka_run_group_tests_name("ctl/dnswatch", cases, NULL, NULL);
}
