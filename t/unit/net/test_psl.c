/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/psl.h"

#include "support/case.h"

#include <string.h>

struct row {
	const char *text;
	const char *want;
};

static void organises(void **state)
{
	const struct row *row = *state;
	struct psl *psl;
	struct slice got;

	assert_int_equal(psl_open(&psl), RES_OK);
	got = psl_organisation(psl, slice_of(row->text));
	if (!slice_is_equal(got, slice_of(row->want)))
		fail_msg("%.*s", SLICE_ARG(got));
	psl_close(psl);
}

static void spells(void **state)
{
	const struct row *row = *state;
	char got[HOSTNAME_MAX] = "";
	size_t len = 0;
	enum result res = psl_to_ascii(slice_of(row->text), got, &len);

	assert_string_equal(res == RES_OK ? got : result_name(res), row->want);
	assert_int_equal(len, strlen(got));
}

static void is_bounded(void **state)
{
	char text[5000];
	char got[HOSTNAME_MAX];
	size_t len;

	(void)state;
	memset(text, 0xc3, sizeof(text));
	assert_int_equal(
		psl_to_ascii(slice_make(text, sizeof(text)), got, &len),
		RES_TOOBIG);
	assert_int_equal(
		psl_to_ascii(slice_make("\xc3\xbc\0.de", 6), got, &len),
		RES_SYNTAX);
}

#define ORG(name, text, want) \
	CASE(name, organises, (&(const struct row){ (text), (want) }))
#define IDN(name, text, want) \
	CASE(name, spells, (&(const struct row){ (text), (want) }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ORG("a domain is its own organisation", "example.org",
			"example.org"),
		ORG("a host is of its domain", "a.b.mail.example.org",
			"example.org"),
		ORG("a suffix of two labels", "mail.example.co.uk",
			"example.co.uk"),
		ORG("a suffix is its own", "co.uk", "co.uk"),
		ORG("a wildcard suffix", "a.b.c.ck", "b.c.ck"),
		ORG("an exception to a wildcard", "a.www.ck", "www.ck"),
		ORG("a suffix nobody knows", "a.b.nosuchsuffix",
			"b.nosuchsuffix"),
		IDN("an ASCII name is folded", "Example.ORG.", "example.org"),
		IDN("an umlaut", "m\xc3\xbcller.example",
			"xn--mller-kva.example"),
		IDN("a capital umlaut", "M\xc3\x9cLLER.example",
			"xn--mller-kva.example"),
		IDN("an umlaut of two characters", "mu\xcc\x88ller.example",
			"xn--mller-kva.example"),
		IDN("a sharp s stays one",
			"stra\xc3\x9f"
			"e.example",
			"xn--strae-oqa.example"),
		IDN("an A-label stays as it is", "xn--mller-kva.example",
			"xn--mller-kva.example"),
		IDN("octets that are not UTF-8", "m\xfcller.example", "syntax"),
		IDN("what no name may hold",
			"a\xe2\x80\xae"
			"b.example",
			"syntax"),
		IDN("an address is no name", "192.0.2.1", "syntax"),
		IDN("no name at all", "", "syntax"),
		CASE("a long one is refused", is_bounded, NULL),
	};

	return cmocka_run_group_tests_name("net/psl", cases, NULL, NULL);
}
