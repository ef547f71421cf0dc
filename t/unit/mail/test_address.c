/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/address.h"

#include "support/case.h"

#include <string.h>

struct row {
	struct slice text;
	enum result want;
	const char *whole;
	const char *local;
	const char *domain;
	bool is_null;
};

static void assert_slice(struct slice got, const char *want)
{
	char text[200];

	assert_in_range(got.len, 0, sizeof(text) - 1);
	if (got.len > 0)
		memcpy(text, got.at, got.len);
	text[got.len] = '\0';
	assert_string_equal(text, want);
}

static void reads(void **state)
{
	const struct row *row = *state;
	struct address got;

	assert_string_equal(result_name(address_parse(&got, row->text)),
		result_name(row->want));
	assert_slice(got.local, row->local);
	assert_slice(got.domain, row->domain);
	assert_int_equal(got.is_null, row->is_null);
	if (row->want == RES_OK)
		assert_slice(got.whole, row->whole);
	else
		assert_true(slice_is_equal(got.whole, row->text));
}

#define READS(name, text, ...)  \
	CASE(name, reads,       \
		(&(struct row){ \
			{ text, sizeof(text) - 1 }, RES_OK, __VA_ARGS__ }))
#define REFUSES(name, text)                                                 \
	CASE(name, reads,                                                   \
		(&(struct row){ { text, sizeof(text) - 1 }, RES_SYNTAX, "", \
			"", "", false }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		READS("an address in angle brackets is read",
			"<joe@example.org>", "joe@example.org", "joe",
			"example.org", false),
		READS("what follows the brackets is left alone",
			"<joe@example.org> SIZE=100 BODY=8BITMIME",
			"joe@example.org", "joe", "example.org", false),
		READS("a bracket in a parameter does no harm",
			"<joe@example.org> ORCPT=rfc822;<x>", "joe@example.org",
			"joe", "example.org", false),
		READS("a bare address of local mail is read", "joe@example.org",
			"joe@example.org", "joe", "example.org", false),
		READS("an address without domain is read", "<root>", "root",
			"root", "", false),
		READS("a bare user is read", "root", "root", "root", "", false),
		READS("the null sender is told", "<>", "", "", "", true),
		READS("the null sender with parameters is told", "<> SIZE=1",
			"", "", "", true),
		READS("the null sender with a blank inside is told", "< >", "",
			"", "", true),
		READS("no text at all is the null sender", "", "", "", "",
			true),
		READS("blanks in front are dropped", "  <a@b>", "a@b", "a", "b",
			false),
		READS("a source route is dropped", "<@a.example,@b:joe@c>",
			"joe@c", "joe", "c", false),
		READS("a source route over an address literal is dropped",
			"<@[IPv6:::1]:joe@c>", "joe@c", "joe", "c", false),
		READS("a quoted local part loses its quotes", "<\"joe b\"@c>",
			"\"joe b\"@c", "joe b", "c", false),
		READS("an at sign in quotes is not the separator",
			"<\"a@b\"@c>", "\"a@b\"@c", "a@b", "c", false),
		READS("a bracket in quotes does not end the address",
			"<\"a>b\"@c>", "\"a>b\"@c", "a>b", "c", false),
		READS("an escaped quote does not end the quotes",
			"<\"a\\\"@x>\"@c>", "\"a\\\"@x>\"@c", "a\\\"@x>", "c",
			false),
		READS("quotes around a part of the local part stay",
			"<\"a\".\"b\"@c>", "\"a\".\"b\"@c", "\"a\".\"b\"", "c",
			false),
		READS("an empty quoted local part is read", "<\"\"@c>",
			"\"\"@c", "", "c", false),
		READS("the last at sign counts", "<a@b@c>", "a@b@c", "a@b", "c",
			false),
		READS("an address literal is a domain", "<a@[192.0.2.1]>",
			"a@[192.0.2.1]", "a", "[192.0.2.1]", false),
		READS("an IPv6 literal is a domain", "<a@[IPv6:2001:db8::1]>",
			"a@[IPv6:2001:db8::1]", "a", "[IPv6:2001:db8::1]",
			false),
		READS("an internationalised address is read",
			"<jos\xc3\xa9@ex\xc3\xa1mple>",
			"jos\xc3\xa9@ex\xc3\xa1mple", "jos\xc3\xa9",
			"ex\xc3\xa1mple", false),
		READS("an empty domain is read", "<joe@>", "joe@", "joe", "",
			false),
		REFUSES("an address without its closing bracket is refused",
			"<joe@example.org"),
		REFUSES("an address without its opening bracket is refused",
			"joe@example.org>"),
		REFUSES("brackets inside brackets are refused", "<a<b@c>"),
		REFUSES("text right behind the bracket is refused", "<a@b>c"),
		REFUSES("two addresses are refused", "<a@b><c@d>"),
		REFUSES("open quotes are refused", "<\"joe@example.org>"),
		REFUSES("open bare quotes are refused", "\"joe@example.org"),
		REFUSES("a backslash cannot close the quotes",
			"<\"joe\\\"@example.org>"),
		REFUSES("a route that leads nowhere is refused", "<@a,@b:>"),
		REFUSES("a route behind a route is refused", "<@a:@b:c@d>"),
		REFUSES("a route without an end is refused", "<@a.example>"),
		REFUSES("a line end is refused", "<a@b>\r\nRCPT TO:<c@d>"),
		REFUSES("a NUL is refused", "<a@b\0.example>"),
		REFUSES("a tab is refused", "<a@b>\tSIZE=1"),
		REFUSES("a control octet is refused", "<a\x1b[0m@b>"),
	};

	return cmocka_run_group_tests_name("mail/address", cases, NULL, NULL);
}
