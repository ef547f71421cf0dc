/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/mailbox.h"

#include "support/case.h"

#include <string.h>

struct row {
	const char *text;
	enum result want;
	const char *out;
};

static void reads(void **state)
{
	const struct row *row = *state;
	char out[MAILBOX_TEXT_MAX] = "untouched";

	assert_string_equal(
		result_name(mailbox_parse(slice_of(row->text), out)),
		result_name(row->want));
	assert_string_equal(out, row->want == RES_OK ? row->out : "untouched");
}

static void reads_longest(void **state)
{
	char text[300], out[MAILBOX_TEXT_MAX];

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text + 64, "@example.org", 13);
	assert_int_equal(mailbox_parse(slice_of(text), out), RES_OK);
	memset(text, 'a', 65);
	memcpy(text + 65, "@example.org", 13);
	assert_int_equal(mailbox_parse(slice_of(text), out), RES_TOOBIG);
}

static void does_not_end_at_nul(void **state)
{
	static const char text[] = "ann@example.org\0.net";
	char out[MAILBOX_TEXT_MAX];

	(void)state;
	assert_int_equal(mailbox_parse(slice_make(text, sizeof(text) - 1), out),
		RES_SYNTAX);
}

static void tells_domain(void **state)
{
	struct slice domain = mailbox_domain(slice_of("ann@example.org"));

	(void)state;
	assert_true(slice_is_equal(domain, slice_of("example.org")));
}

struct name_row {
	const char *mailbox;
	const char *want;
};

static void names(void **state)
{
	const struct name_row *row = *state;
	char out[MAILBOX_TEXT_MAX];

	assert_int_equal(mailbox_name(slice_of(row->mailbox), out), RES_OK);
	assert_string_equal(out, row->want);
}

static void names_no_longer_than_one(void **state)
{
	char text[MAILBOX_TEXT_MAX + 8], out[MAILBOX_TEXT_MAX] = "untouched";

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "ann@", 4);
	assert_int_equal(mailbox_name(slice_make(text, MAILBOX_TEXT_MAX), out),
		RES_TOOBIG);
	assert_string_equal(out, "untouched");
	assert_int_equal(
		mailbox_name(slice_make(text, MAILBOX_TEXT_MAX - 1), out),
		RES_OK);
}

#define NAMES(name, ...) \
	CASE(name, names, (&(const struct name_row){ __VA_ARGS__ }))
#define READS(name, ...) CASE(name, reads, (&(const struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		READS("a plain address is read", "ann@example.org", RES_OK,
			"ann@example.org"),
		READS("blanks around it are dropped", " \tann@example.org\r\n",
			RES_OK, "ann@example.org"),
		READS("the domain is folded, the local part is not",
			"Ann@EXAMPLE.Org.", RES_OK, "Ann@example.org"),
		READS("a detail is part of it", "a.b+c=d@example.org", RES_OK,
			"a.b+c=d@example.org"),
		READS("a quoted local part is not taken",
			"\"ann lee\"@example.org", RES_SYNTAX, ""),
		READS("two addresses are not one",
			"ann@example.org,bob@example.org", RES_SYNTAX, ""),
		READS("a line break cannot hide in it",
			"ann\r\nBcc: bob@example.org", RES_SYNTAX, ""),
		READS("a name with brackets is no address",
			"Ann <ann@example.org>", RES_SYNTAX, ""),
		READS("an address literal is not taken", "ann@[192.0.2.1]",
			RES_SYNTAX, ""),
		READS("a domain of one label is not taken", "ann@localhost",
			RES_SYNTAX, ""),
		READS("two dots in a row are a slip", "ann..b@example.org",
			RES_SYNTAX, ""),
		READS("a local part must be there", "@example.org", RES_SYNTAX,
			""),
		READS("text without an @ is no address", "example.org",
			RES_SYNTAX, ""),
		READS("nothing is no address", "", RES_SYNTAX, ""),
		READS("a way over another server is no mailbox",
			"ann%example.net@example.org", RES_SYNTAX, ""),
		READS("nor is one with bangs", "example.net!ann@example.org",
			RES_SYNTAX, ""),
		READS("nor is a program", "|id@example.org", RES_SYNTAX, ""),
		READS("nor a file", "/tmp/box@example.org", RES_SYNTAX, ""),
		READS("nor an option", "-bd@example.org", RES_SYNTAX, ""),
		READS("an odd one with signs in the middle is read",
			"a|b/c-d@example.org", RES_OK, "a|b/c-d@example.org"),
		NAMES("one mailbox has one name in any case",
			"Ann@EXAMPLE.org.", "ann@example.org"),
		NAMES("a detail makes no other mailbox",
			"ann+list+x@example.org", "ann@example.org"),
		NAMES("a sign at the beginning is no detail",
			"+ann@example.org", "+ann@example.org"),
		NAMES("a sign in the domain stays", "ann@a+b.example",
			"ann@a+b.example"),
		CASE("a name is no longer than an address",
			names_no_longer_than_one, NULL),
		CASE("a local part of 64 octets is the longest", reads_longest,
			NULL),
		CASE("a NUL does not end it", does_not_end_at_nul, NULL),
		CASE("the domain is behind the @", tells_domain, NULL),
	};

	return cmocka_run_group_tests_name("mail/mailbox", cases, NULL, NULL);
}
