/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/zonewatch.h"

#include "base/clock.h"
#include "conf/conf.h"
#include "support/case.h"
#include "support/fake_dns.h"

#include <sched.h>
#include <string.h>

#define START                                      \
	"host = \"mx.example.net\"\n"              \
	"portal_url = \"https://p.example.net\"\n" \
	"milter { socket = \"fd:3\" }\n"
#define BOTH START "dnsbl \"z.example\" { }\n"
#define IPV4 START "dnsbl \"z.example\" { families = \"ipv4\" }\n"
#define IPV6 START "dnsbl \"z.example\" { families = \"ipv6\" }\n"
#define NAMES START "dnsbl \"z.example\" { asks = \"domain\" }\n"
#define UNTESTED \
	START "dnsbl \"z.example\" { families = \"ipv4\" selftest = no }\n"

#define GOOD4 "2.0.0.127.z.example"
#define BAD4 "1.0.0.127.z.example"
#define SIX "0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"
#define GOOD6 "2." SIX ".z.example"
#define BAD6 "1." SIX ".z.example"

/* A clock that is moved by hand. */
static int64_t now_of(void *ctx)
{
	return *(int64_t *)ctx;
}

struct place {
	int64_t now_ms;
	struct clock clock;
	struct conf *conf;
	struct fake_dns *dns;
	struct zonewatch *w;
};

static struct conf *load(const char *text)
{
	struct conf *c = NULL;
	struct buf errors;

	buf_init(&errors, 65536);
	if (conf_load_text("f", slice_of(text), &c, &errors) != RES_OK)
		fail_msg("%s", buf_text(&errors));
	buf_clear(&errors);
	return c;
}

static void follow(struct place *p, const char *text)
{
	conf_release(p->conf);
	p->conf = load(text);
	assert_int_equal(zonewatch_follow(p->w, p->conf), RES_OK);
}

static void answer(struct place *p, const struct fake_record *records)
{
	if (p->dns != NULL)
		fake_dns_free(p->dns);
	p->dns = fake_dns_new(records);
}

static void test(struct place *p)
{
	assert_int_equal(zonewatch_test(p->w, fake_dns_source(p->dns)), RES_OK);
}

static void open_place(struct place *p, const char *text)
{
	*p = (struct place){ .now_ms = 1000 };
	p->clock = (struct clock){ now_of, now_of, &p->now_ms };
	assert_int_equal(zonewatch_open(&p->w, &p->clock), RES_OK);
	follow(p, text);
}

static void close_place(struct place *p)
{
	zonewatch_close(p->w);
	conf_release(p->conf);
	if (p->dns != NULL)
		fake_dns_free(p->dns);
}

static bool asks4(struct place *p)
{
	return zonewatch_may_ask(p->w, &p->conf->zones[0], false);
}

static bool asks6(struct place *p)
{
	return zonewatch_may_ask(p->w, &p->conf->zones[0], true);
}

static bool is_up(struct place *p)
{
	struct zonewatch_status s;

	assert_true(zonewatch_read(p->w, 0, &s));
	assert_string_equal(s.name, "z.example");
	return s.is_up;
}

/* ---- tests of a zone ---- */

struct row {
	const char *text;
	struct fake_record records[5];
	bool asks4;
	bool asks6;
	bool is_up;
};

static void judges(void **state)
{
	const struct row *row = *state;
	struct place p;

	open_place(&p, row->text);
	answer(&p, row->records);
	test(&p);
	assert_int_equal(asks4(&p), row->asks4);
	assert_int_equal(asks6(&p), row->asks6);
	assert_int_equal(is_up(&p), row->is_up);
	close_place(&p);
}

static const struct fake_record good[] = { { GOOD4, "A", "127.0.0.2" },
	{ GOOD6, "A", "127.0.0.2" }, { NULL, NULL, NULL } };
static const struct fake_record bad[] = { { GOOD4, "A", "127.0.0.2" },
	{ BAD4, "A", "127.0.0.2" }, { GOOD6, "A", "127.0.0.2" },
	{ NULL, NULL, NULL } };
static const struct fake_record down[] = { { "z.example", "A", "192.0.2.1" },
	{ GOOD4, "SERVFAIL", "" }, { BAD4, "SERVFAIL", "" },
	{ GOOD6, "SERVFAIL", "" }, { BAD6, "SERVFAIL", "" },
	{ NULL, NULL, NULL } };

static void untested_zone_is_asked(void **state)
{
	struct place p;

	(void)state;
	open_place(&p, BOTH);
	assert_true(asks4(&p) && asks6(&p) && is_up(&p));
	assert_false(zonewatch_is_silent(p.w, &p.conf->zones[0]));
	close_place(&p);
	assert_true(zonewatch_may_ask(NULL, NULL, false));
	assert_false(zonewatch_is_silent(NULL, NULL));
}

static void comes_back_when_it_passes(void **state)
{
	struct place p;

	(void)state;
	open_place(&p, BOTH);
	answer(&p, bad);
	test(&p);
	assert_false(asks4(&p));
	assert_true(asks6(&p));
	/* Its time has not come. */
	answer(&p, good);
	p.now_ms += ZONEWATCH_AGAIN_MS - 1;
	test(&p);
	assert_int_equal(fake_dns_asked(p.dns), 0);
	assert_false(asks4(&p));
	p.now_ms += 1;
	test(&p);
	assert_true(asks4(&p));
	/* A zone that works is tested each hour. */
	p.now_ms += ZONEWATCH_TEST_MS - 1;
	answer(&p, bad);
	test(&p);
	assert_true(asks4(&p));
	p.now_ms += 1;
	test(&p);
	assert_false(asks4(&p));
	close_place(&p);
}

static void dead_dns_changes_nothing(void **state)
{
	struct place p;

	(void)state;
	open_place(&p, BOTH);
	answer(&p, down);
	test(&p);
	assert_true(asks4(&p) && asks6(&p));
	answer(&p, bad);
	p.now_ms += ZONEWATCH_RETRY_MS;
	test(&p);
	assert_false(asks4(&p));
	answer(&p, down);
	p.now_ms += ZONEWATCH_AGAIN_MS;
	test(&p);
	assert_false(asks4(&p));
	close_place(&p);
}

static void untested_by_choice(void **state)
{
	struct place p;

	(void)state;
	open_place(&p, UNTESTED);
	answer(&p, bad);
	test(&p);
	assert_int_equal(fake_dns_asked(p.dns), 0);
	assert_true(asks4(&p));
	close_place(&p);
}

static void reload_brings_zones_in(void **state)
{
	struct zonewatch_status s;
	struct place p;

	(void)state;
	open_place(&p, IPV4);
	answer(&p, bad);
	test(&p);
	assert_false(asks4(&p));
	/* What is known of those that stay is kept; new ones are tested. */
	fake_dns_add(p.dns, "2.0.0.127.new.example", "A", "127.0.0.2");
	fake_dns_add(p.dns, "1.0.0.127.new.example", "A", "127.0.0.2");
	follow(&p,
		START "dnsbl \"new.example\" { families = \"ipv4\" }\n"
		      "dnsbl \"z.example\" { families = \"ipv4\" }\n");
	assert_true(zonewatch_may_ask(p.w, &p.conf->zones[0], false));
	assert_false(zonewatch_may_ask(p.w, &p.conf->zones[1], false));
	test(&p);
	assert_false(zonewatch_may_ask(p.w, &p.conf->zones[0], false));
	follow(&p, START);
	assert_false(zonewatch_read(p.w, 0, &s));
	close_place(&p);
}

/* ---- what questions come to ---- */

static void note(struct place *p, enum dnsbl_state state, enum dns_why why)
{
	const struct dnsbl_reading r = {
		.state = state, .why = why, .answer = 0x7ffffffe
	};

	zonewatch_note(p->w, &p->conf->zones[0], &r);
}

static void counts(void **state)
{
	struct zonewatch_status s;
	struct place p;

	(void)state;
	open_place(&p, BOTH);
	note(&p, DNSBL_LISTED, DNS_WHY_NONE);
	note(&p, DNSBL_CLEAR, DNS_WHY_NONE);
	note(&p, DNSBL_CLEAR, DNS_WHY_NONE);
	note(&p, DNSBL_UNKNOWN, DNS_WHY_TIMEOUT);
	note(&p, DNSBL_TROUBLE, DNS_WHY_NONE);
	assert_true(zonewatch_read(p.w, 0, &s));
	assert_int_equal(s.asked, 5);
	assert_int_equal(s.listed, 1);
	assert_int_equal(s.unknown, 2);
	close_place(&p);
}

static void errors_in_a_row_switch_off(void **state)
{
	struct place p;

	(void)state;
	open_place(&p, BOTH);
	for (int i = 0; i < ZONEWATCH_ERRORS - 1; i++)
		note(&p, DNSBL_TROUBLE, DNS_WHY_NONE);
	note(&p, DNSBL_CLEAR, DNS_WHY_NONE);
	note(&p, DNSBL_TROUBLE, DNS_WHY_NONE);
	assert_true(is_up(&p));
	for (int i = 0; i < ZONEWATCH_ERRORS - 1; i++)
		note(&p, DNSBL_TROUBLE, DNS_WHY_NONE);
	assert_false(is_up(&p));
	assert_false(asks4(&p) || asks6(&p));
	answer(&p, good);
	p.now_ms += ZONEWATCH_AGAIN_MS;
	test(&p);
	assert_true(is_up(&p));
	assert_true(asks4(&p) && asks6(&p));
	close_place(&p);
}

static void without_tests_it_is_tried_again(void **state)
{
	struct place p;

	(void)state;
	open_place(&p, UNTESTED);
	answer(&p, bad);
	for (int i = 0; i < ZONEWATCH_ERRORS; i++)
		note(&p, DNSBL_TROUBLE, DNS_WHY_NONE);
	test(&p);
	assert_false(asks4(&p));
	p.now_ms += ZONEWATCH_AGAIN_MS;
	test(&p);
	assert_true(asks4(&p));
	assert_int_equal(fake_dns_asked(p.dns), 0);
	close_place(&p);
}

static void silence_is_not_waited_for(void **state)
{
	const struct conf_zone *z;
	struct place p;

	(void)state;
	open_place(&p, BOTH);
	z = &p.conf->zones[0];
	for (int i = 0; i < ZONEWATCH_MISSES - 1; i++)
		note(&p, DNSBL_UNKNOWN, DNS_WHY_TIMEOUT);
	note(&p, DNSBL_UNKNOWN, DNS_WHY_BUDGET);
	assert_false(zonewatch_is_silent(p.w, z));
	note(&p, DNSBL_UNKNOWN, DNS_WHY_TIMEOUT);
	assert_true(zonewatch_is_silent(p.w, z));
	/* It is asked all the same, and now and then waited for. */
	assert_true(asks4(&p));
	p.now_ms += ZONEWATCH_RETRY_MS;
	assert_false(zonewatch_is_silent(p.w, z));
	note(&p, DNSBL_UNKNOWN, DNS_WHY_TIMEOUT);
	assert_true(zonewatch_is_silent(p.w, z));
	note(&p, DNSBL_CLEAR, DNS_WHY_NONE);
	assert_false(zonewatch_is_silent(p.w, z));
	close_place(&p);
}

static void thread_tests_by_itself(void **state)
{
	int64_t end = clock_mono_ms(clock_system()) + 20000;
	struct fake_dns *dns = fake_dns_new(bad);
	struct conf *conf = load(IPV4);
	struct conf *none = load(START);
	struct zonewatch *w;

	(void)state;
	assert_int_equal(zonewatch_open(&w, clock_system()), RES_OK);
	assert_int_equal(zonewatch_follow(w, none), RES_OK);
	assert_int_equal(zonewatch_start(w, fake_dns_source(dns)), RES_OK);
	assert_int_equal(zonewatch_follow(w, conf), RES_OK);
	while (zonewatch_may_ask(w, &conf->zones[0], false) &&
		clock_mono_ms(clock_system()) < end)
		sched_yield();
	assert_false(zonewatch_may_ask(w, &conf->zones[0], false));
	zonewatch_close(w);
	conf_release(conf);
	conf_release(none);
	fake_dns_free(dns);
}

#define JUDGES(title, ...) CASE(title, judges, (&(struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a zone that was not tested is asked",
			untested_zone_is_asked, NULL),
		JUDGES("a zone that works is asked", BOTH,
			{ { GOOD4, "A", "127.0.0.2" },
				{ GOOD6, "A", "127.0.0.2" } },
			true, true, true),
		JUDGES("a zone that lists nothing is not asked", IPV4,
			{ { "z.example", "A", "192.0.2.1" } }, false, true,
			false),
		JUDGES("a zone that lists everybody is not asked", IPV4,
			{ { GOOD4, "A", "127.0.0.2" },
				{ BAD4, "A", "127.0.0.2" } },
			false, true, false),
		JUDGES("127.255.255.254 is no pass of the test", IPV4,
			{ { GOOD4, "A", "127.255.255.254" } }, false, true,
			false),
		JUDGES("a zone that has become a web site is not asked", IPV4,
			{ { GOOD4, "A", "203.0.113.80" },
				{ BAD4, "A", "203.0.113.80" } },
			false, true, false),
		JUDGES("a zone without IPv6 is asked about IPv4", BOTH,
			{ { GOOD4, "A", "127.0.0.2" } }, true, false, true),
		JUDGES("a zone of IPv6 only is tested by it", IPV6,
			{ { GOOD4, "A", "127.0.0.2" } }, true, false, false),
		JUDGES("IPv6 that lists everybody is not asked about", BOTH,
			{ { GOOD4, "A", "127.0.0.2" },
				{ GOOD6, "A", "127.0.0.2" },
				{ BAD6, "A", "127.0.0.2" } },
			true, false, true),
		JUDGES("a zone of names lists TEST", NAMES,
			{ { "test.z.example", "A", "127.0.0.2" } }, true, true,
			true),
		JUDGES("a zone of names does not list INVALID", NAMES,
			{ { "test.z.example", "A", "127.0.0.2" },
				{ "invalid.z.example", "A", "127.0.0.2" } },
			false, true, false),
		JUDGES("half an answer tells nothing", IPV4,
			{ { GOOD4, "A", "127.0.0.2" },
				{ BAD4, "SERVFAIL", "" } },
			true, true, true),
		JUDGES("half an answer that is bad is bad", IPV4,
			{ { GOOD4, "SERVFAIL", "" },
				{ BAD4, "A", "127.0.0.2" } },
			false, true, false),
		CASE("a zone comes back when it passes",
			comes_back_when_it_passes, NULL),
		CASE("dead DNS changes nothing", dead_dns_changes_nothing,
			NULL),
		CASE("who does not want a test has none", untested_by_choice,
			NULL),
		CASE("a reload brings new zones in", reload_brings_zones_in,
			NULL),
		CASE("questions are counted", counts, NULL),
		CASE("errors in a row switch a zone off",
			errors_in_a_row_switch_off, NULL),
		CASE("without tests it is tried again after a while",
			without_tests_it_is_tried_again, NULL),
		CASE("nobody waits for a zone that is silent",
			silence_is_not_waited_for, NULL),
		CASE("the thread tests by itself", thread_tests_by_itself,
			NULL),
	};

	return cmocka_run_group_tests_name("dns/zonewatch", cases, NULL, NULL);
}
