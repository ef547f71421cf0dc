/* SPDX-License-Identifier: BSD-2-Clause */
/* The check as a session drives it; what SPF means is in t/data/spf. */
#include "auth/spf.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "dns/asker.h"
#include "support/case.h"
#include "support/fake_dns.h"

#include <pthread.h>
#include <string.h>

enum { ROUNDS_MAX = 20, THREAD_STACK = 128 * 1024 };

struct rig {
	struct fake_dns *dns;
	struct asker *asker;
	struct arena *arena;
	struct conn conn;
	struct envelope envelope;
	struct auth_facts auth;
	struct findings found;
	void *state;
	struct check_input in;
};

static void rig_open(struct rig *r, const struct fake_record *records,
	unsigned questions_max, const char *helo, const char *from)
{
	const struct asker_limits limits = { questions_max, 1000 };

	*r = (struct rig){ .conn = { .kind = CONN_REMOTE } };
	r->dns = fake_dns_new(records);
	r->asker = asker_new(fake_dns_source(r->dns), &limits, clock_system());
	r->arena = arena_new(1 << 20);
	assert_int_equal(
		ipaddr_parse(&r->conn.ip, slice_of("192.0.2.1")), RES_OK);
	ipaddr_format(&r->conn.ip, r->conn.ip_text);
	r->conn.helo = slice_of(helo);
	assert_int_equal(
		address_parse(&r->envelope.sender, slice_of(from)), RES_OK);
	r->in = (struct check_input){ .conn = &r->conn,
		.envelope = &r->envelope,
		.auth = &r->auth,
		.dns = r->asker,
		.arena = r->arena,
		.state = &r->state };
	fake_dns_hold(r->dns, true);
}

static void rig_close(struct rig *r)
{
	if (r->state != NULL)
		spf_clear(r->state);
	asker_free(r->asker);
	fake_dns_free(r->dns);
	arena_free(r->arena);
}

/* Rounds of answers until it is done, then the report. */
static int settle(struct rig *r)
{
	int rounds = 0;

	while (spf_step(&r->in, NULL) == CHECK_WAITING) {
		assert_true(rounds++ < ROUNDS_MAX);
		arena_reset(r->arena);
		if (fake_dns_let_go(r->dns) == 0)
			break;
	}
	while (spf_step(&r->in, &r->found) == CHECK_WAITING) {
		assert_true(rounds++ < ROUNDS_MAX);
		if (fake_dns_let_go(r->dns) == 0)
			asker_expire(r->asker);
	}
	return rounds;
}

static void expect(const struct rig *r, const char *check, const char *detail,
	enum outcome outcome, const char *evidence)
{
	const struct finding *f = findings_find(&r->found, check);

	assert_non_null(f);
	assert_string_equal(f->detail, detail);
	assert_string_equal(outcome_name(f->outcome), outcome_name(outcome));
	if (!slice_is_equal(f->evidence, slice_of(evidence)))
		fail_msg("%.*s", SLICE_ARG(f->evidence));
}

static const struct fake_record simple[] = {
	{ "mail.example.net", "TXT", "v=spf1 ip4:192.0.2.2 -all" },
	{ "example.org", "TXT", "v=spf1 mx -all" },
	{ "example.org", "MX", "10 mail.example.net" },
	{ "mail.example.net", "A", "192.0.2.1" },
	{ NULL, NULL, NULL },
};

static void both_identities(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, simple, 40, "mail.example.net", "<joe@example.org>");
	settle(&r);
	assert_int_equal(r.found.count, 2);
	expect(&r, "spf", "pass", OUTCOME_MISS,
		"example.org permits 192.0.2.1 (mx)");
	expect(&r, "spf-helo", "fail", OUTCOME_HIT,
		"mail.example.net does not permit 192.0.2.1 (-all)");
	assert_int_equal(r.auth.mailfrom.result, AUTH_PASS);
	assert_int_equal(r.auth.mailfrom.lookups, 1);
	assert_int_equal(r.auth.mailfrom.voids, 0);
	assert_true(slice_is_equal(
		r.auth.mailfrom.record, slice_of("v=spf1 mx -all")));
	assert_true(slice_is_equal(r.auth.mailfrom.matched, slice_of("mx")));
	assert_true(slice_is_equal(
		r.auth.mailfrom.domain, slice_of("example.org")));
	assert_int_equal(r.auth.helo.result, AUTH_FAIL);
	assert_false(r.auth.is_null_sender);
	rig_close(&r);
}

static void null_sender(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, simple, 40, "mail.example.net", "<>");
	settle(&r);
	assert_true(r.auth.is_null_sender);
	expect(&r, "spf", "fail", OUTCOME_HIT,
		"mail.example.net does not permit 192.0.2.1 (-all)");
	expect(&r, "spf-helo", "fail", OUTCOME_HIT,
		"mail.example.net does not permit 192.0.2.1 (-all)");
	/* It is one question, not two. */
	assert_int_equal(fake_dns_asked(r.dns), 1);
	rig_close(&r);
}

/* "<(joe@example.org>" is no null sender: a record of HELO says nothing about
 * it. */
static void sender_that_is_no_address(void **state)
{
	static const struct fake_record records[] = {
		{ "mail.example.net", "TXT", "v=spf1 ip4:192.0.2.1 -all" },
		{ NULL, NULL, NULL },
	};
	struct rig r;

	(void)state;
	rig_open(&r, records, 40, "mail.example.net", "<>");
	r.envelope.sender =
		(struct address){ .whole = slice_of("(joe@example.org") };
	settle(&r);
	expect(&r, "spf", "none", OUTCOME_MISS, "the sender has no domain");
	assert_string_equal(auth_result_name(r.auth.helo.result), "pass");
	assert_false(r.auth.is_null_sender);
	assert_true(slice_is_empty(r.auth.mailfrom.domain));
	rig_close(&r);
}

static void nobody_to_ask(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, simple, 40, "localhost", "<joe@[192.0.2.1]>");
	assert_int_equal(settle(&r), 0);
	expect(&r, "spf", "none", OUTCOME_MISS,
		"[192.0.2.1]: not a domain name");
	expect(&r, "spf-helo", "none", OUTCOME_MISS,
		"localhost: not a domain name");
	assert_int_equal(fake_dns_asked(r.dns), 0);
	rig_close(&r);
}

/* RFC 8616 s4 */
static void names_that_are_not_ascii(void **state)
{
	static const struct fake_record records[] = {
		{ "xn--bcher-kva.example", "TXT", "v=spf1 ip4:192.0.2.1 -all" },
		{ "xn--mx-wia.example", "TXT", "v=spf1 -all" },
		{ NULL, NULL, NULL },
	};
	struct rig r;

	(void)state;
	rig_open(&r, records, 40, "mx\303\244.example",
		"<j\303\266@b\303\274cher.example>");
	settle(&r);
	expect(&r, "spf", "pass", OUTCOME_MISS,
		"xn--bcher-kva.example permits 192.0.2.1 (ip4:192.0.2.1)");
	expect(&r, "spf-helo", "fail", OUTCOME_HIT,
		"xn--mx-wia.example does not permit 192.0.2.1 (-all)");
	rig_close(&r);
}

/* RFC 7208 s7: its local part is part of a name then, and no evidence. */
static void no_local_part_in_a_reason(void **state)
{
	static const struct fake_record records[] = {
		{ "example.org", "TXT", "v=spf1 include:%{l}.u.example.org" },
		{ "joe.u.example.org", "TXT", "v=spf1 foo" },
		{ "example.net", "TXT", "v=spf1 redirect=%{S}.example.net" },
		{ NULL, NULL, NULL },
	};
	static const char *const senders[] = { "<joe@example.org>",
		"<joe@example.net>" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig r;

		rig_open(&r, records, 40, "x", senders[i]);
		settle(&r);
		assert_string_equal(
			auth_result_name(r.auth.mailfrom.result), "permerror");
		assert_null(memmem(r.auth.mailfrom.reason.at,
			r.auth.mailfrom.reason.len, "joe", 3));
		rig_close(&r);
	}
}

static void before_mail(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, simple, 40, "mail.example.net", "<joe@example.org>");
	r.in.envelope = NULL;
	assert_int_equal(spf_step(&r.in, NULL), CHECK_WAITING);
	assert_int_equal(fake_dns_asked(r.dns), 0);
	r.in.envelope = &r.envelope;
	settle(&r);
	assert_int_equal(r.auth.mailfrom.result, AUTH_PASS);
	rig_close(&r);
}

static void asked_once(void **state)
{
	struct rig r;
	size_t asked;

	(void)state;
	rig_open(&r, simple, 40, "mail.example.net", "<joe@example.org>");
	settle(&r);
	asked = fake_dns_asked(r.dns);
	/* A second report comes out of what is known: no asker is needed. */
	r.in.dns = NULL;
	findings_clear(&r.found);
	assert_int_equal(spf_step(&r.in, &r.found), CHECK_DONE);
	expect(&r, "spf", "pass", OUTCOME_MISS,
		"example.org permits 192.0.2.1 (mx)");
	assert_int_equal(r.auth.helo.result, AUTH_FAIL);
	assert_int_equal(fake_dns_asked(r.dns), asked);
	rig_close(&r);
}

static void no_resolver(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, simple, 40, "mail.example.net", "<joe@example.org>");
	r.in.dns = NULL;
	settle(&r);
	expect(&r, "spf", "temperror", OUTCOME_UNKNOWN,
		"example.org: there is no resolver");
	rig_close(&r);
}

static void too_late(void **state)
{
	static const struct fake_record late[] = {
		{ "example.org", "TXT", "v=spf1 a:slow.example -all" },
		{ "slow.example", "TIMEOUT", "" },
		{ NULL, NULL, NULL },
	};
	struct rig r;

	(void)state;
	rig_open(&r, late, 40, "x", "<joe@example.org>");
	settle(&r);
	expect(&r, "spf", "temperror", OUTCOME_UNKNOWN,
		"example.org: no answer in time: a:slow.example");
	assert_int_equal(r.auth.mailfrom.lookups, 1);
	rig_close(&r);
}

static void over_budget(void **state)
{
	static const struct fake_record hungry[] = {
		{ "example.org", "TXT",
			"v=spf1 a:a.example a:b.example a:c.example -all" },
		{ "a.example", "A", "192.0.2.9" },
		{ "b.example", "A", "192.0.2.9" },
		{ "c.example", "A", "192.0.2.9" },
		{ NULL, NULL, NULL },
	};
	struct rig r;

	(void)state;
	rig_open(&r, hungry, 3, "x", "<joe@example.org>");
	settle(&r);
	expect(&r, "spf", "temperror", OUTCOME_UNKNOWN,
		"example.org: too many questions for one message: a:c.example");
	rig_close(&r);
}

/* His own name in HELO is a forger's to make a record for. */
static void sender_before_helo(void **state)
{
	static const struct fake_record records[] = {
		{ "forger.example", "TXT",
			"v=spf1 a:1.example a:2.example a:3.example "
			"a:4.example a:5.example a:6.example -all" },
		{ "1.example", "A", "192.0.2.9" },
		{ "2.example", "A", "192.0.2.9" },
		{ "3.example", "A", "192.0.2.9" },
		{ "4.example", "A", "192.0.2.9" },
		{ "5.example", "A", "192.0.2.9" },
		{ "6.example", "A", "192.0.2.9" },
		{ "example.org", "TXT", "v=spf1 include:a.example -all" },
		{ "a.example", "TXT", "v=spf1 a:b.example -all" },
		{ "b.example", "A", "192.0.2.9" },
		{ NULL, NULL, NULL },
	};
	struct rig r;

	(void)state;
	rig_open(&r, records, 6, "forger.example", "<joe@example.org>");
	settle(&r);
	assert_string_equal(auth_result_name(r.auth.mailfrom.result), "fail");
	assert_string_equal(auth_result_name(r.auth.helo.result), "temperror");
	rig_close(&r);
}

/* At the end of the message there is more to ask with. */
static void long_record_at_the_end(void **state)
{
	static const struct fake_record records[] = {
		{ "example.org", "TXT",
			"v=spf1 mx:a.example mx:b.example a:c.example -all" },
		{ "a.example", "MX", "10 1.a.example" },
		{ "a.example", "MX", "10 2.a.example" },
		{ "b.example", "MX", "10 1.b.example" },
		{ "1.a.example", "A", "192.0.2.9" },
		{ "2.a.example", "A", "192.0.2.9" },
		{ "1.b.example", "A", "192.0.2.9" },
		{ "c.example", "A", "192.0.2.1" },
		{ NULL, NULL, NULL },
	};
	struct rig r;

	(void)state;
	rig_open(&r, records, 10, "x", "<joe@example.org>");
	asker_own(r.asker, 1, 40);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(spf_step(&r.in, NULL), CHECK_WAITING);
		fake_dns_let_go(r.dns);
	}
	asker_own(r.asker, 1, 100);
	settle(&r);
	expect(&r, "spf", "pass", OUTCOME_MISS,
		"example.org permits 192.0.2.1 (a:c.example)");
	rig_close(&r);
}

/* The record, then all that it needs, then what those need. */
static void in_parallel(void **state)
{
	static const struct fake_record wide[] = {
		{ "example.org", "TXT",
			"v=spf1 include:a.example include:b.example "
			"a:c.example mx exists:%{l}.d.example ptr "
			"redirect=e.example" },
		{ "example.org", "MX", "10 mail.example.org" },
		{ "mail.example.org", "A", "192.0.2.9" },
		{ "a.example", "TXT", "v=spf1 include:f.example ~all" },
		{ "b.example", "TXT", "v=spf1 include:g.example ~all" },
		{ "c.example", "A", "192.0.2.9" },
		{ "e.example", "TXT", "v=spf1 a:h.example -all" },
		{ "f.example", "TXT", "v=spf1 ip4:192.0.2.9" },
		{ "g.example", "TXT", "v=spf1 ip4:192.0.2.9" },
		{ "h.example", "A", "192.0.2.1" },
		{ "1.2.0.192.in-addr.arpa", "PTR", "x.example.net" },
		{ NULL, NULL, NULL },
	};
	struct rig r;

	(void)state;
	rig_open(&r, wide, 40, "x", "<joe@example.org>");
	assert_int_equal(settle(&r), 4);
	assert_int_equal(r.auth.mailfrom.result, AUTH_PASS);
	assert_int_equal(r.auth.mailfrom.lookups, 10);
	expect(&r, "spf", "pass", OUTCOME_MISS,
		"example.org permits 192.0.2.1 (a:h.example by redirect "
		"(record of e.example))");
	rig_close(&r);
}

static void exchangers_in_parallel(void **state)
{
	static const struct fake_record wide[] = {
		{ "example.org", "TXT", "v=spf1 mx -all" },
		{ "example.org", "MX", "10 a.example" },
		{ "example.org", "MX", "20 b.example" },
		{ "example.org", "MX", "30 c.example" },
		{ "a.example", "A", "192.0.2.9" },
		{ "b.example", "A", "192.0.2.9" },
		{ "c.example", "A", "192.0.2.1" },
		{ NULL, NULL, NULL },
	};
	struct rig r;

	(void)state;
	rig_open(&r, wide, 40, "x", "<joe@example.org>");
	assert_int_equal(settle(&r), 3);
	assert_int_equal(r.auth.mailfrom.result, AUTH_PASS);
	rig_close(&r);
}

/* A network that matches makes what stands behind it needless. */
static void no_needless_question(void **state)
{
	static const struct fake_record early[] = {
		{ "example.org", "TXT",
			"v=spf1 a:a.example ip4:192.0.2.0/24 mx "
			"include:b.example -all redirect=c.example" },
		{ "example.net", "TXT",
			"v=spf1 a:a.example -all redirect=c.example" },
		{ "a.example", "A", "192.0.2.9" },
		{ NULL, NULL, NULL },
	};
	struct rig r;

	(void)state;
	rig_open(&r, early, 40, "x", "<joe@example.org>");
	settle(&r);
	assert_int_equal(fake_dns_asked(r.dns), 2);
	rig_close(&r);
	rig_open(&r, early, 40, "x", "<joe@example.net>");
	settle(&r);
	assert_int_equal(fake_dns_asked(r.dns), 2);
	rig_close(&r);
}

/* Ten terms may count, so that no more than those are asked for. */
static void bounded_questions(void **state)
{
	struct rig r;
	struct buf record;

	(void)state;
	rig_open(&r, NULL, 1000, "x", "<joe@example.org>");
	buf_init(&record, 65536);
	buf_add_text(&record, "v=spf1");
	for (int i = 0; i < 500; i++)
		buf_add_format(&record, " a:a%d.example", i);
	fake_dns_add_octets(r.dns, "example.org", "TXT", buf_slice(&record));
	settle(&r);
	assert_int_equal(r.auth.mailfrom.result, AUTH_PERMERROR);
	assert_true(fake_dns_asked(r.dns) <= 11);
	assert_int_equal(r.auth.mailfrom.record.len, SPF_RECORD_KEPT);
	assert_true(r.auth.mailfrom.reason.len > 0);
	buf_clear(&record);
	rig_close(&r);
}

static void whole_tree_counts(void **state)
{
	static const struct fake_record tree[] = {
		{ "example.org", "TXT",
			"v=spf1 include:a.example include:a.example "
			"include:a.example -all" },
		{ "a.example", "TXT",
			"v=spf1 include:b.example include:b.example "
			"include:b.example ~all" },
		{ "b.example", "TXT",
			"v=spf1 mx:c.example mx:c.example mx:c.example ~all" },
		{ "c.example", "MX", "10 d.example" },
		{ "d.example", "A", "192.0.2.9" },
		{ NULL, NULL, NULL },
	};
	struct rig r;

	(void)state;
	rig_open(&r, tree, 40, "x", "<joe@example.org>");
	settle(&r);
	assert_int_equal(r.auth.mailfrom.result, AUTH_PERMERROR);
	assert_int_equal(r.auth.mailfrom.lookups, 11);
	assert_true(fake_dns_asked(r.dns) <= 5);
	rig_close(&r);
}

/* ---- records that end a process which shows them to libspf2 ---- */

static void add_crasher(
	struct fake_dns *dns, const char *name, const char *front, int letters)
{
	struct buf b;

	buf_init(&b, 65536);
	buf_add_text(&b, front);
	for (int i = 0; i < 127; i++)
		buf_add_text(&b, "%{d}");
	for (int i = 0; i < letters; i++)
		buf_add_char(&b, 'x');
	assert_int_equal(buf_result(&b), RES_OK);
	fake_dns_add_octets(dns, name, "TXT", buf_slice(&b));
	buf_clear(&b);
}

static void crash_by_exp(void **state)
{
	static const struct fake_record records[] = {
		{ "example.org", "TXT", "v=spf1 exp=exp.example.org -all" },
		{ NULL, NULL, NULL },
	};
	struct rig r;

	(void)state;
	rig_open(&r, records, 40, "x", "<joe@example.org>");
	add_crasher(r.dns, "exp.example.org", "", 900);
	settle(&r);
	expect(&r, "spf", "fail", OUTCOME_HIT,
		"example.org does not permit 192.0.2.1 (-all)");
	assert_int_equal(fake_dns_asked(r.dns), 1);
	rig_close(&r);
}

static void crash_by_exists(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL, 40, "x", "<joe@example.org>");
	add_crasher(r.dns, "example.org", "v=spf1 exists:", 5000);
	settle(&r);
	assert_int_equal(r.auth.mailfrom.result, AUTH_PERMERROR);
	rig_close(&r);
}

/* Within our bound of a term, and past what libspf2 has room for. */
static void crash_by_short_exists(void **state)
{
	struct rig r;
	struct buf b;

	(void)state;
	rig_open(&r, NULL, 40, "x", "<joe@example.org>");
	buf_init(&b, 65536);
	buf_add_text(&b, "v=spf1 exists:");
	for (int i = 0; i < 85; i++)
		buf_add_text(&b, "%{d}x");
	buf_add_text(&b, ".example -all");
	fake_dns_add_octets(r.dns, "example.org", "TXT", buf_slice(&b));
	settle(&r);
	assert_int_equal(r.auth.mailfrom.result, AUTH_FAIL);
	buf_clear(&b);
	rig_close(&r);
}

static void loopback(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, simple, 40, "x", "<joe@example.org>");
	assert_int_equal(
		ipaddr_parse(&r.conn.ip, slice_of("127.0.0.1")), RES_OK);
	settle(&r);
	assert_int_equal(r.auth.mailfrom.result, AUTH_FAIL);
	rig_close(&r);
}

/* ---- on a stack smaller than the process' threads have ---- */

static void *on_small_stack(void *at)
{
	both_identities(at);
	whole_tree_counts(at);
	crash_by_short_exists(at);
	return NULL;
}

static void small_stack(void **state)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	assert_int_equal(pthread_attr_setstacksize(&attr, THREAD_STACK), 0);
	assert_int_equal(
		pthread_create(&thread, &attr, on_small_stack, state), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attr);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("both identities are told", both_identities, NULL),
		CASE("a null sender is its HELO", null_sender, NULL),
		CASE("who has no domain is asked about nowhere", nobody_to_ask,
			NULL),
		CASE("nothing is asked before MAIL", before_mail, NULL),
		CASE("what is known is not asked again", asked_once, NULL),
		CASE("without a resolver nothing can be told", no_resolver,
			NULL),
		CASE("an answer that comes too late tells nothing", too_late,
			NULL),
		CASE("the record of HELO takes nothing from the sender's",
			sender_before_helo, NULL),
		CASE("a long record has the end of the message",
			long_record_at_the_end, NULL),
		CASE("a sender that is no address has no SPF",
			sender_that_is_no_address, NULL),
		CASE("names in U-labels have the record of their A-labels",
			names_that_are_not_ascii, NULL),
		CASE("a reason holds no local part", no_local_part_in_a_reason,
			NULL),
		CASE("a budget that is used up tells nothing", over_budget,
			NULL),
		CASE("questions go out together", in_parallel, NULL),
		CASE("so do those for exchangers", exchangers_in_parallel,
			NULL),
		CASE("no question behind what decides", no_needless_question,
			NULL),
		CASE("a record of 500 names asks for ten", bounded_questions,
			NULL),
		CASE("terms count over all records", whole_tree_counts, NULL),
		CASE("an explanation that crashes libspf2 is not fetched",
			crash_by_exp, NULL),
		CASE("a term that crashes libspf2 is a fault", crash_by_exists,
			NULL),
		CASE("a shorter one is only expanded", crash_by_short_exists,
			NULL),
		CASE("a loopback client passes only where it is named",
			loopback, NULL),
		CASE("a small stack is enough", small_stack, NULL),
	};

	return cmocka_run_group_tests_name("auth/spf", cases, NULL, NULL);
}
