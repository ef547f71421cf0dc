/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/url.h"

#include "base/buf.h"
#include "support/case.h"

#include <string.h>

struct row {
	const char *text;
	const char *host;
	const char *marks; /* u(serinfo) i(dn) a(ddress) */
};

static void parses(void **state)
{
	const struct row *row = *state;
	char clean[URL_MAX], marks[4] = "", *to = marks;
	struct url u;

	(void)url_parse(slice_of(row->text), clean, &u);
	assert_string_equal(u.host, row->host);
	assert_int_equal(u.host_len, strlen(row->host));
	if (u.has_userinfo)
		*to++ = 'u';
	if (u.is_idn)
		*to++ = 'i';
	if (u.is_address)
		*to++ = 'a';
	*to = '\0';
	assert_string_equal(marks, row->marks);
}

struct search {
	const char *text;
	const char *found; /* each in <> */
};

static void finds(void **state)
{
	const struct search *row = *state;
	const struct slice text = slice_of(row->text);
	struct slice found;
	struct buf got;
	size_t at = 0;

	buf_init(&got, 1000);
	while (url_find(text, &at, &found))
		buf_add_format(&got, "<%.*s>", SLICE_ARG(found));
	assert_string_equal(buf_text(&got), row->found);
	buf_clear(&got);
}

static void keeps_what_it_says(void **state)
{
	char clean[URL_MAX];
	struct url u;
	size_t len;

	(void)state;
	len = url_parse(
		slice_of(" HTTPS://Example.org:8080/a?b#c\r\n"), clean, &u);
	assert_true(slice_is_equal(slice_make(clean, len),
		slice_of("HTTPS://Example.org:8080/a?b#c")));
	assert_true(slice_is_equal(u.scheme, slice_of("HTTPS")));
	assert_true(slice_is_equal(u.path, slice_of("/a?b#c")));
	assert_false(u.is_cut);
}

static void is_cut_when_long(void **state)
{
	char text[3 * URL_MAX], clean[URL_MAX];
	struct url u;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "http://a.example/", 17);
	assert_int_equal(
		url_parse(slice_make(text, sizeof(text)), clean, &u), URL_MAX);
	assert_true(u.is_cut);
	assert_string_equal(u.host, "a.example");
}

#define PARSES(name, text, host, marks) \
	CASE(name, parses, (&(const struct row){ text, host, marks }))
#define FINDS(name, text, found) \
	CASE(name, finds, (&(const struct search){ text, found }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		PARSES("a host is folded", "http://WWW.Example.ORG/x",
			"www.example.org", ""),
		PARSES("a dot at its end goes", "https://example.org.:443",
			"example.org", ""),
		PARSES("a port is no part of it", "http://example.org:8080?x",
			"example.org", ""),
		PARSES("a name before the host", "http://bank.example@evil.org",
			"evil.org", "u"),
		PARSES("two of them", "http://a@b@evil.org/@c", "evil.org",
			"u"),
		PARSES("tabs and line ends within go",
			" ht\ntp://ex\tample.org", "example.org", ""),
		PARSES("slashes may lean back", "http:\\\\example.org\\a@b",
			"example.org", ""),
		PARSES("be one, or many", "https:/example.org", "example.org",
			""),
		PARSES("be many", "https:////example.org", "example.org", ""),
		PARSES("a link to where the page is from", "//example.org/x",
			"example.org", ""),
		PARSES("www without a scheme", "www.example.org/x",
			"www.example.org", ""),
		PARSES("a path has no host", "a/b.html", "", ""),
		PARSES("mail has none", "mailto:a@example.org", "", ""),
		PARSES("nor has a script", "javascript:alert(1)", "", ""),
		PARSES("nor is there one in nothing", "", "", ""),
		PARSES("nor in a scheme", "http://", "", ""),
		PARSES("percents are undone", "http://%65xample.org/",
			"example.org", ""),
		PARSES("an umlaut", "http://m\xc3\xbcller.example/",
			"xn--mller-kva.example", "i"),
		PARSES("one by percents", "http://m%C3%BCller.example/",
			"xn--mller-kva.example", "i"),
		PARSES("an A-label", "http://xn--mller-kva.example/",
			"xn--mller-kva.example", "i"),
		PARSES("wide letters are letters",
			"http://\xef\xbd\x85xample.org", "example.org", "i"),
		PARSES("a name that is none", "http://a_b..c/", "a_b..c", ""),
		PARSES("text that follows without a blank",
			"http://www.example.org\xef\xbc\x88\xe5\xa4\x9a\xef\xbf\xbd",
			"www.example.org", ""),
		PARSES("an address", "http://192.0.2.1/", "192.0.2.1", "a"),
		PARSES("one number", "http://3221225985/", "192.0.2.1", "a"),
		PARSES("hexadecimal", "http://0xC0.0.0x201", "192.0.2.1", "a"),
		PARSES("octal", "http://0300.0.2.01", "192.0.2.1", "a"),
		PARSES("with a dot at its end", "http://192.0.2.1.",
			"192.0.2.1", "a"),
		PARSES("numbers that are no address", "http://1.2.3.4.5",
			"1.2.3.4.5", ""),
		PARSES("a number that is too big", "http://4294967296",
			"4294967296", ""),
		PARSES("IPv6", "http://[2001:DB8::1]:80/x", "2001:db8::1", "a"),
		PARSES("IPv6 with a name before it", "http://a:b@[::1]", "::1",
			"ua"),
		PARSES("a bracket that does not end", "http://[::1", "::1",
			"a"),
		FINDS("no link", "a: b / c www", ""),
		FINDS("links in text",
			"see http://a.example/b, https://b.example. And "
			"(www.c.example/d)!",
			"<http://a.example/b><https://b.example>"
			"<www.c.example/d>"),
		FINDS("brackets that belong to it",
			"http://a.example/b_(c) (http://a.example/d)",
			"<http://a.example/b_(c)><http://a.example/d>"),
		FINDS("a link ends at a quote", "<a href=\"http://a.b/c\">",
			"<http://a.b/c>"),
		FINDS("and at blanks of other scripts",
			"http://a.b/c\xc2\xa0"
			"d http://e.f/g\xe3\x80\x82",
			"<http://a.b/c><http://e.f/g>"),
		FINDS("letters of other scripts belong to it",
			"http://m\xc3\xbcller.example/\xc3\xbc x",
			"<http://m\xc3\xbcller.example/\xc3\xbc>"),
		FINDS("www within a word is none", "xwww.a.b a.www.c b@www.d",
			""),
		FINDS("a link without anything", "http:// www. x",
			"<http://><www>"),
		cmocka_unit_test(keeps_what_it_says),
		cmocka_unit_test(is_cut_when_long),
	};

	return cmocka_run_group_tests_name("mail/url", cases, NULL, NULL);
}
