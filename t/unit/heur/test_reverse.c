/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/reverse.h"

#include "base/arena.h"
#include "conf/conf.h"
#include "support/case.h"

struct row {
	const char *ip;
	const char *name;
	const char *kind;
	const char *word;
};

static const char *const kinds[] = {
	[REVERSE_PLAIN] = "plain",
	[REVERSE_GENERIC] = "generic",
	[REVERSE_DYNAMIC] = "dynamic",
};

static void reads(void **state)
{
	const struct row *row = *state;
	enum reverse_kind kind;
	struct ipaddr ip;
	const char *word;

	assert_int_equal(ipaddr_parse(&ip, slice_of(row->ip)), RES_OK);
	kind = reverse_read(slice_of(row->name), &ip, &word);
	assert_string_equal(kinds[kind], row->kind);
	assert_string_equal(word, row->word);
}

/* ---- the check ---- */

struct place {
	struct conf conf;
	struct arena *arena;
	struct conn conn;
	struct auth_facts auth;
	struct dkim_fact dkim;
	struct findings found;
	struct check_input in;
};

static void open_place(struct place *p, const char *ip, const char *name)
{
	*p = (struct place){ .conf = { .auth = { .enabled = true } },
		.conn = { .kind = CONN_REMOTE },
		.auth = { .iprev = { .result = AUTH_PASS,
				  .name = slice_of(name) },
			.mailfrom = { .result = AUTH_NONE },
			.dkim_is_known = true,
			.dmarc = { .result = AUTH_NONE } } };
	p->arena = arena_new(65536);
	p->auth.dkim = &p->dkim;
	p->in = (struct check_input){ .conf = &p->conf,
		.conn = &p->conn,
		.auth = &p->auth,
		.arena = p->arena };
	assert_int_equal(ipaddr_parse(&p->conn.ip, slice_of(ip)), RES_OK);
	ipaddr_format(&p->conn.ip, p->conn.ip_text);
}

static const struct finding *run(struct place *p)
{
	findings_clear(&p->found);
	assert_int_equal(reverse_step(&p->in, NULL), CHECK_DONE);
	assert_int_equal(reverse_step(&p->in, &p->found), CHECK_DONE);
	assert_true(p->found.count > 0);
	return &p->found.item[0];
}

static void says_what_was_seen(void **state)
{
	const struct finding *f;
	struct place p;

	(void)state;
	open_place(&p, "192.0.2.77", "192-0-2-77.dyn.example.org");
	f = run(&p);
	assert_int_equal(p.found.count, 1);
	assert_string_equal(f->check, "reverse");
	assert_string_equal(f->detail, "dynamic");
	assert_int_equal(f->outcome, OUTCOME_HIT);
	assert_true(slice_is_equal(f->evidence,
		slice_of("192.0.2.77 is named 192-0-2-77.dyn.example.org, "
			 "which says \"dyn\"")));
	assert_true(f->factor == 0);
	p.auth.iprev.name = slice_of("ip-192-0-2-77.example.org");
	f = run(&p);
	assert_string_equal(f->detail, "generic");
	assert_true(slice_is_equal(f->evidence,
		slice_of("192.0.2.77 is named ip-192-0-2-77.example.org, "
			 "which is made from the address")));
	arena_free(p.arena);
}

static void counts_half_for_who_signs(void **state)
{
	struct place p;

	(void)state;
	open_place(&p, "192.0.2.77", "192-0-2-77.dyn.example.org");
	p.auth.dmarc.result = AUTH_PASS;
	assert_true(run(&p)->factor == 0.5);
	p.auth.dmarc.result = AUTH_NONE;
	p.auth.dkim_count = 1;
	p.dkim.result = AUTH_PASS;
	assert_true(run(&p)->factor == 0.5);
	p.dkim.result = AUTH_FAIL;
	assert_true(run(&p)->factor == 0);
	arena_free(p.arena);
}

static void takes_the_name_of_the_mta(void **state)
{
	struct place p;

	(void)state;
	open_place(&p, "192.0.2.77", "");
	p.auth.iprev.result = AUTH_TEMPERROR;
	p.conn.ptr = slice_of("PPP-192-0-2-77.Example.Org.");
	assert_string_equal(run(&p)->detail, "dynamic");
	p.conn.ptr = slice_of("[192.0.2.77]");
	assert_int_equal(run(&p)->outcome, OUTCOME_MISS);
	arena_free(p.arena);
}

static void waits_for_authentication(void **state)
{
	struct place p;

	(void)state;
	open_place(&p, "192.0.2.77", "mx.example.org");
	p.auth.dmarc.result = AUTH_UNKNOWN;
	assert_int_equal(reverse_step(&p.in, &p.found), CHECK_WAITING);
	p.auth.dmarc.result = AUTH_NONE;
	p.auth.dkim_is_known = false;
	assert_int_equal(reverse_step(&p.in, &p.found), CHECK_WAITING);
	p.auth.dkim_is_known = true;
	assert_int_equal(reverse_step(&p.in, &p.found), CHECK_DONE);
	assert_int_equal(p.found.item[0].outcome, OUTCOME_MISS);
	assert_string_equal(p.found.item[0].detail, "");
	arena_free(p.arena);
}

/* auth.enabled = no: there is nothing to wait for, and less to say. */
static void works_without_authentication(void **state)
{
	struct place p;

	(void)state;
	open_place(&p, "2001:db8::1", "");
	p.conf.auth.enabled = false;
	p.auth = (struct auth_facts){ .iprev = { .result = AUTH_UNKNOWN } };
	assert_int_equal(run(&p)->outcome, OUTCOME_MISS);
	p.conn.ptr = slice_of("2001-db8--1.dyn.example.org");
	assert_string_equal(run(&p)->detail, "dynamic");
	arena_free(p.arena);
}

struct bare {
	const char *ip;
	enum auth_result iprev, spf, dkim;
	bool is_bare;
};

static void judges_bare(void **state)
{
	const struct bare *row = *state;
	const struct finding *f;
	struct place p;

	open_place(&p, row->ip, "");
	p.auth.iprev.result = row->iprev;
	p.auth.mailfrom.result = row->spf;
	p.auth.dkim_count = row->dkim != AUTH_NONE;
	p.dkim.result = row->dkim;
	f = run(&p);
	if (!row->is_bare) {
		assert_int_equal(f->outcome, OUTCOME_MISS);
	} else {
		assert_string_equal(f->detail, "ipv6_bare");
		assert_true(slice_is_equal(f->evidence,
			slice_of("2001:db8::1 has no name that points back to "
				 "it, and neither SPF nor DKIM pass")));
	}
	arena_free(p.arena);
}

#define READS(title, ...) CASE(title, reads, (&(struct row){ __VA_ARGS__ }))
#define BARE(title, ...) \
	CASE(title, judges_bare, (&(struct bare){ __VA_ARGS__ }))
#define V4 "203.0.113.45"
#define V6 "2001:db8:12:3456::7a"

int main(void)
{
	const struct CMUnitTest cases[] = {
		READS("a mail server is no provider's name", V4,
			"mx1.example.org", "plain", ""),
		READS("a number of its own is no address", V4,
			"mail-45.example.org", "plain", ""),
		READS("two numbers may be chance", "10.9.1.3",
			"mx1-3.example.org", "plain", ""),
		READS("numbers of another address are none", V4,
			"ip-203-0-114-46.example.org", "plain", ""),
		READS("octets with dashes", V4, "203-0-113-45.example.org",
			"generic", ""),
		READS("octets with dots", V4, "203.0.113.45.example.org",
			"generic", ""),
		READS("octets backwards", V4, "45.113.0.203.example.org",
			"generic", ""),
		READS("octets beside letters", V4,
			"host203x0x113x45.example.org", "generic", ""),
		READS("three octets are enough", V4, "h-0-113-45.example.org",
			"generic", ""),
		READS("three octets backwards are enough", V4,
			"45-113-0.example.org", "generic", ""),
		READS("octets with zeros in front", V4,
			"203-000-113-045.example.org", "generic", ""),
		READS("octets run together", V4, "203000113045.example.org",
			"generic", ""),
		READS("octets run together without zeros", V4,
			"ip203011345.example.org", "generic", ""),
		READS("octets in hexadecimal", V4, "pcb00712d.example.org",
			"generic", ""),
		READS("octets in hexadecimal with dashes", V4,
			"CB-00-71-2D.example.org", "generic", ""),
		READS("octets in hexadecimal backwards", V4,
			"2d7100cb.example.org", "generic", ""),
		READS("the address as one number", V4, "3405803821.example.org",
			"generic", ""),
		READS("a domain of three letters hides nothing", V4,
			"203-0-113-45.abc.de", "generic", ""),
		READS("a domain that is a number is a domain", V4,
			"mx.203.example", "plain", ""),
		READS("dynamic beside the address", V4,
			"203-0-113-45.dynamic.example.org", "dynamic",
			"dynamic"),
		READS("a pool beside the address", V4,
			"pool-203-0-113-45.example.org", "dynamic", "pool"),
		READS("a customer beside the address", V4,
			"203-0-113-45.cust.example.co.uk", "dynamic", "cust"),
		READS("a strong word beside the last octet", V4,
			"dhcp-45.cs.example.edu", "dynamic", "dhcp"),
		READS("a strong word alone says nothing", V4,
			"mx.dyn.example.org", "plain", ""),
		READS("a pool without the address says nothing", V4,
			"pool-45.example.org", "plain", ""),
		READS("the domain may be called what it wants", V4,
			"mx45.dynamic.example", "plain", ""),
		READS("even below a country", V4, "mx45.dialup.co.uk", "plain",
			""),
		READS("a name that says static is made up, not dynamic", V4,
			"static.203.0.113.45.clients.example.de", "generic",
			""),
		READS("a mail server at a customer's line stays", V4,
			"mail.203-0-113-45.cust.example.org", "generic", ""),
		READS("a word within a word is none", V4,
			"carpool-203-0-113-45.example.org", "generic", ""),
		READS("all nibbles of IPv6", V6,
			"20010db800123456000000000000007a.example.org",
			"generic", ""),
		READS("nibbles backwards", V6,
			"a.7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.5.4.3.2.1.0.0."
			"8.b.d.0.1.0.0.2.example.org",
			"generic", ""),
		READS("IPv6 as it is written", V6,
			"2001-db8-12-3456--7a.dyn.example.org", "dynamic",
			"dyn"),
		READS("IPv6 as it is written in full", V6,
			"2001-db8-12-3456-0-0-0-7a.example.org", "generic", ""),
		READS("the interface alone", "2001:db8::aaaa:bbff:fe12:3456",
			"aaaabbfffe123456.example.org", "generic", ""),
		READS("a server with IPv6 is no provider's name", V6,
			"mx-7a.example.org", "plain", ""),
		READS("no labels at all", V4, "localhost", "plain", ""),
		READS("nothing at all", V4, "", "plain", ""),
		CASE("the finding says name and word", says_what_was_seen,
			NULL),
		CASE("a domain that signs makes it count half",
			counts_half_for_who_signs, NULL),
		CASE("without an answer of our own the MTA's name serves",
			takes_the_name_of_the_mta, NULL),
		CASE("authentication is waited for", waits_for_authentication,
			NULL),
		CASE("without authentication the MTA's name is judged",
			works_without_authentication, NULL),
		BARE("IPv6 with nothing is bare", "2001:db8::1", AUTH_PERMERROR,
			AUTH_NONE, AUTH_NONE, true),
		BARE("a name of somebody else is none", "2001:db8::1",
			AUTH_FAIL, AUTH_FAIL, AUTH_FAIL, true),
		BARE("SPF is enough", "2001:db8::1", AUTH_PERMERROR, AUTH_PASS,
			AUTH_NONE, false),
		BARE("DKIM is enough", "2001:db8::1", AUTH_PERMERROR, AUTH_NONE,
			AUTH_PASS, false),
		BARE("a name is enough", "2001:db8::1", AUTH_PASS, AUTH_NONE,
			AUTH_NONE, false),
		BARE("reverse DNS that could not tell is no fault",
			"2001:db8::1", AUTH_TEMPERROR, AUTH_NONE, AUTH_NONE,
			false),
		BARE("SPF that could not tell is no fault", "2001:db8::1",
			AUTH_PERMERROR, AUTH_TEMPERROR, AUTH_NONE, false),
		BARE("a key that could not be read is no fault", "2001:db8::1",
			AUTH_PERMERROR, AUTH_NONE, AUTH_TEMPERROR, false),
		BARE("IPv4 is never bare", "192.0.2.1", AUTH_PERMERROR,
			AUTH_NONE, AUTH_NONE, false),
	};

	return cmocka_run_group_tests_name("heur/reverse", cases, NULL, NULL);
}
