/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/lookalike.h"

#include "support/case.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = { "paypal.com", "mail.example.org",
	"microsoft.com", "example-bank.co.uk", "acme.net", "not a name",
	"org" };

static const char *const kinds[] = {
	[LOOKALIKE_NO] = "no",
	[LOOKALIKE_SELF] = "self",
	[LOOKALIKE_CONFUSABLE] = "confusable",
	[LOOKALIKE_DIGITS] = "digits",
	[LOOKALIKE_FRONT] = "front",
	[LOOKALIKE_TYPO] = "typo",
	[LOOKALIKE_HYPHEN] = "hyphen",
	[LOOKALIKE_ENDING] = "ending",
};

struct row {
	const char *text;
	const char *want; /* the kind, and the name it is like */
};

typedef struct lookalike_match compare(
	const struct lookalike *l, struct slice text);

static void say(compare *f, const struct row *row)
{
	struct lookalike *set;
	struct lookalike_match m;
	char got[256];

	assert_int_equal(
		lookalike_open(names, sizeof(names) / sizeof(names[0]), &set),
		RES_OK);
	m = f(set, slice_of(row->text));
	snprintf(got, sizeof(got), "%s %.*s", kinds[m.kind], SLICE_ARG(m.name));
	assert_string_equal(got, row->want);
	lookalike_close(set);
}

static void compares_domains(void **state)
{
	say(lookalike_domain, *state);
}

static void compares_texts(void **state)
{
	say(lookalike_text, *state);
}

static void is_bounded(void **state)
{
	static char text[100000];
	struct lookalike *set;

	(void)state;
	assert_int_equal(lookalike_open(names, 1, &set), RES_OK);
	memset(text, 'p', sizeof(text));
	assert_int_equal(
		lookalike_text(set, slice_make(text, sizeof(text))).kind,
		LOOKALIKE_NO);
	memset(text, 0xd0, sizeof(text));
	assert_int_equal(
		lookalike_text(set, slice_make(text, sizeof(text))).kind,
		LOOKALIKE_NO);
	assert_int_equal(
		lookalike_domain(set, slice_make(text, sizeof(text))).kind,
		LOOKALIKE_NO);
	lookalike_close(set);
}

static void is_quiet_without_names(void **state)
{
	struct lookalike *set;

	(void)state;
	assert_int_equal(lookalike_open(NULL, 0, &set), RES_OK);
	assert_int_equal(lookalike_domain(set, slice_of("paypal.com")).kind,
		LOOKALIKE_NO);
	assert_int_equal(
		lookalike_text(set, slice_of("paypa1")).kind, LOOKALIKE_NO);
	lookalike_close(set);
}

#define DOMAIN(text, name, want) \
	CASE(text, compares_domains, (&(const struct row){ (name), (want) }))
#define TEXT(text, name, want) \
	CASE(text, compares_texts, (&(const struct row){ (name), (want) }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		DOMAIN("a protected name is itself", "paypal.com", "self "),
		DOMAIN("so is all below it", "mail.eu.paypal.com", "self "),
		DOMAIN("and its organisation", "example.org", "self "),
		DOMAIN("a name like none", "elsewhere.net", "no "),
		DOMAIN("a top level alone", "com", "no "),
		DOMAIN("Cyrillic letters for Latin ones", "xn--pypal-4ve.com",
			"confusable paypal.com"),
		DOMAIN("all of a name in Cyrillic letters, below another top "
		       "level",
			"xn--80aa0cbo65f.example", "confusable paypal.com"),
		DOMAIN("rn for m", "rnicrosoft.com",
			"confusable microsoft.com"),
		DOMAIN("a one for an l", "www.paypa1.com",
			"confusable paypal.com"),
		DOMAIN("a nought for an o", "micr0soft.com",
			"confusable microsoft.com"),
		DOMAIN("a four for an a", "p4ypal.com", "digits paypal.com"),
		DOMAIN("an i for an l", "paypai.com", "digits paypal.com"),
		DOMAIN("a letter more", "paypall.com", "typo paypal.com"),
		DOMAIN("a letter less", "microsft.com", "typo microsoft.com"),
		DOMAIN("another letter", "paypel.com", "typo paypal.com"),
		DOMAIN("two letters swapped", "payapl.com", "typo paypal.com"),
		DOMAIN("two letters are too many", "paapel.com", "no "),
		DOMAIN("a digit more is the next of a series", "paypal2.com",
			"no "),
		DOMAIN("a letter of a short name is much", "acne.net", "no "),
		DOMAIN("a slip below another top level is another name",
			"paypel.net", "no "),
		DOMAIN("a hyphen", "pay-pal.com", "hyphen paypal.com"),
		DOMAIN("no hyphen", "examplebank.co.uk",
			"hyphen example-bank.co.uk"),
		DOMAIN("another top level", "paypal.info", "ending paypal.com"),
		DOMAIN("another second level", "paypal.com.mx",
			"ending paypal.com"),
		DOMAIN("another top level of a short name", "acme.com.au",
			"no "),
		DOMAIN("that of a country below the same name", "acme.net.au",
			"no "),
		DOMAIN("the whole name in front of another",
			"paypal.com.login.example", "front paypal.com"),
		DOMAIN("and within another", "www.acme.net.login.example",
			"front acme.net"),
		DOMAIN("but not as a part of a label",
			"notacme.net.login.example", "no "),
		TEXT("a plain name", "PayPal", "no "),
		TEXT("a plain name with its domain", "service@paypal.com",
			"no "),
		TEXT("Cyrillic letters in a word",
			"P\xd0\xb0yP\xd0\xb0l Service",
			"confusable paypal.com"),
		TEXT("Cyrillic capitals", "\xd0\xa0\xd0\x90Y\xd0\xa0\xd0\x90L",
			"confusable paypal.com"),
		TEXT("a capital I for an l", "PayPaI", "confusable paypal.com"),
		TEXT("letters of mathematics",
			"\xf0\x9d\x90\xa9\xf0\x9d\x90\x9a\xf0\x9d\x90\xb2"
			"\xf0\x9d\x90\xa9\xf0\x9d\x90\x9a\xf0\x9d\x90\xa5",
			"confusable paypal.com"),
		TEXT("a digit", "Team P4YPAL.com", "digits paypal.com"),
		TEXT("a blank that is not seen is no mark",
			"Pay\xe2\x80\x8bPal", "no "),
		TEXT("but neither a disguise", "Pay\xe2\x80\x8bP\xd0\xb0l",
			"confusable paypal.com"),
		TEXT("a word with another top level", "p4ypal.net", "no "),
		TEXT("honest words", "Anna M\xc3\xbcller (Einkauf)", "no "),
		TEXT("honest words of another script",
			"\xd0\x90\xd0\xbd\xd0\xbd\xd0\xb0 "
			"\xd0\x9f\xd0\xb5\xd1\x82\xd1\x80\xd0\xbe\xd0\xb2"
			"\xd0\xb0",
			"no "),
		TEXT("what is no UTF-8", "P\xff\xfeyPal \xd0", "no "),
		TEXT("nothing", "", "no "),
		CASE("a text without end has one", is_bounded, NULL),
		CASE("without protected names nothing is alike",
			is_quiet_without_names, NULL),
	};

	return cmocka_run_group_tests_name("mail/lookalike", cases, NULL, NULL);
}
