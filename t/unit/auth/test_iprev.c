/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/iprev.h"

#include "base/arena.h"
#include "base/clock.h"
#include "dns/asker.h"
#include "support/case.h"
#include "support/fake_dns.h"

struct row {
	const char *ip;
	struct fake_record records[12];
	const char *result;
	const char *name;
	const char *evidence;
};

/* As a session does it: a step, and when it waits the answers come. */
static void evaluates(void **state)
{
	const struct row *row = *state;
	const struct asker_limits limits = { 40, 1000 };
	struct fake_dns *dns = fake_dns_new(row->records);
	struct asker *asker =
		asker_new(fake_dns_source(dns), &limits, clock_system());
	struct arena *arena = arena_new(65536);
	struct findings found = { .count = 0 };
	struct auth_facts auth = { .iprev = { .result = AUTH_UNKNOWN } };
	struct conn conn = { .kind = CONN_REMOTE };
	struct check_input in = {
		.conn = &conn, .auth = &auth, .dns = asker, .arena = arena
	};
	int rounds = 0;

	assert_int_equal(ipaddr_parse(&conn.ip, slice_of(row->ip)), RES_OK);
	ipaddr_format(&conn.ip, conn.ip_text);
	fake_dns_hold(dns, true);
	while (iprev_step(&in, NULL) == CHECK_WAITING && rounds++ < 3)
		if (fake_dns_let_go(dns) == 0)
			asker_expire(asker);
	assert_int_equal(iprev_step(&in, &found), CHECK_DONE);
	assert_int_equal(found.count, 1);
	assert_string_equal(auth_result_name(auth.iprev.result), row->result);
	assert_string_equal(found.item[0].detail, row->result);
	if (!slice_is_equal(auth.iprev.name, slice_of(row->name)))
		fail_msg("name %.*s", SLICE_ARG(auth.iprev.name));
	if (!slice_is_equal(found.item[0].evidence, slice_of(row->evidence)))
		fail_msg("evidence %.*s", SLICE_ARG(found.item[0].evidence));
	asker_free(asker);
	fake_dns_free(dns);
	arena_free(arena);
}

#define R1 "1.2.0.192.in-addr.arpa"

int main(void)
{
	static const struct row pass = { "192.0.2.1",
		{ { R1, "PTR", "mx.example.org" },
			{ "mx.example.org", "A", "192.0.2.1" } },
		"pass", "mx.example.org",
		"192.0.2.1 is mx.example.org, both ways" };
	static const struct row second = { "192.0.2.1",
		{ { R1, "PTR", "a.example.org" },
			{ R1, "PTR", "B.example.org" },
			{ "a.example.org", "A", "192.0.2.9" },
			{ "b.example.org", "A", "192.0.2.8" },
			{ "b.example.org", "A", "192.0.2.1" } },
		"pass", "b.example.org",
		"192.0.2.1 is b.example.org, both ways" };
	static const struct row six = { "2001:db8::1",
		{ { "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0."
		    "1.0.0.2.ip6.arpa",
			  "PTR", "mx.example.org" },
			{ "mx.example.org", "AAAA", "2001:db8::1" } },
		"pass", "mx.example.org",
		"2001:db8::1 is mx.example.org, both ways" };
	static const struct row elsewhere = { "192.0.2.1",
		{ { R1, "PTR", "mx.example.org" },
			{ "mx.example.org", "A", "192.0.2.2" } },
		"fail", "mx.example.org",
		"192.0.2.1 (mx.example.org): its name does not point back to "
		"it" };
	static const struct row gone = { "192.0.2.1",
		{ { R1, "PTR", "mx.example.org" } }, "fail", "mx.example.org",
		"192.0.2.1 (mx.example.org): its name does not point back to "
		"it" };
	static const struct row none = { "192.0.2.1", { { NULL, NULL, NULL } },
		"permerror", "", "192.0.2.1: it has no name in reverse DNS" };
	static const struct row fail = { "192.0.2.1",
		{ { R1, "SERVFAIL", "" } }, "temperror", "",
		"192.0.2.1: server failure" };
	static const struct row late = { "192.0.2.1", { { R1, "TIMEOUT", "" } },
		"temperror", "", "192.0.2.1: no answer in time" };
	static const struct row half = { "192.0.2.1",
		{ { R1, "PTR", "mx.example.org" },
			{ "mx.example.org", "SERVFAIL", "" } },
		"temperror", "mx.example.org",
		"192.0.2.1 (mx.example.org): the name of its address could not "
		"be asked for" };
	static const struct row saved = { "192.0.2.1",
		{ { R1, "PTR", "x.example.org" },
			{ R1, "PTR", "mx.example.org" },
			{ "x.example.org", "SERVFAIL", "" },
			{ "mx.example.org", "A", "192.0.2.1" } },
		"pass", "mx.example.org",
		"192.0.2.1 is mx.example.org, both ways" };
	static const struct row nonsense = { "192.0.2.1",
		{ { R1, "PTR", "bad name\r\n.example.org" } }, "fail", "",
		"192.0.2.1: its name does not point back to it" };
	const struct CMUnitTest cases[] = {
		CASE("a name that points back passes", evaluates, &pass),
		CASE("one of several names is enough", evaluates, &second),
		CASE("IPv6 has names, too", evaluates, &six),
		CASE("a name that points elsewhere fails", evaluates,
			&elsewhere),
		CASE("a name that does not exist fails", evaluates, &gone),
		CASE("no name is a fault of its own", evaluates, &none),
		CASE("a server failure tells nothing", evaluates, &fail),
		CASE("silence tells nothing", evaluates, &late),
		CASE("half an answer tells nothing", evaluates, &half),
		CASE("a name that matches makes up for another's failure",
			evaluates, &saved),
		CASE("what is no host name is not asked for", evaluates,
			&nonsense),
	};

	return cmocka_run_group_tests_name("auth/iprev", cases, NULL, NULL);
}
