/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/spfrecord.h"

#include "support/case.h"

#include <stdio.h>
#include <string.h>

struct row {
	const char *term;
	enum spf_kind kind;
	enum auth_result qualifier;
	const char *spec;
	unsigned bits4, bits6;
};

static void reads(void **state)
{
	const struct row *row = *state;
	struct slice rest = slice_of(row->term);
	struct spf_term got;

	assert_int_equal(spfrecord_next(&rest, &got, NULL), RES_OK);
	assert_int_equal(got.kind, row->kind);
	assert_string_equal(auth_result_name(got.qualifier),
		auth_result_name(row->qualifier));
	assert_true(slice_is_equal(got.spec, slice_of(row->spec)));
	assert_true(slice_is_equal(got.text, slice_of(row->term)));
	assert_int_equal(got.bits4, row->bits4);
	assert_int_equal(got.bits6, row->bits6);
	assert_int_equal(spfrecord_next(&rest, &got, NULL), RES_MISSING);
}

struct fault {
	const char *record;
	const char *term;
	const char *why;
};

static void refuses(void **state)
{
	const struct fault *row = *state;
	struct spf_record got;

	assert_int_equal(
		spfrecord_parse(&got, slice_of(row->record)), RES_SYNTAX);
	assert_string_equal(got.why, row->why);
	assert_true(slice_is_equal(got.fault, slice_of(row->term)));
}

static void in_order(void **state)
{
	static const enum spf_kind want[] = { SPF_REDIRECT, SPF_MX, SPF_OTHER,
		SPF_ALL };
	struct spf_record record;
	struct slice rest;
	struct spf_term term;
	size_t i = 0;

	(void)state;
	assert_int_equal(spfrecord_parse(&record,
				 slice_of("v=spf1 redirect=a.example  mx x=  "
					  "-all ")),
		RES_OK);
	assert_true(
		slice_is_equal(record.redirect.spec, slice_of("a.example")));
	for (rest = record.terms; spfrecord_next(&rest, &term, NULL) == RES_OK;
		i++) {
		assert_true(i < 4);
		assert_int_equal(term.kind, want[i]);
	}
	assert_int_equal(i, 4);
}

static void versions(void **state)
{
	(void)state;
	assert_true(spfrecord_is_one(slice_of("v=spf1")));
	assert_true(spfrecord_is_one(slice_of("V=SPF1 x")));
	assert_false(spfrecord_is_one(slice_of("v=spf1\t-all")));
	assert_false(spfrecord_is_one(slice_of("v=spf10")));
	assert_false(spfrecord_is_one(slice_of("v=spf")));
	assert_false(spfrecord_is_one(slice_of("")));
	assert_false(spfrecord_is_one(slice_make("v=spf1\0", 7)));
}

static bool covers(const char *text, const char *ip)
{
	struct slice rest = slice_of(text);
	struct spf_term term;
	struct ipaddr client;

	assert_int_equal(spfrecord_next(&rest, &term, NULL), RES_OK);
	assert_int_equal(ipaddr_parse(&client, slice_of(ip)), RES_OK);
	return spfrecord_covers(&term, &client);
}

static void networks(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits <= 32; bits++) {
		char text[40], ip[IPADDR_TEXT_MAX];
		struct ipaddr other;

		snprintf(text, sizeof(text), "ip4:192.0.2.1/%u", bits);
		assert_true(covers(text, "192.0.2.1"));
		/* The last bit within, turned round, leads outside. */
		if (bits == 0)
			continue;
		other = ipaddr_from_v4(0xc0000201U ^ (1U << (32 - bits)));
		assert_false(covers(text, ipaddr_format(&other, ip)));
	}
	assert_true(covers("ip6:::/0", "2001:db8::1"));
	assert_false(covers("ip6:::/0", "192.0.2.1"));
	assert_false(covers("ip4:0.0.0.0/0", "2001:db8::1"));
	assert_false(covers("ip6:::ffff:192.0.2.1", "192.0.2.1"));
}

#define READ(text, k, q, spec, b4, b6) \
	CASE(text, reads,              \
		(&(struct row){ text, SPF_##k, AUTH_##q, spec, b4, b6 }))
#define REFUSE(record, term, why) \
	CASE(record, refuses, (&(struct fault){ record, term, why }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		READ("all", ALL, PASS, "", 32, 128),
		READ("-ALL", ALL, FAIL, "", 32, 128),
		READ("~include:a.example", INCLUDE, SOFTFAIL, "a.example", 32,
			128),
		READ("?a", A, NEUTRAL, "", 32, 128),
		READ("a/24", A, PASS, "", 24, 128),
		READ("a//64", A, PASS, "", 32, 64),
		READ("+a:%{d}/0//0", A, PASS, "%{d}", 0, 0),
		READ("mx:a.example/24//64", MX, PASS, "a.example", 24, 64),
		READ("mx:a/24.example", MX, PASS, "a/24.example", 32, 128),
		READ("ptr:a.example.", PTR, PASS, "a.example.", 32, 128),
		READ("exists:%{i}.a/b.example", EXISTS, PASS,
			"%{i}.a/b.example", 32, 128),
		READ("ip4:192.0.2.0/24", IP4, PASS, "192.0.2.0/24", 24, 128),
		READ("ip6:2001:db8::/32", IP6, PASS, "2001:db8::/32", 32, 32),
		READ("redirect=a.example", REDIRECT, UNKNOWN, "a.example", 32,
			128),
		READ("EXP=%{d}.example", EXP, UNKNOWN, "%{d}.example", 32, 128),
		READ("x.y-z_0=", OTHER, UNKNOWN, "", 32, 128),
		READ("a=b", OTHER, UNKNOWN, "b", 32, 128),
		REFUSE("v=spf1 -all ip:192.0.2.1", "ip:192.0.2.1",
			"there is no such mechanism"),
		REFUSE("v=spf1 ip4:192.0.2.1,192.0.2.2 -all",
			"ip4:192.0.2.1,192.0.2.2", "it names no address"),
		REFUSE("v=spf1 ip4: 192.0.2.1", "ip4:", "it needs a value"),
		REFUSE("v=spf1 ip4:192.0.2.0/99", "ip4:192.0.2.0/99",
			"its prefix length is wrong"),
		REFUSE("v=spf1 include:a_example", "include:a_example",
			"it names no domain"),
		REFUSE("v=spf1 all.", "all.", "there is no such mechanism"),
		REFUSE("v=spf1 all:x", "all:x",
			"what stands behind its name is wrong"),
		REFUSE("v=spf1 exp=a.b exp=a.b", "exp=a.b",
			"it is there twice"),
		REFUSE("v=spf1 x=%", "x=%", "its value is wrong"),
		REFUSE("spf1 -all", "", "it has no version"),
		CASE("terms come as they are written", in_order, NULL),
		CASE("a version ends where it ends", versions, NULL),
		CASE("networks of all lengths", networks, NULL),
	};

	return cmocka_run_group_tests_name("auth/spfrecord", cases, NULL, NULL);
}
