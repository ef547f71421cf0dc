/* SPDX-License-Identifier: BSD-2-Clause */
#include "reply/smtp.h"

#include "net/hostname.h"
#include "net/ipaddr.h"
#include "support/case.h"

#include <stdio.h>
#include <string.h>

static const char ref[] = "7K3M9QXB2HTD4FZ6T";

struct row {
	enum code code;
	const char *ip; /* NULL: none */
	const char *url;
	const char *line;
	const char *domain; /* NULL: none */
};

static const char *line_of(const struct reply *r, char *out, size_t size)
{
	struct buf b;

	buf_init(&b, size);
	reply_format(r, &b);
	snprintf(out, size, "%s", buf_text(&b));
	buf_clear(&b);
	return out;
}

static enum result make(struct reply *out, enum code code,
	const struct ipaddr *ip, const char *url, const char *domain)
{
	const struct reply_fields fields = { .ip = ip,
		.domain = slice_of(domain),
		.portal_url = slice_of(url),
		.ref = slice_of(ref) };

	return reply_make(out, code, &fields);
}

static void reads(void **state)
{
	const struct row *row = *state;
	struct ipaddr ip;
	struct reply r;
	char line[600];

	if (row->ip != NULL)
		assert_int_equal(ipaddr_parse(&ip, slice_of(row->ip)), RES_OK);
	assert_int_equal(
		make(&r, row->code, row->ip == NULL ? NULL : &ip, row->url,
			row->domain == NULL ? "" : row->domain),
		RES_OK);
	assert_string_equal(line_of(&r, line, sizeof(line)), row->line);
}

struct time_row {
	const char *limit;
	int64_t until_s;
	const char *line;
};

enum { NOW_S = 1795701600 }; /* 2026-11-26 14:00 UTC */

static void tells_when(void **state)
{
	const struct time_row *row = *state;
	const struct reply_fields fields = { .limit = slice_of(row->limit),
		.until_s = row->until_s,
		.now_s = NOW_S,
		.portal_url = slice_of("https://a.example"),
		.ref = slice_of(ref) };
	struct reply r;
	char line[600];

	assert_int_equal(reply_make(&r, CODE_RATE_LIMIT_END, &fields), RES_OK);
	assert_string_equal(line_of(&r, line, sizeof(line)), row->line);
}

#define LIMITED(limit, time)                                              \
	"451 4.7.28 Message deferred, over our limit of " limit           \
	"; try again after " time " UTC; see https://a.example/r/7K3M9QX" \
	"B2HTD4FZ6T"

static const struct time_row soon = { "500 messages an hour", NOW_S + 301,
	LIMITED("500 messages an hour", "14:06") };
static const struct time_row far = { "500 messages an hour", NOW_S + 86400,
	LIMITED("500 messages an hour", "2026-11-27 14:00") };
static const struct time_row past = { "500 messages an hour", NOW_S - 100,
	LIMITED("500 messages an hour", "14:00") };
static const struct time_row hostile = { "5%\r\n250 ok", 0,
	LIMITED("what we take at a time", "14:00") };
static const struct time_row endless = {
	"0123456789012345678901234567890123456789012345678901234567890123456789",
	0, LIMITED("012345678901234567890123456789012345678901234567", "14:00")
};

/* A portal_url of len octets. */
static const char *long_url(char *out, size_t len)
{
	memset(out, 'p', len);
	memcpy(out, "https://", 8);
	out[len] = '\0';
	return out;
}

/* One of 253 octets. */
static const char *long_domain(char out[HOSTNAME_MAX])
{
	memset(out, 'd', HOSTNAME_MAX - 1);
	for (size_t i = 60; i < HOSTNAME_MAX - 1; i += 61)
		out[i] = '.';
	out[HOSTNAME_MAX - 1] = '\0';
	return out;
}

static void every_line_is_legal(void **state)
{
	struct ipaddr ip;
	char url[REPLY_URL_MAX + 1], domain[HOSTNAME_MAX];

	(void)state;
	assert_int_equal(ipaddr_parse(&ip,
				 slice_of("2001:db8:1111:2222:3333:4444:5555:"
					  "6666")),
		RES_OK);
	for (enum code c = CODE_NONE + 1; c < CODE_COUNT; c++) {
		struct reply r;
		char line[600];

		assert_int_equal(make(&r, c, &ip, long_url(url, REPLY_URL_MAX),
					 long_domain(domain)),
			RES_OK);
		if (strstr(code_row(c)->text, "{domain}") != NULL)
			assert_non_null(strstr(r.text, domain));
		line_of(&r, line, sizeof(line));
		assert_true(strlen(line) + 2 <= 512);
		assert_null(strchr(line, '%'));
		assert_int_equal(r.smtp[0], r.xcode[0]);
		assert_non_null(strstr(line, ref));
		for (const char *at = line; *at != '\0'; at++)
			assert_in_range(*at, 0x20, 0x7e);
	}
}

static void usual_line_fits_behind_an_address(void **state)
{
	struct ipaddr ip;
	char url[REPLY_URL_MAX + 1];

	(void)state;
	assert_int_equal(ipaddr_parse(&ip,
				 slice_of("2001:db8:1111:2222:3333:4444:5555:"
					  "6666")),
		RES_OK);
	for (enum code c = CODE_NONE + 1; c < CODE_COUNT; c++) {
		struct reply r;
		char line[600];

		assert_int_equal(
			make(&r, c, &ip, long_url(url, 64), ""), RES_OK);
		/* "<" 250 octets ">... " is what Sendmail may put there. */
		assert_true(strlen(line_of(&r, line, sizeof(line))) + 260 + 2 <=
			512);
	}
}

static void too_long_is_told(void **state)
{
	char url[REPLY_TEXT_MAX + 1];
	struct reply r;

	(void)state;
	assert_int_equal(make(&r, CODE_BLOCKED_SELF, NULL,
				 long_url(url, REPLY_TEXT_MAX), ""),
		RES_TOOBIG);
	assert_string_equal(r.text, "");
}

/* conf takes no such portal_url; if one came here, the refusal still has its
 * words. */
static void a_domain_gives_way(void **state)
{
	char url[REPLY_TEXT_MAX + 1], domain[HOSTNAME_MAX];
	struct reply r;

	(void)state;
	assert_int_equal(make(&r, CODE_DMARC_FAIL, NULL, long_url(url, 300),
				 long_domain(domain)),
		RES_OK);
	assert_non_null(strstr(r.text, "DMARC policy of the author's domain;"));
	assert_non_null(strstr(r.text, ref));
}

static void only_names_are_named(void **state)
{
	static const char *const bad[] = { "a b.example", "a\r\n250 ok",
		"100%.example", "\xc3\xa9.example", "", "192.0.2.1", "." };
	struct reply r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
			make(&r, CODE_DMARC_FAIL, NULL, "https://a", bad[i]),
			RES_OK);
		assert_string_equal(r.text,
			"Message refused by the DMARC policy of the author's "
			"domain; what to change: https://a/r/"
			"7K3M9QXB2HTD4FZ6T");
	}
}

static void refuses_octets(void **state)
{
	static const char *const bad[] = { "https://a%20b", "https://a\r\nb",
		"https://a b", "https://\xc3\xa9" };
	const struct reply_fields folded = {
		.portal_url = slice_of("https://a"), .ref = slice_of("x\ny")
	};
	struct reply r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(make(&r, CODE_BLOCKED_SELF, NULL, bad[i], ""),
			RES_SYNTAX);
	assert_int_equal(
		reply_make(&r, CODE_BLOCKED_SELF, &folded), RES_SYNTAX);
	assert_int_equal(
		make(&r, CODE_NONE, NULL, "https://a", ""), RES_MISSING);
}

int main(void)
{
	static const struct row self = { CODE_BLOCKED_SELF, "192.0.2.1",
		"https://postmaster.example.net",
		"554 5.7.1 Access denied, sending IP [192.0.2.1] is on our "
		"block list; to request removal visit "
		"https://postmaster.example.net/r/7K3M9QXB2HTD4FZ6T",
		NULL };
	static const struct row review = { CODE_BLOCKED_REVIEW,
		"2001:DB8:0:0::1", "https://postmaster.example.net",
		"554 5.7.1 Access denied, sending IP [2001:db8::1] needs a "
		"review by a person; see "
		"https://postmaster.example.net/r/7K3M9QXB2HTD4FZ6T",
		NULL };
	static const struct row mapped = { CODE_BLOCKED_SELF,
		"::ffff:192.0.2.1", "https://a.example",
		"554 5.7.1 Access denied, sending IP [192.0.2.1] is on our "
		"block list; to request removal visit "
		"https://a.example/r/7K3M9QXB2HTD4FZ6T",
		NULL };
	static const struct row nobody = { CODE_INTERNAL, NULL, "",
		"451 4.3.0 Internal error, please try again later; details: "
		"7K3M9QXB2HTD4FZ6T",
		NULL };
	static const struct row unknown = { CODE_SCORE_ENVELOPE, NULL,
		"https://a.example",
		"554 5.7.1 Access denied, sending IP [unknown] failed our "
		"checks; what we saw: https://a.example/r/"
		"7K3M9QXB2HTD4FZ6T",
		NULL };
	static const struct row dmarc = { CODE_DMARC_FAIL, "192.0.2.1",
		"https://postmaster.example.net",
		"550 5.7.1 Message refused by the DMARC policy of example.org; "
		"what to change: "
		"https://postmaster.example.net/r/7K3M9QXB2HTD4FZ6T",
		"example.org" };
	static const struct row spf = { CODE_SPF_FAIL, "192.0.2.1",
		"https://postmaster.example.net",
		"550 5.7.23 Message refused, SPF of example.org does not allow "
		"[192.0.2.1]; see "
		"https://postmaster.example.net/r/7K3M9QXB2HTD4FZ6T",
		"example.org" };
	const struct CMUnitTest cases[] = {
		CASE("a reply says when to come back, to the full minute",
			tells_when, &soon),
		CASE("a time of another day has its date", tells_when, &far),
		CASE("a time that is over is now", tells_when, &past),
		CASE("a limit that no reply may hold is left out", tells_when,
			&hostile),
		CASE("a limit is cut to its room", tells_when, &endless),
		CASE("a listed sender reads the line of the design", reads,
			&self),
		CASE("an IPv6 address is canonical", reads, &review),
		CASE("a mapped address reads as the IPv4 it is", reads,
			&mapped),
		CASE("without portal_url the reference stands alone", reads,
			&nobody),
		CASE("without an address the line says so", reads, &unknown),
		CASE("a refusal by DMARC has its word and the domain", reads,
			&dmarc),
		CASE("a refusal by SPF names the domain and the address", reads,
			&spf),
		CASE("a domain that does not fit gives way to words",
			a_domain_gives_way, NULL),
		CASE("what is no host name does not get into a reply",
			only_names_are_named, NULL),
		CASE("the longest line of each code is legal",
			every_line_is_legal, NULL),
		CASE("with a usual URL it fits behind Sendmail's prefix, too",
			usual_line_fits_behind_an_address, NULL),
		CASE("a line that is too long is not cut but told",
			too_long_is_told, NULL),
		CASE("no URL or reference can bring other octets in",
			refuses_octets, NULL),
	};

	return cmocka_run_group_tests_name("reply/smtp", cases, NULL, NULL);
}
