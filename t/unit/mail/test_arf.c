/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/arf.h"

#include "support/case.h"

#include <string.h>

/* As the example of RFC 5965 appendix B.1. */
static const char simple[] = "Feedback-Type: abuse\r\n"
			     "User-Agent: SomeGenerator/1.0\r\n"
			     "Version: 1\r\n";

/* As appendix B.2. */
static const char full[] =
	"Feedback-Type: abuse\r\n"
	"User-Agent: SomeGenerator/1.0\r\n"
	"Version: 1\r\n"
	"Original-Mail-From: <somespammer@example.net>\r\n"
	"Original-Rcpt-To: <user@example.com>\r\n"
	"Received-Date: Thu, 8 Mar 2005 14:00:00 EDT\r\n"
	"Source-IP: 192.0.2.2\r\n"
	"Authentication-Results: mail.example.com\r\n"
	"               smtp.mail=somespammer@example.com;\r\n"
	"               spf=fail\r\n"
	"Reported-Domain: example.net\r\n"
	"Reported-Uri: http://example.net/earn_money.html\r\n"
	"Reported-Uri: mailto:user@example.com\r\n"
	"Removal-Recipient: user@example.com\r\n";

/* As RFC 6591 appendix B, with the port of RFC 6692. */
static const char failure[] =
	"Feedback-Type: auth-failure\r\n"
	"User-Agent: Someisp!Mail-Feedback/1.0\r\n"
	"Version: 1\r\n"
	"Original-Mail-From: anything@example.net\r\n"
	"Original-Envelope-Id: o3F52gxO029144\r\n"
	"Authentication-Results: mta1011.mail.tp2.example;\r\n"
	" dkim=fail (bodyhash) header.d=example.net\r\n"
	"Auth-Failure: bodyhash\r\n"
	"DKIM-Canonicalized-Body: VGhpcyBpcyBhIG1lc3NhZ2UgYm9keSB0\r\n"
	"  aGF0IGdvdCBtb2RpZmllZCBpbiB0cmFuc2l0LgoKCg==\r\n"
	"DKIM-Domain: example.net\r\n"
	"DKIM-Identity: @example.net\r\n"
	"DKIM-Selector: testkey\r\n"
	"Arrival-Date: 8 Oct 2010 20:15:58 +0000 (GMT)\r\n"
	"Source-IP: 2001:DB8::25 (a relay)\r\n"
	"Source-Port: 35456\r\n"
	"Delivery-Result: reject\r\n"
	"Identity-Alignment: none\r\n";

static struct arf read_good(const char *text)
{
	struct arf a;

	assert_string_equal(result_name(arf_parse(slice_of(text), &a)), "ok");
	return a;
}

static void is_text(struct slice got, const char *want)
{
	char text[512];

	assert_true(got.len < sizeof(text));
	memcpy(text, got.len > 0 ? got.at : "", got.len);
	text[got.len] = '\0';
	assert_string_equal(text, want);
}

static void reads_the_simple_example(void **state)
{
	const struct arf a = read_good(simple);

	(void)state;
	assert_false(a.is_malformed);
	assert_null(a.why);
	assert_string_equal(arf_type_name(a.type), "abuse");
	assert_int_equal(a.version, 1);
	is_text(a.user_agent, "SomeGenerator/1.0");
	assert_int_equal(a.incidents, 1);
	assert_false(a.has_source_ip);
}

static void reads_the_full_example(void **state)
{
	const struct arf a = read_good(full);
	char ip[IPADDR_TEXT_MAX];

	(void)state;
	assert_false(a.is_malformed);
	is_text(a.mail_from, "<somespammer@example.net>");
	assert_int_equal(a.rcpt_count, 1);
	is_text(a.rcpt_to[0], "<user@example.com>");
	is_text(a.arrival_date, "Thu, 8 Mar 2005 14:00:00 EDT");
	assert_true(a.has_source_ip);
	assert_string_equal(ipaddr_format(&a.source_ip, ip), "192.0.2.2");
	assert_int_equal(a.results_count, 1);
	assert_int_equal(a.domain_count, 1);
	assert_int_equal(a.uri_count, 2);
	is_text(a.reported_uri[1], "mailto:user@example.com");
}

static void reads_an_authentication_failure(void **state)
{
	const struct arf a = read_good(failure);
	char ip[IPADDR_TEXT_MAX];

	(void)state;
	assert_false(a.is_malformed);
	assert_string_equal(arf_type_name(a.type), "auth-failure");
	is_text(a.auth_failure, "bodyhash");
	is_text(a.dkim_domain, "example.net");
	is_text(a.dkim_identity, "@example.net");
	is_text(a.dkim_selector, "testkey");
	is_text(a.delivery_result, "reject");
	is_text(a.identity_alignment, "none");
	is_text(a.envelope_id, "o3F52gxO029144");
	assert_string_equal(ipaddr_format(&a.source_ip, ip), "2001:db8::25");
	assert_int_equal(a.source_port, 35456);
}

struct row {
	const char *text;
	enum result want;
	const char *why; /* NULL: it is well formed */
};

#define HEAD "Feedback-Type: abuse\nUser-Agent: x\nVersion: 1\n"

static void tells_what_is_wrong(void **state)
{
	const struct row *row = *state;
	struct arf a = { .version = 77 };

	assert_string_equal(result_name(arf_parse(slice_of(row->text), &a)),
		result_name(row->want));
	if (row->want != RES_OK) {
		assert_int_equal(a.version, 77);
		return;
	}
	assert_int_equal(a.is_malformed, row->why != NULL);
	if (row->why != NULL)
		assert_string_equal(a.why, row->why);
}

static void the_first_of_two_counts(void **state)
{
	const struct arf a = read_good(HEAD "Source-IP: 192.0.2.1\n"
					    "Source-IP: 192.0.2.9\n");
	char ip[IPADDR_TEXT_MAX];

	(void)state;
	assert_true(a.is_malformed);
	assert_string_equal(ipaddr_format(&a.source_ip, ip), "192.0.2.1");
}

static void a_list_has_a_bound(void **state)
{
	struct buf b;
	struct arf a;

	(void)state;
	buf_init(&b, 65536);
	buf_add_text(&b, HEAD);
	for (int i = 0; i < 30; i++)
		buf_add_format(&b, "Reported-Domain: d%d.example\n", i);
	assert_int_equal(arf_parse(buf_slice(&b), &a), RES_OK);
	assert_int_equal(a.domain_count, ARF_LIST_MAX);
	assert_true(a.is_malformed);
	for (int i = 0; i < 1000; i++)
		buf_add_text(&b, "X: y\n");
	assert_int_equal(arf_parse(buf_slice(&b), &a), RES_OK);
	buf_clear(&b);
}

static void refuses_what_is_too_large(void **state)
{
	static char text[ARF_OCTETS_MAX + 1];
	struct arf a;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, HEAD, strlen(HEAD));
	assert_int_equal(
		arf_parse(slice_make(text, sizeof(text)), &a), RES_TOOBIG);
	assert_int_equal(
		arf_parse(slice_make(text, sizeof(text) - 1), &a), RES_OK);
}

static void writes_what_is_set(void **state)
{
	struct arf a = {
		.type = ARF_ABUSE,
		.version = 1,
		.user_agent = slice_of("Reprieve/1.0"),
		.arrival_date = slice_of("Thu, 26 Nov 2026 18:14:00 +0000"),
		.incidents = 3,
		.has_source_ip = true,
		.reported_domain = { slice_of("example.net") },
		.domain_count = 1,
	};
	struct buf b;

	(void)state;
	assert_int_equal(
		ipaddr_parse(&a.source_ip, slice_of("192.0.2.2")), RES_OK);
	buf_init(&b, 4096);
	assert_int_equal(arf_format(&a, &b), RES_OK);
	assert_string_equal(buf_text(&b),
		"Feedback-Type: abuse\r\n"
		"User-Agent: Reprieve/1.0\r\n"
		"Version: 1\r\n"
		"Arrival-Date: Thu, 26 Nov 2026 18:14:00 +0000\r\n"
		"Source-IP: 192.0.2.2\r\n"
		"Incidents: 3\r\n"
		"Reported-Domain: example.net\r\n");
	buf_clear(&b);
}

static void nothing_ends_a_field_that_is_written(void **state)
{
	const struct arf a = {
		.type = ARF_ABUSE,
		.version = 1,
		.user_agent = slice_of("x\r\nBcc: joe@example.org\r\n\r\nText"),
		.mail_from = slice_of("\r\n \001\377"),
		.incidents = 1,
	};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	assert_int_equal(arf_format(&a, &b), RES_OK);
	assert_string_equal(buf_text(&b),
		"Feedback-Type: abuse\r\n"
		"User-Agent: x Bcc: joe@example.org Text\r\n"
		"Version: 1\r\n");
	buf_clear(&b);
}

static void a_long_field_is_folded(void **state)
{
	struct buf value, b;
	struct arf a = { .type = ARF_ABUSE, .incidents = 1 };
	struct slice rest, line;

	(void)state;
	buf_init(&value, 65536);
	for (int i = 0; i < 100; i++)
		buf_add_text(&value, "spf=pass smtp.mailfrom=example.net; ");
	for (int i = 0; i < 2000; i++)
		buf_add_char(&value, 'y');
	a.authentication_results[0] = buf_slice(&value);
	a.results_count = 1;
	buf_init(&b, 65536);
	assert_int_equal(arf_format(&a, &b), RES_OK);
	rest = buf_slice(&b);
	while (slice_cut(&rest, '\n', &line))
		assert_true(line.len < 998);
	assert_int_equal(arf_parse(buf_slice(&b), &a), RES_OK);
	assert_int_equal(a.results_count, 1);
	buf_clear(&b);
	buf_clear(&value);
}

static void what_is_written_is_read_the_same(void **state)
{
	struct arf a = read_good(failure), again;
	struct buf one, two;

	(void)state;
	buf_init(&one, 8192);
	buf_init(&two, 8192);
	assert_int_equal(arf_format(&a, &one), RES_OK);
	assert_int_equal(arf_parse(buf_slice(&one), &again), RES_OK);
	assert_false(again.is_malformed);
	assert_int_equal(again.source_port, 35456);
	is_text(again.auth_failure, "bodyhash");
	assert_int_equal(arf_format(&again, &two), RES_OK);
	assert_string_equal(buf_text(&one), buf_text(&two));
	buf_clear(&one);
	buf_clear(&two);
}

#define ROW(name, text, want, why) \
	CASE(name, tells_what_is_wrong, (&(struct row){ text, want, why }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(reads_the_simple_example),
		cmocka_unit_test(reads_the_full_example),
		cmocka_unit_test(reads_an_authentication_failure),
		ROW("lines may end in LF, names are of any case",
			"feedback-TYPE: ABUSE\nuser-agent: x\nVERSION: 1 (one)\n",
			RES_OK, NULL),
		ROW("a type of another registry is let pass",
			"Feedback-Type: new-thing\nUser-Agent: x\nVersion: 1\n",
			RES_OK, NULL),
		ROW("without a type it is malformed",
			"User-Agent: x\nVersion: 1\n", RES_OK,
			"Feedback-Type is missing"),
		ROW("without a program it is malformed",
			"Feedback-Type: abuse\nVersion: 1\n", RES_OK,
			"User-Agent is missing"),
		ROW("without a version it is malformed",
			"Feedback-Type: abuse\nUser-Agent: x\n", RES_OK,
			"Version is missing"),
		ROW("a version in letters is malformed",
			"Feedback-Type: abuse\nUser-Agent: x\nVersion: one\n",
			RES_OK, "a number that is none"),
		ROW("an address that is none is malformed",
			HEAD "Source-IP: 192.0.2.999\n", RES_OK,
			"Source-IP is no address"),
		ROW("a port above 65535 is malformed",
			HEAD "Source-Port: 65536\n", RES_OK,
			"a number that is none"),
		ROW("both dates are one field",
			HEAD "Arrival-Date: x\nReceived-Date: y\n", RES_OK,
			"a field is there twice"),
		ROW("a line without a colon is malformed", HEAD "what is it\n",
			RES_OK, "a line that is no field"),
		ROW("an authentication failure says which",
			"Feedback-Type: auth-failure\nUser-Agent: x\n"
			"Version: 1\n",
			RES_OK, "Auth-Failure is missing"),
		ROW("an empty text is no report", "", RES_SYNTAX, NULL),
		ROW("fields of others are no report",
			"Subject: hello\nFrom: joe\n\n", RES_SYNTAX, NULL),
		cmocka_unit_test(the_first_of_two_counts),
		cmocka_unit_test(a_list_has_a_bound),
		cmocka_unit_test(refuses_what_is_too_large),
		cmocka_unit_test(writes_what_is_set),
		cmocka_unit_test(nothing_ends_a_field_that_is_written),
		cmocka_unit_test(a_long_field_is_folded),
		cmocka_unit_test(what_is_written_is_read_the_same),
	};

	return cmocka_run_group_tests_name("mail/arf", cases, NULL, NULL);
}
