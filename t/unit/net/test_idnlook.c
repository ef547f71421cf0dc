/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/idnlook.h"

#include "support/case.h"

#include <string.h>

struct row {
	const char *name; /* in UTF-8, or A-labels */
	enum idnlook want;
};

static const char *word_of(enum idnlook look)
{
	static const char *const words[] = { "plain", "mixed", "latin",
		"broken" };

	return words[look];
}

static void looks(void **state)
{
	const struct row *row = *state;
	char ascii[HOSTNAME_MAX], shown[PSL_UNICODE_MAX];
	size_t len;

	assert_int_equal(
		psl_to_ascii(slice_of(row->name), ascii, &len), RES_OK);
	assert_string_equal(
		word_of(idnlook_of(slice_make(ascii, len), shown, &len)),
		word_of(row->want));
	if (row->want != IDNLOOK_BROKEN)
		assert_true(slice_is_equal(
			slice_make(shown, len), slice_of(row->name)));
}

#define LOOKS(text, name, want) \
	CASE(text, looks, (&(const struct row){ name, want }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		LOOKS("a name in ASCII is plain", "mail.example.org",
			IDNLOOK_PLAIN),
		LOOKS("an umlaut is plain", "m\xc3\xbcller.example",
			IDNLOOK_PLAIN),
		LOOKS("a Russian name is plain",
			"\xd0\xbf\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0.example",
			IDNLOOK_PLAIN),
		LOOKS("two scripts in two labels are plain",
			"mail.\xd0\xb4\xd0\xbe\xd0\xbc.example", IDNLOOK_PLAIN),
		LOOKS("a Greek name is plain",
			"\xce\xba\xce\xb1\xce\xbb\xce\xb7.example",
			IDNLOOK_PLAIN),
		LOOKS("a Japanese name of three scripts is plain",
			"a\xe3\x81\x82\xe6\x97\xa5.example", IDNLOOK_PLAIN),
		LOOKS("one Cyrillic letter among Latin ones mixes",
			"p\xd0\xb0ypal.example", IDNLOOK_MIXED),
		LOOKS("a Greek one too", "g\xce\xbfogle.example",
			IDNLOOK_MIXED),
		LOOKS("Cyrillic letters that look Latin",
			"\xd0\xb0\xd1\x80\xd1\x80\xd3\x8f\xd0\xb5.example",
			IDNLOOK_LATIN),
		LOOKS("Cyrillic letters that do not",
			"\xd0\xba\xd0\xbd\xd0\xbe\xd0\xbf\xd0\xba\xd0\xb0"
			".example",
			IDNLOOK_PLAIN),
		LOOKS("they are at home below their own top level",
			"\xd1\x81\xd0\xbe\xd1\x80.\xd1\x80\xd1\x84",
			IDNLOOK_PLAIN),
		LOOKS("a phonetic letter among Latin ones",
			"\xc9\xa1oogle.example", IDNLOOK_LATIN),
		LOOKS("two Indian scripts mix",
			"\xe0\xa4\x95\xe0\xa6\x95.example", IDNLOOK_MIXED),
		LOOKS("an A-label that is none",
			"xn--a-ecp.xn--999999999999.example", IDNLOOK_BROKEN),
	};

	return cmocka_run_group_tests_name("net/idnlook", cases, NULL, NULL);
}
