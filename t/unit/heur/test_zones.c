/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/zones.h"

#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "dns/asker.h"
#include "dns/zonewatch.h"
#include "net/psl.h"
#include "support/case.h"
#include "support/fake_dns.h"

#include <stdio.h>
#include <string.h>

#define START                                      \
	"host = \"mx.example.net\"\n"              \
	"portal_url = \"https://p.example.net\"\n" \
	"milter { socket = \"fd:3\" }\n"           \
	"portal { local_domains = {\"ours.example\"} }\n"
#define BL START "dnsbl \"bl.test\" { codes = {\"127.0.0.2 4\"} score = 1 }\n"
#define DBL START "dnsbl \"dbl.test\" { asks = \"domain\" score = 3 }\n"
#define WL START "dnsbl \"wl.test\" { is = \"allow\" score = 2 }\n"
#define DWL                                                                    \
	START "dnsbl \"dwl.test\" { asks = \"domain\" is = \"allow\" score = " \
	      "2 }\n"

enum { RECORDS = 10, LINKS = 40 };

/* One message, and what is told of it: "check detail factor evidence" lines. */
struct row {
	const char *text;
	struct fake_record records[RECORDS];
	const char *want;
	const char *ip; /* NULL: 192.0.2.1 */
	const char *helo;
	const char *sender; /* its domain; NULL: the null sender */
	const char *from;
	const char *links[4];
	bool is_spf_pass;
};

struct place {
	struct conf *conf;
	struct fake_dns *dns;
	struct asker *asker;
	struct arena *arena;
	struct psl *psl;
	struct conn conn;
	struct envelope envelope;
	struct field field;
	struct message message;
	struct body_link link[LINKS];
	struct body_facts body;
	struct auth_facts auth;
	struct findings found;
	struct zones_service service;
	struct check_input in;
	void *state;
};

static void open_place(struct place *p, const struct row *row)
{
	const struct asker_limits limits = { 40, 60000 };
	struct buf errors;

	*p = (struct place){ .conn = { .kind = CONN_REMOTE } };
	buf_init(&errors, 65536);
	if (conf_load_text("f", slice_of(row->text), &p->conf, &errors) !=
		RES_OK)
		fail_msg("%s", buf_text(&errors));
	buf_clear(&errors);
	p->dns = fake_dns_new(row->records);
	p->asker = asker_new(fake_dns_source(p->dns), &limits, clock_system());
	p->arena = arena_new(65536);
	assert_int_equal(psl_open(&p->psl), RES_OK);
	p->service.psl = p->psl;
	assert_int_equal(
		ipaddr_parse(&p->conn.ip,
			slice_of(row->ip == NULL ? "192.0.2.1" : row->ip)),
		RES_OK);
	ipaddr_format(&p->conn.ip, p->conn.ip_text);
	p->in = (struct check_input){ .conf = p->conf,
		.conn = &p->conn,
		.dns = p->asker,
		.arena = p->arena,
		.service = &p->service,
		.state = &p->state };
}

static void close_place(struct place *p)
{
	zones_clear(p->state);
	asker_free(p->asker);
	fake_dns_free(p->dns);
	arena_free(p->arena);
	psl_close(p->psl);
	conf_release(p->conf);
}

static void hand_mail(struct place *p, const struct row *row)
{
	p->conn.helo = slice_of(row->helo);
	p->envelope.sender = (struct address){ .domain = slice_of(row->sender),
		.is_null = row->sender == NULL };
	p->in.envelope = &p->envelope;
	p->in.auth = &p->auth;
	p->in.body = &p->body;
}

static void hand_header(struct place *p, const struct row *row)
{
	p->field =
		(struct field){ slice_of("From"), slice_of(row->from), false };
	p->message = (struct message){ .fields = &p->field,
		.field_count = row->from != NULL };
	p->in.message = &p->message;
}

static void hand_end(struct place *p, const struct row *row)
{
	for (size_t i = 0; i < 4 && row->links[i] != NULL; i++)
		p->link[p->body.link_count++].host = slice_of(row->links[i]);
	p->body.links = p->link;
	p->body.is_known = true;
	p->auth.mailfrom.result = row->is_spf_pass ? AUTH_PASS : AUTH_FAIL;
	p->auth.dkim_is_known = true;
	p->in.body_ended = true;
}

/* The end of a message, whose answers come while it is waited for. */
static void finish(struct place *p)
{
	int rounds = 0;

	findings_clear(&p->found);
	while (zones_step(&p->in, &p->found) == CHECK_WAITING) {
		assert_true(rounds++ < 3);
		if (fake_dns_let_go(p->dns) == 0)
			asker_expire(p->asker);
	}
}

static void run(struct place *p, const struct row *row)
{
	fake_dns_hold(p->dns, true);
	assert_int_equal(zones_begin_step(&p->in, NULL), CHECK_DONE);
	asker_mark(p->asker);
	hand_mail(p, row);
	assert_int_equal(zones_step(&p->in, NULL), CHECK_WAITING);
	hand_header(p, row);
	assert_int_equal(zones_step(&p->in, NULL), CHECK_WAITING);
	hand_end(p, row);
	finish(p);
	assert_int_equal(zones_begin_step(&p->in, &p->found), CHECK_DONE);
}

static void print(const struct findings *found, struct buf *out)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct finding *f = &found->item[i];

		buf_add_format(out, "%s%s %s %s%s%g %.*s", i > 0 ? "\n" : "",
			f->check, outcome_name(f->outcome), f->detail,
			*f->detail == '\0' ? "" : " ", f->factor,
			SLICE_ARG(f->evidence));
	}
}

static void judges(void **state)
{
	const struct row *row = *state;
	struct place p;
	struct buf text;

	open_place(&p, row);
	run(&p, row);
	buf_init(&text, 65536);
	print(&p.found, &text);
	assert_string_equal(buf_text(&text), row->want);
	buf_clear(&text);
	close_place(&p);
}

/* ---- more than one message, zone, answer ---- */

static void address_is_asked_once(void **state)
{
	static const struct row row = { .text = BL,
		.records = { { "1.2.0.192.bl.test", "A", "127.0.0.2" } } };
	struct place p;

	(void)state;
	open_place(&p, &row);
	run(&p, &row);
	assert_int_equal(p.found.count, 1);
	for (int i = 0; i < 2; i++) {
		zones_clear(p.state);
		p.state = NULL;
		asker_release(p.asker);
		asker_mark(p.asker);
		finish(&p);
		assert_int_equal(p.found.count, 1);
		assert_string_equal(p.found.item[0].detail, "listed");
	}
	assert_int_equal(fake_dns_asked(p.dns), 1);
	close_place(&p);
}

/* Each zone of 30 gets its questions, and 40 are left for the others. */
static void many_zones_starve_nobody(void **state)
{
	struct row row = { .helo = "mail.example.org",
		.sender = "a.example.org",
		.from = "joe@b.example.com" };
	struct asker_count count;
	struct place p;
	struct buf text;
	char name[32];

	(void)state;
	buf_init(&text, 65536);
	buf_add_text(&text, START);
	for (int i = 0; i < 30; i++)
		buf_add_format(&text, "dnsbl \"bl%d.test\" { }\n", i);
	for (int i = 0; i < 5; i++)
		buf_add_format(&text,
			"dnsbl \"dbl%d.test\" { asks = \"domain\" }\n", i);
	row.text = buf_text(&text);
	open_place(&p, &row);
	run(&p, &row);
	assert_int_equal(p.found.count, 1);
	assert_int_equal(p.found.item[0].outcome, OUTCOME_MISS);
	assert_int_equal(fake_dns_asked(p.dns), 30 + 5 * 5);
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "q%d.example", i);
		assert_null(asker_ask(p.asker, slice_of(name), DNS_TXT));
	}
	asker_read_count(p.asker, &count);
	assert_int_equal(count.sent, 5 * 5 + 40);
	buf_clear(&text);
	close_place(&p);
}

/* They are a sample from all over the message, and no failure. */
static void many_links_are_a_sample(void **state)
{
	static const struct row row = { .text = DBL,
		.records = { { "evil.example.dbl.test", "A", "127.0.1.2" } } };
	char host[LINKS][32];
	struct place p;

	(void)state;
	open_place(&p, &row);
	fake_dns_hold(p.dns, true);
	asker_mark(p.asker);
	hand_mail(&p, &row);
	hand_header(&p, &row);
	hand_end(&p, &row);
	for (int i = 0; i < LINKS; i++) {
		snprintf(host[i], sizeof(host[i]),
			i == LINKS / 2 ? "evil.example" : "h%d.example.com", i);
		if (i % 2 == 1)
			snprintf(
				host[i], sizeof(host[i]), "www.g%d.example", i);
		p.link[i].host = slice_of(host[i]);
	}
	p.body.link_count = LINKS;
	finish(&p);
	assert_int_equal(p.found.count, 1);
	assert_string_equal(p.found.item[0].detail, "link_listed");
	assert_true(fake_dns_asked(p.dns) <= 20);
	close_place(&p);
}

static void zone_in_shadow_says_so(void **state)
{
	static const struct row row = { .text = START
		"dnsbl \"bl.test\" { shadow = yes }\n"
		"dnsbl \"dead.test\" { shadow = yes }\n",
		.records = { { "1.2.0.192.bl.test", "A", "127.0.0.2" },
			{ "1.2.0.192.dead.test", "SERVFAIL", "" } } };
	struct place p;

	(void)state;
	open_place(&p, &row);
	run(&p, &row);
	assert_int_equal(p.found.count, 2);
	assert_true(
		slice_is_equal(p.found.item[0].subject, slice_of("bl.test")));
	assert_true(p.found.item[0].shadow);
	assert_int_equal(p.found.item[1].outcome, OUTCOME_UNKNOWN);
	assert_true(p.found.item[1].shadow);
	close_place(&p);
}

static void zone_that_fails_its_test_is_not_asked(void **state)
{
	static const struct row row = { .text = BL,
		.records = { { "1.2.0.192.bl.test", "A", "127.0.0.2" },
			{ "1.0.0.127.bl.test", "A", "127.0.0.2" },
			{ "2.0.0.127.bl.test", "A", "127.0.0.2" } } };
	struct zonewatch_status s;
	struct place p;
	size_t asked;

	(void)state;
	open_place(&p, &row);
	assert_int_equal(
		zonewatch_open(&p.service.watch, clock_system()), RES_OK);
	assert_int_equal(zonewatch_follow(p.service.watch, p.conf), RES_OK);
	assert_int_equal(
		zonewatch_test(p.service.watch, fake_dns_source(p.dns)),
		RES_OK);
	asked = fake_dns_asked(p.dns);
	run(&p, &row);
	assert_int_equal(p.found.count, 0);
	assert_int_equal(fake_dns_asked(p.dns), asked);
	assert_true(zonewatch_read(p.service.watch, 0, &s));
	assert_int_equal(s.asked, 0);
	zonewatch_close(p.service.watch);
	close_place(&p);
}

/* The first messages ask and wait for it, later ones do not. */
static void dead_zone_is_not_waited_for(void **state)
{
	static const struct row row = { .text = BL,
		.records = { { "1.2.0.192.bl.test", "TIMEOUT", "" } } };
	struct zonewatch_status s;
	struct place p;

	(void)state;
	open_place(&p, &row);
	assert_int_equal(
		zonewatch_open(&p.service.watch, clock_system()), RES_OK);
	assert_int_equal(zonewatch_follow(p.service.watch, p.conf), RES_OK);
	for (int i = 0; i < ZONEWATCH_MISSES; i++) {
		fake_dns_hold(p.dns, true);
		asker_mark(p.asker);
		hand_mail(&p, &row);
		hand_header(&p, &row);
		hand_end(&p, &row);
		assert_int_equal(zones_step(&p.in, &p.found), CHECK_WAITING);
		finish(&p);
		assert_string_equal(p.found.item[0].detail, "temperror");
		asker_release(p.asker);
		zones_clear(p.state);
		p.state = NULL;
	}
	findings_clear(&p.found);
	assert_int_equal(zones_step(&p.in, &p.found), CHECK_DONE);
	assert_string_equal(p.found.item[0].detail, "temperror");
	assert_true(slice_is_equal(p.found.item[0].evidence,
		slice_of("bl.test: no answer in time")));
	assert_int_equal(fake_dns_asked(p.dns), ZONEWATCH_MISSES);
	assert_true(zonewatch_read(p.service.watch, 0, &s));
	assert_int_equal(s.unknown, ZONEWATCH_MISSES);
	zonewatch_close(p.service.watch);
	close_place(&p);
}

static void zone_that_allows_waits_for_proof(void **state)
{
	static const struct row row = { .text = DWL,
		.records = { { NULL, NULL, NULL } } };
	struct place p;

	(void)state;
	open_place(&p, &row);
	hand_mail(&p, &row);
	assert_int_equal(zones_step(&p.in, &p.found), CHECK_WAITING);
	p.auth.mailfrom.result = AUTH_NONE;
	p.auth.dkim_is_known = true;
	assert_int_equal(zones_step(&p.in, &p.found), CHECK_DONE);
	close_place(&p);
}

static void signature_proves_a_sender(void **state)
{
	static const struct row row = { .text = DWL,
		.records = { { "example.org.dwl.test", "A", "127.0.0.2" } },
		.sender = "mail.example.org" };
	struct dkim_fact dkim = { .result = AUTH_PASS,
		.domain = slice_of("example.org") };
	struct place p;

	(void)state;
	open_place(&p, &row);
	p.auth.dkim = &dkim;
	p.auth.dkim_count = 1;
	run(&p, &row);
	assert_string_equal(p.found.item[0].detail, "sender_listed");
	dkim.domain = slice_of("example.com");
	finish(&p);
	assert_int_equal(p.found.count, 0);
	close_place(&p);
}

static void no_zones_no_findings(void **state)
{
	static const struct row row = { .text = START,
		.records = { { NULL, NULL, NULL } } };
	struct place p;

	(void)state;
	open_place(&p, &row);
	assert_int_equal(zones_begin_step(&p.in, NULL), CHECK_DONE);
	hand_mail(&p, &row);
	assert_int_equal(zones_step(&p.in, NULL), CHECK_DONE);
	assert_int_equal(zones_step(&p.in, &p.found), CHECK_DONE);
	assert_int_equal(p.found.count, 0);
	assert_int_equal(fake_dns_asked(p.dns), 0);
	close_place(&p);
}

#define JUDGES(title, ...) CASE(title, judges, (&(struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		JUDGES("a listed address is a finding", .text = BL,
			.records = { { "1.2.0.192.bl.test", "A",
				"127.0.0.2" } },
			.want = "dnsbl hit listed 4 192.0.2.1 is on bl.test "
				"(127.0.0.2)"),
		JUDGES("the sender is told how to get off",
			.text = START "dnsbl \"bl.test\" { removal = "
				      "\"https://bl.test/off\" }\n",
			.records = { { "1.2.0.192.bl.test", "A",
				"127.0.0.3" } },
			.want = "dnsbl hit listed 1 192.0.2.1 is on bl.test "
				"(127.0.0.3); removal: https://bl.test/off"),
		JUDGES("an address that is not listed is a miss", .text = BL,
			.records = { { "9.2.0.192.bl.test", "A",
				"127.0.0.2" } },
			.want = "dnsbl miss 0 "),
		JUDGES("the greatest of several codes counts", .text = BL,
			.records = { { "1.2.0.192.bl.test", "A", "127.0.0.3" },
				{ "1.2.0.192.bl.test", "A", "127.0.0.2" } },
			.want = "dnsbl hit listed 4 192.0.2.1 is on bl.test "
				"(127.0.0.2)"),
		JUDGES("IPv6 is asked about, too", .text = BL,
			.records = { { "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
				       "0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test",
				"A", "127.0.0.2" } },
			.want = "dnsbl hit listed 4 2001:db8::1 is on bl.test "
				"(127.0.0.2)",
			.ip = "2001:db8::1"),
		JUDGES("a zone of IPv4 is not asked about IPv6",
			.text = START "dnsbl \"bl.test\" { families = "
				      "\"ipv4\" }\n",
			.want = "", .ip = "2001:db8::1"),
		JUDGES("private addresses are not asked about", .text = BL,
			.records = { { "1.0.168.192.bl.test", "A",
				"127.0.0.2" } },
			.want = "", .ip = "192.168.0.1"),
		JUDGES("127.255.255.254 is not a listing", .text = BL,
			.records = { { "1.2.0.192.bl.test", "A",
				"127.255.255.254" } },
			.want = "dnsbl unknown temperror 0 bl.test answers "
				"127.255.255.254, which is no listing"),
		JUDGES("the web site of a zone that is gone is not a listing",
			.text = BL,
			.records = { { "1.2.0.192.bl.test", "A",
				"203.0.113.80" } },
			.want = "dnsbl unknown temperror 0 bl.test answers "
				"203.0.113.80, which is no listing"),
		JUDGES("a code that weighs nothing is no finding",
			.text = START "dnsbl \"bl.test\" { codes = "
				      "{\"127.0.0.10 0\"} }\n",
			.records = { { "1.2.0.192.bl.test", "A",
				"127.0.0.10" } },
			.want = "dnsbl miss 0 "),
		JUDGES("a failure and silence are not told",
			.text = START "dnsbl \"a.test\" { }\n"
				      "dnsbl \"b.test\" { }\n"
				      "dnsbl \"c.test\" { }\n",
			.records = { { "1.2.0.192.a.test", "SERVFAIL", "" },
				{ "1.2.0.192.b.test", "TIMEOUT", "" },
				{ "1.2.0.192.c.test", "A", "127.0.0.2" } },
			.want = "dnsbl hit listed 1 192.0.2.1 is on c.test "
				"(127.0.0.2)\n"
				"dnsbl unknown temperror 0 a.test: server "
				"failure, b.test: no answer in time"),
		JUDGES("a zone that allows has a check of its own", .text = WL,
			.records = { { "1.2.0.192.wl.test", "A",
				"127.0.4.1" } },
			.want = "dnswl hit listed 2 192.0.2.1 is on wl.test "
				"(127.0.4.1)"),
		JUDGES("a list that allows and refuses to answer allows "
		       "nothing",
			.text = WL,
			.records = { { "1.2.0.192.wl.test", "A",
				"127.0.0.255" } },
			.want = "dnswl unknown temperror 0 wl.test answers "
				"127.0.0.255, which is no listing"),
		JUDGES("greeting, sender, From and links are asked about",
			.text = DBL,
			.records = { { "mail.h.example.dbl.test", "A",
					     "127.0.1.2" },
				{ "s.example.dbl.test", "A", "127.0.1.3" },
				{ "f.example.dbl.test", "A", "127.0.1.4" },
				{ "l.example.dbl.test", "A", "127.0.1.5" } },
			.want = "dnsbl hit helo_listed 3 mail.h.example is on "
				"dbl.test (127.0.1.2)\n"
				"dnsbl hit sender_listed 3 s.example is on "
				"dbl.test (127.0.1.3)\n"
				"dnsbl hit author_listed 3 f.example is on "
				"dbl.test (127.0.1.4)\n"
				"dnsbl hit link_listed 3 l.example is on "
				"dbl.test (127.0.1.5)",
			.helo = "Mail.H.Example", .sender = "a.b.S.example.",
			.from = " Joe <joe@news.f.example>",
			.links = { "other.example", "www.l.example" }),
		JUDGES("a domain counts once in a zone", .text = DBL,
			.records = { { "x.example.dbl.test", "A",
				"127.0.1.2" } },
			.want = "dnsbl hit helo_listed 3 x.example is on "
				"dbl.test (127.0.1.2)",
			.helo = "mail.x.example", .sender = "x.example",
			.from = "a@x.example", .links = { "www.x.example" }),
		JUDGES("several links of a zone count once",
			.text = START "dnsbl \"dbl.test\" { asks = \"domain\" "
				      "codes = {\"127.0.1.2 5\"} }\n",
			.records = { { "a.example.dbl.test", "A", "127.0.1.3" },
				{ "b.example.dbl.test", "A", "127.0.1.2" },
				{ "c.example.dbl.test", "A", "127.0.1.3" } },
			.want = "dnsbl hit link_listed 5 b.example is on "
				"dbl.test (127.0.1.2)",
			.links = { "a.example", "b.example", "c.example" }),
		JUDGES("a zone is asked for the names it is for",
			.text = START "dnsbl \"dbl.test\" { asks = \"domain\" "
				      "subjects = {link} }\n",
			.records = { { "h.example.dbl.test", "A", "127.0.1.2" },
				{ "s.example.dbl.test", "A", "127.0.1.2" } },
			.want = "dnsbl miss 0 ", .helo = "h.example",
			.sender = "s.example", .links = { "l.example" }),
		JUDGES("our own names are not asked about", .text = DBL,
			.records = { { "ours.example.dbl.test", "A",
					     "127.0.1.2" },
				{ "mx.example.net.dbl.test", "A",
					"127.0.1.2" } },
			.want = "", .helo = "mx.example.net",
			.sender = "ours.example",
			.links = { "www.ours.example" }),
		JUDGES("what is no name is not asked about", .text = DBL,
			.want = "", .helo = "[192.0.2.1]", .sender = "",
			.from = "nobody at all",
			.links = { "192.0.2.1", "localhost" }),
		JUDGES("names that are not ASCII are asked about as A-labels",
			.text = DBL,
			.records = { { "xn--bcher-kva.example.dbl.test", "A",
				"127.0.1.2" } },
			.want = "dnsbl hit author_listed 3 "
				"xn--bcher-kva.example is on dbl.test "
				"(127.0.1.2)",
			.from = "a@b\xc3\xbc"
				"cher.example"),
		JUDGES("a sender that SPF proves may be allowed", .text = DWL,
			.records = { { "good.example.dwl.test", "A",
				"127.0.0.2" } },
			.want = "dnswl hit sender_listed 2 good.example is on "
				"dwl.test (127.0.0.2)",
			.sender = "good.example", .is_spf_pass = true),
		JUDGES("a sender that nothing proves is not allowed",
			.text = DWL,
			.records = { { "good.example.dwl.test", "A",
				"127.0.0.2" } },
			.want = "", .sender = "good.example",
			.from = "a@good.example"),
		CASE("one question serves all messages of a connection",
			address_is_asked_once, NULL),
		CASE("many zones starve neither each other nor the rest",
			many_zones_starve_nobody, NULL),
		CASE("of many links a sample is asked about",
			many_links_are_a_sample, NULL),
		CASE("a zone in shadow says so", zone_in_shadow_says_so, NULL),
		CASE("a zone that fails its test is not asked",
			zone_that_fails_its_test_is_not_asked, NULL),
		CASE("a dead zone is not waited for again and again",
			dead_zone_is_not_waited_for, NULL),
		CASE("a zone that allows waits for SPF and DKIM",
			zone_that_allows_waits_for_proof, NULL),
		CASE("a signature proves a sender", signature_proves_a_sender,
			NULL),
		CASE("without zones nothing is asked", no_zones_no_findings,
			NULL),
	};

	return cmocka_run_group_tests_name("heur/zones", cases, NULL, NULL);
}
