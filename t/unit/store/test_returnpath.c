/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/returnpath.h"

#include "store/secret.h"
#include "support/case.h"

#include <string.h>

static const char host[] = "mx.example.net";

static struct secret a_secret(char first)
{
	struct secret s = { .len = 32 };

	s.octet[0] = (uint8_t)first;
	return s;
}

/* The local part of the address that belongs to a new reference. */
static struct slice make(const struct secret *s, char ref[CASE_REF_MAX],
	char out[RETURNPATH_MAX])
{
	const char *at;

	case_ref_new(ref);
	assert_int_equal(
		returnpath_format(s, slice_of(ref), host, out), RES_OK);
	at = strchr(out, '@');
	assert_non_null(at);
	assert_string_equal(at + 1, host);
	return slice_make(out, (size_t)(at - out));
}

static void expect(const struct secret *s, struct slice local, const char *want,
	const char *ref)
{
	char id[CASE_REF_MAX] = "";

	assert_string_equal(result_name(returnpath_parse(s, local, id)), want);
	assert_string_equal(id, ref);
}

static void comes_back(void **state)
{
	const struct secret s = a_secret('a');
	char ref[CASE_REF_MAX];
	char text[RETURNPATH_MAX];
	const struct slice local = make(&s, ref, text);

	(void)state;
	/* RFC 5321 s4.5.3.1.1 */
	assert_true(local.len <= 64);
	expect(&s, local, "ok", ref);
}

static void any_case(void **state)
{
	const struct secret s = a_secret('a');
	char ref[CASE_REF_MAX];
	char text[RETURNPATH_MAX];
	const struct slice local = make(&s, ref, text);

	(void)state;
	for (char *c = text; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + ('a' - 'A'));
	expect(&s, local, "ok", ref);
	for (char *c = text; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - ('a' - 'A'));
	expect(&s, local, "ok", ref);
}

static void guessed(void **state)
{
	const struct secret s = a_secret('a');
	char ref[CASE_REF_MAX];
	char text[RETURNPATH_MAX];
	const struct slice local = make(&s, ref, text);
	char *last = text + local.len - 1;

	(void)state;
	*last = *last == '0' ? '1' : '0';
	expect(&s, local, "denied", "");
}

static void other_secret(void **state)
{
	const struct secret one = a_secret('a');
	const struct secret two = a_secret('b');
	char ref[CASE_REF_MAX];
	char text[RETURNPATH_MAX];

	(void)state;
	expect(&two, make(&one, ref, text), "denied", "");
}

static void others(void **state)
{
	const struct secret s = a_secret('a');
	static const char *const texts[] = {
		"",
		"bounce",
		"bounce+",
		"bounce+.",
		"postmaster",
		"ticket+00000000000000000.0123456789",
		"bounce+0000000000000000.0123456789",
		"bounce+00000000000000000.012345678",
		"bounce+00000000000000000.01234567890",
		"bounce+00000000000000000",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect(&s, slice_of(texts[i]), "missing", "");
}

static void long_host(void **state)
{
	const struct secret s = a_secret('a');
	char name[RETURNPATH_MAX];
	char out[RETURNPATH_MAX];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(
		returnpath_format(&s, slice_of("00000000000000000"), name, out),
		RES_TOOBIG);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a letter that comes back names its request", comes_back,
			NULL),
		CASE("mail servers may change the case", any_case, NULL),
		CASE("a guessed address is refused", guessed, NULL),
		CASE("another site's address is refused", other_secret, NULL),
		CASE("other mailboxes are no return paths", others, NULL),
		CASE("a host without end has no room", long_host, NULL),
	};

	return cmocka_run_group_tests_name(
		"store/returnpath", cases, NULL, NULL);
}
