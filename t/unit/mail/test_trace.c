/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/trace.h"

#include "support/case.h"

#include <string.h>

#define ID "7k3m9qxb2htd4fz6"
#define MAC "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define FRONT "v=1; by=mx.example.net; k=3; d=in; t=1764205200; id=" ID "; n=1"
#define IN FRONT "; ip=192.0.2.1; dkim=example.org; b=dfm; h=" MAC
#define FRONT_OUT \
	"v=1; by=mx.example.net; k=3; d=out; t=1764205200; id=" ID "; n=2"
#define OUT FRONT_OUT "; u=0123456789abcdef; b=dfm; h=" MAC

struct row {
	const char *text;
	enum result want;
};

static enum result parse(const char *text, struct trace *out)
{
	memset(out, 0, sizeof(*out));
	return trace_parse(slice_of(text), out);
}

static void reads(void **state)
{
	const struct row *row = *state;
	struct trace t;

	assert_string_equal(
		result_name(parse(row->text, &t)), result_name(row->want));
	if (row->want != RES_OK)
		assert_int_equal(t.direction, TRACE_UNKNOWN);
}

static void inbound(void **state)
{
	char ip[IPADDR_TEXT_MAX];
	struct trace t;

	(void)state;
	assert_int_equal(parse(" " IN, &t), RES_OK);
	assert_int_equal(t.direction, TRACE_IN);
	assert_string_equal(t.by, "mx.example.net");
	assert_string_equal(t.key, "3");
	assert_int_equal(t.at_s, 1764205200);
	assert_string_equal(t.id, ID);
	assert_int_equal(t.recipients, 1);
	assert_true(t.has_ip);
	assert_string_equal(ipaddr_format(&t.ip, ip), "192.0.2.1");
	assert_string_equal(t.domain, "example.org");
	assert_string_equal(t.account, "");
	assert_false(t.has_cfbl);
	assert_string_equal(t.bound, "dfm");
	for (int i = 0; i < TRACE_MAC_LEN; i++)
		assert_int_equal(t.mac[i], i);
}

static void outbound(void **state)
{
	struct trace t;

	(void)state;
	assert_int_equal(parse(OUT, &t), RES_OK);
	assert_int_equal(t.direction, TRACE_OUT);
	assert_int_equal(t.recipients, 2);
	assert_false(t.has_ip);
	assert_string_equal(t.domain, "");
	assert_string_equal(t.account, "0123456789abcdef");
}

static void written_as_read(void **state)
{
	static const char *const texts[] = { " " IN, " " OUT,
		" " FRONT "; ip=2001:db8::1; c=y; b=cdfim; h=" MAC,
		" " FRONT "; b=; h=" MAC };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct trace t;
		struct buf b;

		buf_init(&b, TRACE_VALUE_MAX);
		assert_int_equal(parse(texts[i], &t), RES_OK);
		assert_int_equal(trace_format(&t, &b), RES_OK);
		assert_int_equal(trace_finish(t.mac, &b), RES_OK);
		assert_string_equal(buf_text(&b), texts[i]);
		buf_clear(&b);
	}
}

static void longest_fits(void **state)
{
	struct trace t;
	struct buf b;

	(void)state;
	assert_int_equal(
		parse(FRONT "; ip=192.0.2.1; dkim=x.org; c=y; b=cdfim; h=" MAC,
			&t),
		RES_OK);
	for (size_t i = 0; i + 1 < HOSTNAME_MAX; i++)
		t.by[i] = t.domain[i] = i % 64 == 63 ? '.' : 'a';
	t.by[HOSTNAME_MAX - 1] = t.domain[HOSTNAME_MAX - 1] = '\0';
	memset(t.key, 'k', TRACE_KEY_MAX - 1);
	t.at_s = 253402300799;
	t.recipients = TRACE_RECIPIENTS_MAX;
	assert_int_equal(
		ipaddr_parse(&t.ip,
			slice_of("2001:db8:1111:2222:3333:4444:5555:6666")),
		RES_OK);
	buf_init(&b, TRACE_VALUE_MAX);
	assert_int_equal(trace_format(&t, &b), RES_OK);
	assert_int_equal(trace_finish(t.mac, &b), RES_OK);
	assert_int_equal(trace_parse(buf_slice(&b), &t), RES_OK);
	buf_clear(&b);
}

static void covered(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, TRACE_VALUE_MAX);
	assert_int_equal(
		trace_covered(slice_of(" v=1;\r\n\tb=d;\r\n h=" MAC), &b),
		RES_OK);
	assert_string_equal(buf_text(&b), "v=1;b=d");
	buf_reset(&b);
	assert_int_equal(trace_covered(slice_of(" v=1; b=d"), &b), RES_OK);
	assert_string_equal(buf_text(&b), "v=1;b=d");
	buf_clear(&b);
}

static void name(void **state)
{
	(void)state;
	assert_true(trace_is_ours(slice_of("x-reprieve-TRACE")));
	assert_false(trace_is_ours(slice_of("X-Reprieve")));
	assert_false(trace_is_ours(slice_of("X-Reprieve-Trace2")));
}

#define READS(text, from, want) CASE(text, reads, (&(struct row){ from, want }))
#define TEST(name, function)                     \
	{                                        \
		name, function, NULL, NULL, NULL \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		TEST("an inbound trace is read", inbound),
		TEST("an outbound trace is read", outbound),
		TEST("what was read is written the same", written_as_read),
		TEST("the longest trace fits", longest_fits),
		TEST("blanks and folds are not covered", covered),
		TEST("the name is ours in any case", name),
		READS("folds are free",
			FRONT ";\r\n\tip=192.0.2.1 ;\r\n b=dfm;\r\n\th=" MAC
			      "\r\n",
			RES_OK),
		READS("nothing is no trace", "", RES_SYNTAX),
		READS("blanks are no trace", " \r\n\t", RES_SYNTAX),
		READS("a mac is needed", FRONT "; b=dfm", RES_SYNTAX),
		READS("an empty mac is none", FRONT "; b=dfm; h=", RES_SYNTAX),
		READS("half a mac is none",
			FRONT "; b=dfm; h=AAECAwQFBgcICQoLDA0ODw==",
			RES_SYNTAX),
		READS("a mac has one spelling",
			FRONT "; b=dfm; h="
			      "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=",
			RES_SYNTAX),
		READS("padding is part of it",
			FRONT "; b=dfm; h="
			      "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
			RES_SYNTAX),
		READS("nothing stands behind the mac", IN "; x=1", RES_SYNTAX),
		READS("not even a semicolon", IN ";", RES_SYNTAX),
		READS("no blank within a value",
			FRONT "; ip=192.0. 2.1; b=dfm; h=" MAC, RES_SYNTAX),
		READS("no tag twice", FRONT "; n=1; b=dfm; h=" MAC, RES_SYNTAX),
		READS("no tag twice at the end", FRONT "; b=dfm; b=dfm; h=" MAC,
			RES_SYNTAX),
		READS("no unknown tag", FRONT "; x=1; b=dfm; h=" MAC,
			RES_SYNTAX),
		READS("no other order",
			FRONT "; dkim=example.org; ip=192.0.2.1; b=; h=" MAC,
			RES_SYNTAX),
		READS("no other version", "v=2" FRONT "; b=; h=" MAC,
			RES_SYNTAX),
		READS("an account stands in no inbound trace",
			FRONT "; u=0123456789abcdef; b=; h=" MAC, RES_SYNTAX),
		READS("an outbound trace needs an account",
			FRONT_OUT "; b=; h=" MAC, RES_SYNTAX),
		READS("an address stands in no outbound trace",
			FRONT_OUT "; ip=192.0.2.1; u=0123456789abcdef; b=; "
				  "h=" MAC,
			RES_SYNTAX),
		READS("an account is of lower case",
			FRONT_OUT "; u=0123456789ABCDEF; b=; h=" MAC,
			RES_SYNTAX),
		READS("an address has one spelling",
			FRONT "; ip=2001:DB8::1; b=; h=" MAC, RES_SYNTAX),
		READS("a domain has one spelling",
			FRONT "; dkim=Example.org; b=; h=" MAC, RES_SYNTAX),
		READS("letters stand in order", FRONT "; b=fd; h=" MAC,
			RES_SYNTAX),
		READS("no letter twice", FRONT "; b=dd; h=" MAC, RES_SYNTAX),
		READS("no more letters than there is room for",
			FRONT "; b=abcdefgh; h=" MAC, RES_SYNTAX),
		READS("c is y or not there", FRONT "; c=n; b=; h=" MAC,
			RES_SYNTAX),
		READS("a number begins with no zero",
			"v=1; by=a.b; k=3; d=in; t=1; id=" ID
			"; n=01; b=; h=" MAC,
			RES_SYNTAX),
		READS("nobody is no recipient",
			"v=1; by=a.b; k=3; d=in; t=1; id=" ID
			"; n=0; b=; h=" MAC,
			RES_RANGE),
		READS("a time has an end",
			"v=1; by=a.b; k=3; d=in; t=99999999999999999999; "
			"id=" ID "; n=1; b=; h=" MAC,
			RES_RANGE),
		READS("a time is not below zero",
			"v=1; by=a.b; k=3; d=in; t=-1; id=" ID
			"; n=1; b=; h=" MAC,
			RES_SYNTAX),
		READS("an id has a length",
			"v=1; by=a.b; k=3; d=in; t=1; id=7k3m; n=1; b=; "
			"h=" MAC,
			RES_SYNTAX),
		READS("an id has no letter that looks like a digit",
			"v=1; by=a.b; k=3; d=in; t=1; id=7k3m9qxb2htd4fzo; "
			"n=1; b=; h=" MAC,
			RES_SYNTAX),
		READS("a key has a name",
			"v=1; by=a.b; k=; d=in; t=1; id=" ID
			"; n=1; b=; h=" MAC,
			RES_SYNTAX),
		READS("a direction is in or out",
			"v=1; by=a.b; k=3; d=up; t=1; id=" ID
			"; n=1; b=; h=" MAC,
			RES_SYNTAX),
		READS("text is no trace", "as if 2 < 3; a trace", RES_SYNTAX),
	};

	return cmocka_run_group_tests_name("mail/trace", cases, NULL, NULL);
}
