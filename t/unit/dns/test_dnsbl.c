/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/dnsbl.h"

#include "base/clock.h"
#include "conf/conf.h"
#include "net/ipaddr.h"
#include "support/case.h"
#include "support/fake_dns.h"

#include <string.h>

static struct conf_zone_code codes[] = {
	{ 0x7f000002, 0x7f000002, 4 },
	{ 0x7f000004, 0x7f000007, 2 },
	{ 0x7f00000a, 0x7f00000a, 0 },
};
static char zone_name[] = "bl.example.net";
static const struct conf_zone zone = {
	.name = zone_name, .score = 0.5, .weights = codes, .weight_count = 3
};

static struct conf_zone_code refusals[] = { { 0x7f000001, 0x7f0000ff, 3 } };
static const struct conf_zone wide = {
	.name = zone_name, .score = 0.5, .weights = refusals, .weight_count = 1
};

static const char *const states[] = {
	[DNSBL_UNKNOWN] = "unknown",
	[DNSBL_CLEAR] = "clear",
	[DNSBL_LISTED] = "listed",
	[DNSBL_TROUBLE] = "trouble",
};

/* ---- names ---- */

struct name {
	const char *subject;
	const char *want;
};

static void names_an_address(void **state)
{
	const struct name *row = *state;
	char out[DNSBL_NAME_MAX];
	struct ipaddr ip;

	assert_int_equal(ipaddr_parse(&ip, slice_of(row->subject)), RES_OK);
	assert_string_equal(dnsbl_address_name(&ip, &zone, out), row->want);
}

static void names_a_domain(void **state)
{
	char label[] = "a123456789b123456789c123456789d123456789e123456789.";
	char out[DNSBL_NAME_MAX];
	struct buf name;

	(void)state;
	assert_int_equal(
		dnsbl_domain_name(slice_of("spam.example.com"), &zone, out),
		RES_OK);
	assert_string_equal(out, "spam.example.com.bl.example.net");
	buf_init(&name, 1024);
	for (int i = 0; i < 4; i++)
		buf_add_text(&name, label);
	buf_add_text(&name, "a1234567890123456789012345678901234");
	assert_int_equal(name.len, 239);
	assert_int_equal(
		dnsbl_domain_name(slice_make(name.at, 238), &zone, out),
		RES_OK);
	assert_int_equal(strlen(out), 253);
	assert_int_equal(
		dnsbl_domain_name(slice_make(name.at, 239), &zone, out),
		RES_TOOBIG);
	buf_clear(&name);
}

static void names_the_tests(void **state)
{
	static const struct {
		enum dnsbl_test which;
		bool is_listed;
		const char *name;
		const char *text;
	} rows[] = {
		{ DNSBL_TEST_IPV4, true, "2.0.0.127.bl.example.net",
			"127.0.0.2" },
		{ DNSBL_TEST_IPV4, false, "1.0.0.127.bl.example.net",
			"127.0.0.1" },
		{ DNSBL_TEST_IPV6, true,
			"2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
			"0.0.0.0.0.bl.example.net",
			"::ffff:7f00:2" },
		{ DNSBL_TEST_IPV6, false,
			"1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
			"0.0.0.0.0.bl.example.net",
			"::ffff:7f00:1" },
		{ DNSBL_TEST_DOMAIN, true, "test.bl.example.net", "TEST" },
		{ DNSBL_TEST_DOMAIN, false, "invalid.bl.example.net",
			"INVALID" },
	};
	char out[DNSBL_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(dnsbl_test_name(rows[i].which,
					    rows[i].is_listed, &zone, out),
			rows[i].name);
		assert_string_equal(
			dnsbl_test_text(rows[i].which, rows[i].is_listed),
			rows[i].text);
	}
}

/* ---- answers ---- */

struct row {
	const char *answers[4];
	const char *state;
	const char *answer;
	double weight;
	const struct conf_zone *zone; /* NULL: the one above */
};

static struct dnsbl_reading ask(
	const struct fake_record *records, const struct conf_zone *z)
{
	const struct asker_limits limits = { 10, 1000 };
	struct fake_dns *dns = fake_dns_new(records);
	struct asker *asker =
		asker_new(fake_dns_source(dns), &limits, clock_system());
	const struct dns_answer *a =
		asker_ask(asker, slice_of("q.example"), DNS_A);
	struct dnsbl_reading r;

	assert_non_null(a);
	r = dnsbl_read(z, a);
	asker_free(asker);
	fake_dns_free(dns);
	return r;
}

static void reads(void **state)
{
	const struct row *row = *state;
	struct fake_record records[5] = { { NULL, NULL, NULL } };
	char text[DNSBL_ANSWER_MAX];
	struct dnsbl_reading r;

	for (size_t i = 0; i < 4 && row->answers[i] != NULL; i++)
		records[i] = (struct fake_record){ "q.example", "A",
			row->answers[i] };
	r = ask(records, row->zone == NULL ? &zone : row->zone);
	assert_string_equal(states[r.state], row->state);
	assert_string_equal(dnsbl_answer_text(r.answer, text), row->answer);
	assert_true(r.weight == row->weight);
}

static void failure_tells_nothing(void **state)
{
	static const struct fake_record fail[] = {
		{ "q.example", "SERVFAIL", "" }, { NULL, NULL, NULL }
	};
	struct dnsbl_reading r = ask(fail, &zone);

	(void)state;
	assert_int_equal(r.state, DNSBL_UNKNOWN);
	assert_int_equal(r.why, DNS_WHY_SERVFAIL);
}

static void no_record_is_no_listing(void **state)
{
	static const struct fake_record text[] = {
		{ "q.example", "TXT", "listed" }, { NULL, NULL, NULL }
	};

	(void)state;
	assert_int_equal(ask(text, &zone).state, DNSBL_CLEAR);
	assert_int_equal(ask(NULL, &zone).state, DNSBL_CLEAR);
}

static void short_records_are_trouble(void **state)
{
	const struct slice rdata[] = { slice_make("\x7f\0\0", 3) };
	const struct dns_answer a = {
		.status = DNS_FOUND, .count = 1, .rdata = rdata
	};
	const struct slice long_rdata[] = { slice_make("\x7f\0\0\2\2", 5) };
	const struct dns_answer b = {
		.status = DNS_FOUND, .count = 1, .rdata = long_rdata
	};

	(void)state;
	assert_int_equal(dnsbl_read(&zone, &a).state, DNSBL_TROUBLE);
	assert_int_equal(dnsbl_read(&zone, &b).state, DNSBL_TROUBLE);
}

#define READS(title, ...) \
	CASE(title, reads, (&(struct row){ __VA_ARGS__, NULL }))
#define NAMES(title, ...) \
	CASE(title, names_an_address, (&(struct name){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		NAMES("IPv4 is asked for backwards", "192.0.2.99",
			"99.2.0.192.bl.example.net"),
		NAMES("IPv6 is asked for by 32 nibbles",
			"2001:db8:1:2:3:4:567:89ab",
			"b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d."
			"0.1.0.0.2.bl.example.net"),
		CASE("domains stand before the zone as they are",
			names_a_domain, NULL),
		CASE("the tests are those of RFC 5782 section 5",
			names_the_tests, NULL),
		READS("a code has its weight", { "127.0.0.2" }, "listed",
			"127.0.0.2", 4),
		READS("a range has its weight", { "127.0.0.5" }, "listed",
			"127.0.0.5", 2),
		READS("any other code has the zone's", { "127.0.0.9" },
			"listed", "127.0.0.9", 0.5),
		READS("of several codes the greatest counts",
			{ "127.0.0.9", "127.0.0.2", "127.0.0.4" }, "listed",
			"127.0.0.2", 4),
		READS("a code may count for nothing", { "127.0.0.10" },
			"listed", "127.0.0.10", 0),
		READS("127.255.255.254 is not a listing", { "127.255.255.254" },
			"trouble", "127.255.255.254", 0),
		READS("127.255.255.252 is not a listing", { "127.255.255.252" },
			"trouble", "127.255.255.252", 0),
		READS("127.255.255.255 is not a listing", { "127.255.255.255" },
			"trouble", "127.255.255.255", 0),
		READS("an error beside a code makes it worth nothing",
			{ "127.0.0.2", "127.255.255.254" }, "trouble",
			"127.255.255.254", 0),
		READS("a web site is not a listing", { "203.0.113.80" },
			"trouble", "203.0.113.80", 0),
		READS("a list that refuses to answer lists nothing",
			{ "127.0.0.1" }, "trouble", "127.0.0.1", 0),
		READS("a list that is asked too much lists nothing",
			{ "127.0.0.255" }, "trouble", "127.0.0.255", 0),
		CASE("127.0.0.1 counts where a line names it", reads,
			(&(struct row){ { "127.0.0.1" }, "listed", "127.0.0.1",
				3, &wide })),
		CASE("a failure tells nothing", failure_tells_nothing, NULL),
		CASE("no address is no listing", no_record_is_no_listing, NULL),
		CASE("a record of another length is no listing",
			short_records_are_trouble, NULL),
	};

	return cmocka_run_group_tests_name("dns/dnsbl", cases, NULL, NULL);
}
