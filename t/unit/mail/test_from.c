/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/from.h"

#include "support/case.h"

#include <stdio.h>
#include <string.h>

struct row {
	const char *value;
	const char *want; /* domains with a comma, or the name of the result */
};

static void reads(void **state)
{
	const struct row *row = *state;
	struct from_list list;
	char got[512] = "";
	enum result res = from_parse(slice_of(row->value), &list);

	if (res != RES_OK)
		snprintf(got, sizeof(got), "%s", result_name(res));
	for (size_t i = 0; res == RES_OK && i < list.count; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%.*s",
			i > 0 ? "," : "", SLICE_ARG(list.domain[i]));
	assert_string_equal(got, row->want);
}

static void takes_octets_as_they_are(void **state)
{
	static const char nul[] = " a@example.org\0.example.net";
	struct from_list list;

	(void)state;
	assert_int_equal(from_parse(slice_make(nul, sizeof(nul) - 1), &list),
		RES_SYNTAX);
}

static void nests_without_end(void **state)
{
	static char value[200000];
	struct from_list list;

	(void)state;
	memset(value, '(', sizeof(value));
	assert_int_equal(from_parse(slice_make(value, sizeof(value)), &list),
		RES_SYNTAX);
	memset(value + sizeof(value) / 2, ')', sizeof(value) / 2);
	memcpy(value, "a@x.org ", 8);
	memcpy(value + sizeof(value) - 9, "        ", 8);
	assert_int_equal(
		from_parse(slice_make(value, sizeof(value)), &list), RES_OK);
}

#define ROW(text, value, want) \
	CASE(text, reads, (&(const struct row){ (value), (want) }))
#define ONE(text, value) ROW(text, value, "example.org")
#define TWO(text, value) ROW(text, value, "example.org,example.net")
#define BAD(text, value) ROW(text, value, "syntax")

int main(void)
{
	const struct CMUnitTest cases[] = {
		/* what is ordinary */
		ONE("an address alone", " joe@example.org"),
		ONE("without a leading blank", "joe@example.org"),
		ONE("in brackets", " <joe@example.org>"),
		ONE("with a name", " Joe Doe <joe@example.org>"),
		ONE("with a quoted name", " \"Doe, Joe\" <joe@example.org>"),
		ONE("with an initial and its dot",
			" Joe Q. Public <joe@example.org>"),
		ONE("with an encoded word",
			" =?utf-8?q?J=C3=B6?= <joe@example.org>"),
		ONE("with octets above 127", " J\xc3\xb6rg <joe@example.org>"),
		ONE("folded", " Joe\r\n Doe\r\n\t<joe@example.org>"),
		ONE("with a name behind, in a comment",
			" joe@example.org (Joe Doe)"),
		ONE("with comments where RFC 5322 A.5 has them",
			" Joe(A nice \\) chap) <joe(his account)@"
			"example.org(his host)>"),
		ONE("with comments within comments",
			" (a (b (c) d) e) joe@example.org"),
		ONE("with blanks around the at sign", " joe @ example.org"),
		ONE("with a quoted local part", " \"joe doe\"@example.org"),
		ONE("with dots where none should be",
			" .joe..doe.@example.org"),
		ONE("with a plus and an equals sign",
			" <bounce+joe=example.net@example.org>"),
		ONE("with brackets in the name",
			" Joe [ACME] <joe@example.org>"),
		ONE("with an empty name", " \"\" <joe@example.org>"),
		ONE("two authors of one domain",
			" a@example.org, B <b@EXAMPLE.ORG>"),
		ONE("an empty entry of a list", " , joe@example.org,,"),
		ONE("in a group", " Us: joe@example.org;"),
		ONE("several in a group",
			" Us: a@example.org, <b@example.org>;"),
		ROW("a domain that is not ASCII", " <a@m\xc3\xbcller.example>",
			"m\xc3\xbcller.example"),
		ROW("a domain as it came", " a@Example.ORG.", "Example.ORG."),
		/* several authors */
		TWO("authors of two domains", " a@example.org, b@example.net"),
		TWO("in brackets, of two domains",
			" A <a@example.org>, B <b@example.net>"),
		TWO("in two groups", " A: a@example.org;, B: b@example.net;"),
		TWO("one in a group, one not",
			" A: a@example.org;, b@example.net"),
		ROW("of nine domains is too many",
			" a@1.example,a@2.example,a@3.example,a@4.example,"
			"a@5.example,a@6.example,a@7.example,a@8.example,"
			"a@9.example",
			"toobig"),
		/* what shows one address and means another */
		ONE("a quoted name that is an address",
			" \"a@example.net\" <joe@example.org>"),
		TWO("a name that is an address, without quotes",
			" a@example.org <joe@example.net>"),
		ONE("a name that is the same address, without quotes",
			" joe@example.org <joe@example.org>"),
		TWO("an address and words in front of the brackets",
			" a@example.org via List <l@example.net>"),
		ONE("an address in a comment",
			" (a@example.net) joe@example.org"),
		ONE("an address in a comment behind",
			" joe@example.org (<a@example.net>)"),
		ONE("a quote in a comment", " (\") joe@example.org (\")"),
		ONE("a comment in a quote", " \"(\" <joe@example.org> (\")"),
		TWO("a source route", " <@example.org:joe@example.net>"),
		ROW("a longer source route",
			" <@a.example,@b.example:joe@c.example>",
			"a.example,b.example,c.example"),
		ONE("a percent sign", " joe%example.net@example.org"),
		ONE("a bang", " example.net!joe@example.org"),
		ROW("a percent sign in the domain",
			" joe@example.org%example.net",
			"example.org%example.net"),
		ROW("dots side by side in the domain", " joe@example..org",
			"example..org"),
		BAD("two addresses without a comma",
			" <a@example.org> <b@example.net>"),
		BAD("two addresses side by side",
			" a@example.org b@example.net"),
		BAD("two pairs of brackets at once",
			" <a@example.org><b@example.net>"),
		BAD("brackets in brackets", " <<joe@example.org>>"),
		BAD("brackets that stay open", " Joe <joe@example.org"),
		BAD("brackets that were never open", " Joe joe@example.org>"),
		BAD("no brackets at all", " Joe Doe joe@example.org"),
		BAD("text behind the brackets", " <joe@example.org> Joe"),
		BAD("text behind the address", " joe@example.org Joe"),
		BAD("a semicolon between addresses",
			" a@example.org; b@example.net"),
		BAD("an at sign in a quoted local part",
			" \"a@example.net\"@example.org"),
		BAD("an address in a quoted local part",
			" <\"<a@example.net>,\"@example.org>"),
		BAD("an encoded word as the local part",
			" =?utf-8?b?YUBleGFtcGxlLm5ldA==?=@example.org"),
		BAD("two at signs", " a@example.net@example.org"),
		BAD("a comment within the domain", " <joe@example(c).org>"),
		BAD("a blank within the domain", " <joe@example. org>"),
		BAD("a comment that cuts the domain",
			" joe@example.net(.example.org"),
		BAD("an at sign in a comment in the local part",
			" <joe(@example.net)@example.org>"),
		BAD("an at sign in a comment behind the at sign",
			" joe@(a@example.net)example.org"),
		BAD("an at sign in a comment, without brackets",
			" joe(@example.net) @example.org"),
		BAD("an address in a comment within the brackets",
			" <joe@example.org (a@example.net)>"),
		ONE("an address in a comment in the name",
			" Joe (a@example.net) <joe@example.org>"),
		BAD("a quote that stays open", " \"Joe <joe@example.org>"),
		BAD("a comma in a name without quotes",
			" ACME, Inc. <joe@example.org>"),
		BAD("a group that stays open", " Us: joe@example.org"),
		BAD("a group in a group", " A: B: joe@example.org;;"),
		BAD("a group in front of brackets",
			" Re: Joe <joe@example.org>"),
		BAD("a backslash in a name", " Joe\\ <joe@example.org>"),
		BAD("an escape octet", " \x1b[1m <joe@example.org>"),
		BAD("a bare line feed", " Joe\n <joe@example.org>"),
		BAD("a fold that is none", " Joe\r\nTo: <joe@example.org>"),
		CASE("a NUL ends no address", takes_octets_as_they_are, NULL),
		/* no author */
		BAD("nothing", ""),
		BAD("blanks", " \r\n "),
		BAD("an empty group", " undisclosed-recipients:;"),
		BAD("empty brackets", " Joe <>"),
		BAD("a name without an address", " Joe Doe"),
		BAD("no domain", " <joe>"),
		BAD("no local part", " <@example.org>"),
		BAD("no local part at all", " @example.org"),
		BAD("an empty domain", " <joe@>"),
		BAD("an address literal", " <joe@[192.0.2.1]>"),
		CASE("comments are counted, not climbed into",
			nests_without_end, NULL),
	};

	return cmocka_run_group_tests_name("mail/from", cases, NULL, NULL);
}
