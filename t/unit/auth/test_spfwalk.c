/* SPDX-License-Identifier: BSD-2-Clause */
/* What the walk asks of who walks it; its results are in t/data/spf. */
#include "auth/spfwalk.h"

#include "base/arena.h"
#include "base/clock.h"
#include "dns/asker.h"
#include "support/case.h"
#include "support/fake_dns.h"

static const struct fake_record records[] = {
	{ "example.org", "TXT",
		"v=spf1 ip4:203.0.113.0/24 -a:%{l}.example/24 ?exists:b.example "
		"~all" },
	{ "joe.example", "A", "192.0.2.9" },
	{ "b.example", "SERVFAIL", "" },
	{ NULL, NULL, NULL },
};

struct rig {
	struct fake_dns *dns;
	struct asker *asker;
	struct arena *arena;
	struct ipaddr ip;
	struct spfwalk_client client;
	struct spfwalk *walk;
	struct spf_term term;
	struct slice target;
	struct spf_fact fact;
};

static void rig_open(struct rig *r)
{
	static const struct asker_limits limits = { 40, 1000 };

	*r = (struct rig){ .ip = ipaddr_from_v4(0xc0000201) };
	r->dns = fake_dns_new(records);
	r->asker = asker_new(fake_dns_source(r->dns), &limits, clock_system());
	r->arena = arena_new(1 << 20);
	r->client = (struct spfwalk_client){ .ip = &r->ip,
		.helo = slice_of("mail.example.net"),
		.local = slice_of("joe"),
		.domain = slice_of("example.org") };
	r->walk = spfwalk_new(&r->client, r->asker, r->arena);
	assert_non_null(r->walk);
}

static void rig_close(struct rig *r)
{
	asker_free(r->asker);
	fake_dns_free(r->dns);
	arena_free(r->arena);
}

static enum spfwalk_need next(struct rig *r)
{
	return spfwalk_next(r->walk, &r->term, &r->target);
}

static void expect(struct rig *r, enum auth_result result, const char *matched)
{
	assert_int_equal(next(r), SPFWALK_DONE);
	spfwalk_read(r->walk, &r->fact);
	assert_string_equal(
		auth_result_name(r->fact.result), auth_result_name(result));
	assert_true(slice_is_equal(r->fact.matched, slice_of(matched)));
}

static void yes(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	assert_int_equal(next(&r), SPFWALK_MATCH);
	assert_int_equal(r.term.kind, SPF_A);
	assert_int_equal(r.term.bits4, 24);
	assert_true(slice_is_equal(r.target, slice_of("joe.example")));
	assert_non_null(spfwalk_ask(r.walk, r.target, DNS_A));
	spfwalk_answer(r.walk, true);
	expect(&r, AUTH_FAIL, "-a:%{l}.example/24");
	rig_close(&r);
}

static void no(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	assert_int_equal(next(&r), SPFWALK_MATCH);
	spfwalk_answer(r.walk, false);
	assert_int_equal(next(&r), SPFWALK_MATCH);
	assert_int_equal(r.term.kind, SPF_EXISTS);
	spfwalk_answer(r.walk, false);
	expect(&r, AUTH_SOFTFAIL, "~all");
	assert_int_equal(r.fact.lookups, 2);
	rig_close(&r);
}

/* What was said without an answer does not count. */
static void no_answer(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	assert_int_equal(next(&r), SPFWALK_MATCH);
	assert_null(spfwalk_ask(r.walk, slice_of("b.example"), DNS_A));
	assert_null(spfwalk_ask(r.walk, r.target, DNS_A));
	spfwalk_answer(r.walk, true);
	expect(&r, AUTH_TEMPERROR, "");
	rig_close(&r);
}

static void not_yet(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	assert_int_equal(next(&r), SPFWALK_MATCH);
	fake_dns_hold(r.dns, true);
	assert_null(spfwalk_ask(r.walk, r.target, DNS_A));
	spfwalk_answer(r.walk, true);
	assert_int_equal(next(&r), SPFWALK_WAITING);
	assert_int_equal(next(&r), SPFWALK_WAITING);
	/* Again from the start, with the answer. */
	assert_int_equal(fake_dns_let_go(r.dns), 2);
	r.walk = spfwalk_new(&r.client, r.asker, r.arena);
	assert_int_equal(next(&r), SPFWALK_MATCH);
	assert_non_null(spfwalk_ask(r.walk, r.target, DNS_A));
	rig_close(&r);
}

static void given_up(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	assert_int_equal(next(&r), SPFWALK_MATCH);
	spfwalk_give_up(r.walk, "no memory");
	expect(&r, AUTH_TEMPERROR, "");
	assert_true(slice_is_equal(r.fact.reason, slice_of("no memory")));
	rig_close(&r);
}

static void no_memory(void **state)
{
	struct rig r;
	struct arena *small = arena_new(64);

	(void)state;
	rig_open(&r);
	assert_null(spfwalk_new(&r.client, r.asker, small));
	arena_free(small);
	/* Room for the walk, none for what it reads. */
	small = arena_new(arena_used(r.arena));
	r.walk = spfwalk_new(&r.client, r.asker, small);
	assert_non_null(r.walk);
	expect(&r, AUTH_TEMPERROR, "");
	arena_free(small);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a match means what its directive says", yes, NULL),
		CASE("no match leads on", no, NULL),
		CASE("an answer that could not be had is no match", no_answer,
			NULL),
		CASE("one that is not there yet is waited for", not_yet, NULL),
		CASE("what failed outside could not be told", given_up, NULL),
		CASE("without memory nothing can be told", no_memory, NULL),
	};

	return cmocka_run_group_tests_name("auth/spfwalk", cases, NULL, NULL);
}
