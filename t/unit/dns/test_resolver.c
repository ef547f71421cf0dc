/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/resolver.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "support/case.h"
#include "support/dns_server.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct place {
	struct dns_server *server;
	struct resolver *resolver;
	struct asker *asker;
	struct arena *arena;
	char forward[64];
	const char *forwards[1];
};

enum { LONG_MS = 20000 };

static void open_place(struct place *p, unsigned timeout_ms, unsigned pending)
{
	const struct asker_limits limits = { 100, timeout_ms };
	struct resolver_options o = { .forward = p->forwards,
		.forward_count = 1,
		.unbound_conf = "",
		.trust_anchor = "",
		.timeout_ms = timeout_ms,
		.pending_max = pending,
		.cache_octets = 1 << 20,
		.cache_positive_s = 3600,
		.cache_negative_s = 60,
		.answer_max = 20000,
		.clock = clock_system() };
	struct buf why;

	p->server = dns_server_start();
	snprintf(p->forward, sizeof(p->forward), "127.0.0.1@%u",
		dns_server_port(p->server));
	p->forwards[0] = p->forward;
	buf_init(&why, 1024);
	if (resolver_open(&p->resolver, &o, &why) != RES_OK)
		fail_msg("%s", buf_text(&why));
	buf_clear(&why);
	p->asker = asker_new(
		resolver_source(p->resolver), &limits, clock_system());
	p->arena = arena_new(1 << 20);
}

static void close_place(struct place *p)
{
	asker_free(p->asker);
	resolver_close(p->resolver);
	dns_server_stop(p->server);
	arena_free(p->arena);
}

/* Asks and waits; the deadline is only for a test that hangs. */
static const struct dns_answer *ask(
	struct place *p, const char *name, enum dns_type type)
{
	int64_t end = clock_mono_ms(clock_system()) + LONG_MS;

	for (;;) {
		uint64_t seen = asker_seen(p->asker);
		const struct dns_answer *a =
			asker_ask(p->asker, slice_of(name), type);

		if (a != NULL)
			return a;
		if (!asker_wait(p->asker, seen, end))
			fail_msg("no answer for %s", name);
	}
}

struct row {
	const char *setup[4];
	const char *name;
	enum dns_type type;
	const char *status;
	const char *why;
};

static void answers(void **state)
{
	const struct row *row = *state;
	const struct dns_answer *a;
	struct place p;

	open_place(&p, 3000, 100);
	for (size_t i = 0; i < 4 && row->setup[i] != NULL; i++)
		dns_server_say(p.server, row->setup[i]);
	a = ask(&p, row->name, row->type);
	assert_string_equal(dns_status_name(a->status), row->status);
	assert_string_equal(dns_why_text(a->why), row->why);
	close_place(&p);
}

static void a_long_answer_comes_over_tcp(void **state)
{
	char line[5000] = "add long.example.org TXT ";
	const struct dns_answer *a;
	struct slice text;
	struct place p;

	(void)state;
	memset(line + strlen(line), 'x', 4100);
	open_place(&p, 5000, 100);
	dns_server_say(p.server, line);
	a = ask(&p, "long.example.org", DNS_TXT);
	assert_string_equal(dns_status_name(a->status), "found");
	assert_int_equal(dns_txt_join(a->rdata[0], p.arena, &text), RES_OK);
	assert_int_equal(text.len, 4100);
	close_place(&p);
}

static void a_known_answer_costs_no_packet(void **state)
{
	const struct asker_limits limits = { 100, 3000 };
	struct asker *other;
	struct place p;

	(void)state;
	open_place(&p, 3000, 100);
	dns_server_say(p.server, "add a.example.org A 192.0.2.1");
	assert_int_equal(ask(&p, "a.example.org", DNS_A)->count, 1);
	assert_int_equal(
		ask(&p, "nobody.example.org", DNS_A)->status, DNS_NXDOMAIN);
	other = asker_new(resolver_source(p.resolver), &limits, clock_system());
	assert_non_null(asker_ask(other, slice_of("A.example.ORG"), DNS_A));
	assert_non_null(
		asker_ask(other, slice_of("nobody.example.org"), DNS_A));
	assert_string_equal(
		dns_server_say(p.server, "count a.example.org A"), "1");
	assert_string_equal(
		dns_server_say(p.server, "count nobody.example.org A"), "1");
	asker_free(other);
	close_place(&p);
}

static void a_ttl_of_nothing_is_not_kept(void **state)
{
	const struct asker_limits limits = { 100, 3000 };
	struct asker *other;
	struct place p;

	(void)state;
	open_place(&p, 3000, 100);
	dns_server_say(p.server, "ttl 0");
	dns_server_say(p.server, "add a.example.org A 192.0.2.1");
	assert_int_equal(ask(&p, "a.example.org", DNS_A)->count, 1);
	/* A new answer could be there before the question is seen to wait. */
	dns_server_say(p.server, "silent *");
	other = asker_new(resolver_source(p.resolver), &limits, clock_system());
	assert_null(asker_ask(other, slice_of("a.example.org"), DNS_A));
	asker_free(other);
	close_place(&p);
}

static void a_dead_server_costs_its_time_and_no_more(void **state)
{
	int64_t start, took;
	const struct dns_answer *a;
	struct place p;

	(void)state;
	open_place(&p, 300, 100);
	dns_server_say(p.server, "silent *");
	start = clock_mono_ms(clock_system());
	a = ask(&p, "a.example.org", DNS_A);
	took = clock_mono_ms(clock_system()) - start;
	assert_int_equal(a->why, DNS_WHY_TIMEOUT);
	assert_true(took >= 300);
	close_place(&p);
}

static void the_queue_is_bounded(void **state)
{
	const struct dns_answer *a = NULL;
	char name[64];
	struct place p;

	(void)state;
	open_place(&p, 5000, 5);
	dns_server_say(p.server, "silent *");
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "n%d.example.org", i);
		a = asker_ask(p.asker, slice_of(name), DNS_A);
		assert_true((a == NULL) == (i < 5));
	}
	assert_int_equal(a->why, DNS_WHY_QUEUE);
	close_place(&p);
}

static void an_answer_that_is_too_big_is_none(void **state)
{
	char line[30000] = "add huge.example.org TXT ";
	const struct dns_answer *a;
	struct place p;

	(void)state;
	memset(line + strlen(line), 'x', 25000);
	open_place(&p, 5000, 100);
	dns_server_say(p.server, line);
	a = ask(&p, "huge.example.org", DNS_TXT);
	assert_int_equal(a->status, DNS_UNKNOWN);
	assert_int_equal(a->why, DNS_WHY_TOOBIG);
	close_place(&p);
}

/* ---- many sessions at once ---- */

enum { SESSIONS = 8, ROUNDS = 60 };

static void *session(void *at)
{
	const struct asker_limits limits = { 100, 5000 };
	struct place *p = at;
	char name[64];

	for (int i = 0; i < ROUNDS; i++) {
		struct place own = *p;

		own.asker = asker_new(
			resolver_source(p->resolver), &limits, clock_system());
		snprintf(name, sizeof(name), "n%d.example.org", i);
		/* Every third leaves before the answer is there. */
		const struct dns_answer *a =
			asker_ask(own.asker, slice_of(name), DNS_A);

		if (i % 3 != 0 && a == NULL)
			a = ask(&own, name, DNS_A);
		assert_true(a == NULL || a->status == DNS_FOUND);
		asker_free(own.asker);
	}
	return NULL;
}

static void one_packet_for_all_who_ask(void **state)
{
	struct resolver_count count;
	pthread_t thread[SESSIONS];
	struct place p;

	(void)state;
	open_place(&p, 5000, 1000);
	dns_server_say(p.server, "add *.example.org A 192.0.2.1");
	dns_server_say(p.server, "delay 5");
	for (int i = 0; i < SESSIONS; i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, session, &p), 0);
	for (int i = 0; i < SESSIONS; i++)
		pthread_join(thread[i], NULL);
	resolver_read_count(p.resolver, &count);
	assert_int_equal(count.sent, ROUNDS);
	assert_true(count.asked >= (uint64_t)SESSIONS * ROUNDS);
	close_place(&p);
}

static void closing_leaves_nobody_behind(void **state)
{
	struct place p;

	(void)state;
	open_place(&p, 5000, 1000);
	dns_server_say(p.server, "silent *");
	assert_null(asker_ask(p.asker, slice_of("a.example.org"), DNS_A));
	assert_null(asker_ask(p.asker, slice_of("b.example.org"), DNS_MX));
	close_place(&p);
}

int main(void)
{
	static const struct row found = { { "add a.example.org A 192.0.2.1" },
		"a.example.org", DNS_A, "found", "" };
	static const struct row alias = {
		{ "add b.example.org CNAME a.example.org",
			"add a.example.org A 192.0.2.1" },
		"b.example.org", DNS_A, "found", ""
	};
	static const struct row nodata = { { "add a.example.org A 192.0.2.1" },
		"a.example.org", DNS_TXT, "nodata", "" };
	static const struct row none = { { NULL }, "x.example.org", DNS_A,
		"nxdomain", "" };
	static const struct row servfail = { { "rcode a.example.org SERVFAIL" },
		"a.example.org", DNS_A, "unknown", "server failure" };
	static const struct row refused = { { "rcode a.example.org REFUSED" },
		"a.example.org", DNS_A, "unknown", "server failure" };
	static const struct row test = { { "add a.b.test A 192.0.2.1" },
		"a.b.test", DNS_A, "found", "" };
	static const struct row lan = {
		{ "add 1.2.0.10.in-addr.arpa PTR a.example.org" },
		"1.2.0.10.in-addr.arpa", DNS_PTR, "found", ""
	};
	static const struct row loop = {
		{ "add a.example.org CNAME b.example.org",
			"add b.example.org CNAME a.example.org" },
		"a.example.org", DNS_A, "unknown", "server failure"
	};
	const struct CMUnitTest cases[] = {
		CASE("a record that is there is found", answers, &found),
		CASE("an alias is followed", answers, &alias),
		CASE("a name without that type has no data", answers, &nodata),
		CASE("a name that is not there is so", answers, &none),
		CASE("a server failure is no answer", answers, &servfail),
		CASE("a refusal is no answer", answers, &refused),
		CASE("names below test. are asked for", answers, &test),
		CASE("so are private reverse names", answers, &lan),
		CASE("a loop of aliases is no answer", answers, &loop),
		CASE("a long answer comes over TCP",
			a_long_answer_comes_over_tcp, NULL),
		CASE("a known answer costs no packet",
			a_known_answer_costs_no_packet, NULL),
		CASE("a TTL of nothing is not kept",
			a_ttl_of_nothing_is_not_kept, NULL),
		CASE("a dead server costs its time and no more",
			a_dead_server_costs_its_time_and_no_more, NULL),
		CASE("the queue is bounded", the_queue_is_bounded, NULL),
		CASE("an answer that is too big is none",
			an_answer_that_is_too_big_is_none, NULL),
		CASE("one packet for all who ask", one_packet_for_all_who_ask,
			NULL),
		CASE("closing leaves nobody behind",
			closing_leaves_nobody_behind, NULL),
	};

	return cmocka_run_group_tests_name("dns/resolver", cases, NULL, NULL);
}
