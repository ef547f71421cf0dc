/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/hostname.h"

#include "support/case.h"

#include <string.h>

struct row {
	struct slice text;
	enum result want;
	const char *name;
};

static void reads(void **state)
{
	const struct row *row = *state;
	char name[HOSTNAME_MAX];
	size_t len = 0;

	assert_string_equal(result_name(hostname_parse(row->text, name, &len)),
		result_name(row->want));
	assert_int_equal(hostname_is_valid(row->text), row->want == RES_OK);
	if (row->want != RES_OK)
		return;
	assert_string_equal(name, row->name);
	assert_int_equal(len, strlen(row->name));
}

#define L10 "aaaaaaaaaa"
#define L63 L10 L10 L10 L10 L10 L10 "aaa"
#define D253 L63 "." L63 "." L63 "." L10 L10 L10 L10 L10 L10 "a"

#define OK(title, text, name) \
	CASE(title, reads,    \
		(&(struct row){ { text, sizeof(text) - 1 }, RES_OK, name }))
#define NO(title, text, want) \
	CASE(title, reads,    \
		(&(struct row){ { text, sizeof(text) - 1 }, want, NULL }))

static void is_within_whole_labels(void **state)
{
	static const struct {
		const char *name, *above;
		bool want;
	} rows[] = {
		{ "example.org", "example.org", true },
		{ "a.b.example.org", "example.org", true },
		{ "badexample.org", "example.org", false },
		{ "example.org", "a.example.org", false },
		{ "example.org", "org", true },
		{ "org", "example.org", false },
		{ "example.org", "", false },
		{ "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (hostname_is_within(slice_of(rows[i].name),
			    slice_of(rows[i].above)) != rows[i].want)
			fail_msg("%s, %s", rows[i].name, rows[i].above);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		OK("a name is read", "mx.example.net", "mx.example.net"),
		OK("upper case is folded", "MX.Example.NET", "mx.example.net"),
		OK("one trailing dot is dropped", "example.net.",
			"example.net"),
		OK("a single label is a name", "localhost", "localhost"),
		OK("a label may begin with a digit", "3com.example",
			"3com.example"),
		OK("a label of digits alone is fine before the last",
			"1.2.3.in-addr.arpa", "1.2.3.in-addr.arpa"),
		OK("an underscore is read", "_dmarc.example.net",
			"_dmarc.example.net"),
		OK("an A-label is read", "xn--bcher-kva.example",
			"xn--bcher-kva.example"),
		OK("a label of 63 octets is read", L63 ".net", L63 ".net"),
		OK("a name of 253 octets is read", D253, D253),
		OK("a name of 253 octets and a dot is read", D253 ".", D253),
		NO("a label of 64 octets is too big", "a" L63 ".net",
			RES_TOOBIG),
		NO("a name of 254 octets is too big", D253 "a", RES_TOOBIG),
		NO("nothing is no name", "", RES_SYNTAX),
		NO("a dot is no name", ".", RES_SYNTAX),
		NO("two trailing dots are refused", "example.net..",
			RES_SYNTAX),
		NO("a leading dot is refused", ".example.net", RES_SYNTAX),
		NO("an empty label is refused", "example..net", RES_SYNTAX),
		NO("a leading hyphen is refused", "-a.example", RES_SYNTAX),
		NO("a trailing hyphen is refused", "a-.example", RES_SYNTAX),
		NO("a blank is refused", "a b.example", RES_SYNTAX),
		NO("a NUL is refused", "a.example\0.net", RES_SYNTAX),
		NO("a bracket is refused", "victim(.attacker.example",
			RES_SYNTAX),
		NO("a U-label is refused",
			"b\xc3\xbc"
			"cher.example",
			RES_SYNTAX),
		NO("a slash is refused", "a/b.example", RES_SYNTAX),
		NO("a line end is refused", "example.net\n", RES_SYNTAX),
		NO("a dotted quad is no name", "192.0.2.1", RES_SYNTAX),
		NO("an address literal is no name", "[192.0.2.1]", RES_SYNTAX),
		CASE("a name is within another by whole labels",
			is_within_whole_labels, NULL),
	};

	return cmocka_run_group_tests_name("net/hostname", cases, NULL, NULL);
}
