/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/helo.h"

#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "dns/asker.h"
#include "support/case.h"
#include "support/fake_dns.h"

static const char settings[] = "host = \"mx.example.net\"\n"
			       "portal_url = \"https://p.example.net\"\n"
			       "milter { socket = \"fd:3\" }\n"
			       "auth { authserv_id = \"Mail.Example.Net\" }\n";

static const struct fake_record records[] = {
	{ "mx.example.org", "A", "192.0.2.1" },
	{ "two.example.org", "A", "192.0.2.8" },
	{ "two.example.org", "A", "192.0.2.1" },
	{ "else.example.org", "A", "192.0.2.9" },
	{ "six.example.org", "AAAA", "2001:db8::1" },
	{ "my_host.example.org", "A", "192.0.2.1" },
	{ "text.example.org", "TXT", "no address" },
	{ "down.example.org", "SERVFAIL", "" },
	{ "late.example.org", "TIMEOUT", "" },
	{ NULL, NULL, NULL },
};

struct row {
	const char *ip;
	const char *helo;
	const char *outcome;
	const char *detail;
	const char *evidence;
};

struct place {
	struct conf *conf;
	struct fake_dns *dns;
	struct asker *asker;
	struct arena *arena;
	struct conn conn;
	struct auth_facts auth;
	struct findings found;
	struct check_input in;
};

static void open_place(struct place *p, const char *ip, struct slice helo)
{
	const struct asker_limits limits = { 40, 1000 };
	struct buf errors;

	*p = (struct place){ .conn = { .kind = CONN_REMOTE, .helo = helo } };
	buf_init(&errors, 4096);
	if (conf_load_text("test", slice_of(settings), &p->conf, &errors) !=
		RES_OK)
		fail_msg("%s", buf_text(&errors));
	buf_clear(&errors);
	p->dns = fake_dns_new(records);
	p->asker = asker_new(fake_dns_source(p->dns), &limits, clock_system());
	p->arena = arena_new(65536);
	p->in = (struct check_input){ .conf = p->conf,
		.conn = &p->conn,
		.auth = &p->auth,
		.dns = p->asker,
		.arena = p->arena };
	assert_int_equal(ipaddr_parse(&p->conn.ip, slice_of(ip)), RES_OK);
	ipaddr_format(&p->conn.ip, p->conn.ip_text);
}

static void close_place(struct place *p)
{
	asker_free(p->asker);
	fake_dns_free(p->dns);
	arena_free(p->arena);
	conf_release(p->conf);
}

/* As a session does it: steps, while the answers come in. */
static void run(struct place *p)
{
	int rounds = 0;

	fake_dns_hold(p->dns, true);
	while (helo_step(&p->in, NULL) == CHECK_WAITING && rounds++ < 4)
		if (fake_dns_let_go(p->dns) == 0)
			asker_expire(p->asker);
	assert_int_equal(helo_step(&p->in, &p->found), CHECK_DONE);
}

static void judges(void **state)
{
	const struct row *row = *state;
	const struct finding *f;
	struct place p;

	open_place(&p, row->ip, slice_of(row->helo));
	run(&p);
	assert_int_equal(p.found.count, 1);
	f = &p.found.item[0];
	assert_string_equal(f->check, "helo");
	assert_string_equal(f->detail, row->detail);
	assert_string_equal(outcome_name(f->outcome), row->outcome);
	if (!slice_is_equal(f->evidence, slice_of(row->evidence)))
		fail_msg("evidence %.*s", SLICE_ARG(f->evidence));
	close_place(&p);
}

static void silence_is_no_finding(void **state)
{
	struct place p;

	(void)state;
	open_place(&p, "192.0.2.1", slice_of(""));
	run(&p);
	assert_int_equal(p.found.count, 0);
	close_place(&p);
}

static void confirmed_name_is_not_asked_for(void **state)
{
	struct place p;

	(void)state;
	open_place(&p, "192.0.2.1", slice_of("MX.example.ORG"));
	p.auth.iprev = (struct iprev_fact){ .result = AUTH_PASS,
		.name = slice_of("mx.example.org") };
	run(&p);
	assert_int_equal(fake_dns_asked(p.dns), 0);
	assert_int_equal(p.found.item[0].outcome, OUTCOME_MISS);
	close_place(&p);
}

static void octets_of_any_kind_are_no_host(void **state)
{
	static const char text[] = "a\0b\r\n.example.org";
	struct place p;

	(void)state;
	open_place(&p, "192.0.2.1", slice_make(text, sizeof(text) - 1));
	run(&p);
	assert_string_equal(p.found.item[0].detail, "not_host");
	assert_int_equal(fake_dns_asked(p.dns), 0);
	close_place(&p);
}

#define FINE "miss", "", ""
#define NO_HOST(name) \
	"hit", "not_host", "HELO " name ": that is not the full name of a host"

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a name that leads to the client is fine", judges,
			(&(struct row){ "192.0.2.1", "mx.example.org", FINE })),
		CASE("one of several addresses is enough", judges,
			(&(struct row){
				"192.0.2.1", "two.example.org", FINE })),
		CASE("IPv6 has names, too", judges,
			(&(struct row){
				"2001:db8::1", "six.example.org", FINE })),
		CASE("the literal of the client is fine", judges,
			(&(struct row){ "192.0.2.1", "[192.0.2.1]", FINE })),
		CASE("so is that of an IPv6 client", judges,
			(&(struct row){
				"2001:db8::1", "[IPv6:2001:DB8:0::1]", FINE })),
		CASE("an underscore is tolerated", judges,
			(&(struct row){
				"192.0.2.1", "my_host.example.org", FINE })),
		CASE("our own name is a lie", judges,
			(&(struct row){ "192.0.2.1", "MX.example.net.", "hit",
				"own_name",
				"HELO MX.example.net.: that is the name of "
				"this server" })),
		CASE("so is our name in results", judges,
			(&(struct row){ "192.0.2.1", "mail.example.net", "hit",
				"own_name",
				"HELO mail.example.net: that is the name of "
				"this server" })),
		CASE("a name below ours is not ours", judges,
			(&(struct row){ "192.0.2.1", "a.mx.example.net", "hit",
				"unresolvable",
				"HELO a.mx.example.net: that name has no "
				"address" })),
		CASE("an address wants brackets", judges,
			(&(struct row){ "192.0.2.1", "192.0.2.1", "hit",
				"bare_ip",
				"HELO 192.0.2.1: an address stands in brackets "
				"(RFC 5321 section 4.1.3)" })),
		CASE("an IPv6 address does, too", judges,
			(&(struct row){ "2001:db8::1", "2001:db8::1", "hit",
				"bare_ip",
				"HELO 2001:db8::1: an address stands in "
				"brackets (RFC 5321 section 4.1.3)" })),
		CASE("the literal of another host is a lie", judges,
			(&(struct row){ "192.0.2.1", "[192.0.2.7]", "hit",
				"other_literal",
				"HELO [192.0.2.7]: that is not the address of "
				"the client" })),
		CASE("brackets alone are no literal", judges,
			(&(struct row){
				"192.0.2.1", "[mx]", NO_HOST("[mx]") })),
		CASE("a name without a dot is none", judges,
			(&(struct row){ "192.0.2.1", "localhost",
				NO_HOST("localhost") })),
		CASE("a name with blanks is none", judges,
			(&(struct row){ "192.0.2.1", "my pc.example.org",
				NO_HOST("my pc.example.org") })),
		CASE("a name that does not exist", judges,
			(&(struct row){ "192.0.2.1", "gone.example.org", "hit",
				"unresolvable",
				"HELO gone.example.org: that name has no "
				"address" })),
		CASE("a name without any address", judges,
			(&(struct row){ "192.0.2.1", "text.example.org", "hit",
				"unresolvable",
				"HELO text.example.org: that name has no "
				"address" })),
		CASE("a name that leads elsewhere", judges,
			(&(struct row){ "192.0.2.1", "else.example.org", "hit",
				"mismatch",
				"HELO else.example.org: that name has other "
				"addresses" })),
		CASE("an address of the other kind only", judges,
			(&(struct row){ "192.0.2.1", "six.example.org", "hit",
				"mismatch",
				"HELO six.example.org: that name has other "
				"addresses" })),
		CASE("a server failure tells nothing", judges,
			(&(struct row){ "192.0.2.1", "down.example.org",
				"unknown", "temperror",
				"HELO down.example.org: server failure" })),
		CASE("no answer tells nothing", judges,
			(&(struct row){ "192.0.2.1", "late.example.org",
				"unknown", "temperror",
				"HELO late.example.org: no answer in "
				"time" })),
		CASE("whoever did not greet has no finding",
			silence_is_no_finding, NULL),
		CASE("a name that was confirmed is not asked for",
			confirmed_name_is_not_asked_for, NULL),
		CASE("octets of any kind are no name and not asked for",
			octets_of_any_kind_are_no_host, NULL),
	};

	return cmocka_run_group_tests_name("heur/helo", cases, NULL, NULL);
}
