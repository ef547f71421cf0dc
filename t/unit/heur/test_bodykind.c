/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/bodykind.h"

#include "support/case.h"

#include <string.h>

struct row {
	struct slice front;
	enum body_kind want;
};

static const char *name_of(enum body_kind kind)
{
	static const char *const names[] = { "other", "text", "html", "image",
		"pdf", "program", "zip", "archive", "ole", "message" };

	return names[kind];
}

static void tells(void **state)
{
	const struct row *row = *state;

	assert_string_equal(
		name_of(bodykind_of(row->front)), name_of(row->want));
}

/* A tar file says what it is at octet 257, an image of a disc at 32769. */
static void tells_what_stands_far_behind(void **state)
{
	static char file[40000];

	(void)state;
	memcpy(file, "readme.txt", 10);
	memcpy(file + 257, "ustar", 5);
	assert_int_equal(bodykind_of(slice_make(file, 512)), BODY_ARCHIVE);
	assert_int_equal(bodykind_of(slice_make(file, 260)), BODY_OTHER);
	memset(file, 0, 512);
	memcpy(file + 32769, "CD001", 5);
	assert_int_equal(
		bodykind_of(slice_make(file, sizeof(file))), BODY_ARCHIVE);
	assert_int_equal(bodykind_of(slice_make(file, 32770)), BODY_OTHER);
}

#define TELLS(name, front, want) \
	CASE(name, tells,        \
		(&(const struct row){ { front, sizeof(front) - 1 }, want }))

#define ZEROS16 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define DOS_HEAD "MZ\x90\0" ZEROS16 ZEROS16 ZEROS16 "\0\0\0\0\0\0\0\0"

int main(void)
{
	const struct CMUnitTest cases[] = {
		TELLS("nothing is text", "", BODY_TEXT),
		TELLS("text", "Hello,\r\n", BODY_TEXT),
		TELLS("text above 127", "\xc3\xbc", BODY_TEXT),
		TELLS("what holds a NUL is none", "a\0b", BODY_OTHER),
		TELLS("a page", "\xef\xbb\xbf\r\n<!DOCTYPE HTML><p>",
			BODY_HTML),
		TELLS("a drawing", "<?xml version='1.0'?>\n<svg>", BODY_HTML),
		TELLS("another document of XML", "<?xml version='1.0'?><a>",
			BODY_TEXT),
		TELLS("a program of Windows", DOS_HEAD "\x40\0\0\0PE\0\0",
			BODY_PROGRAM),
		TELLS("one of DOS", DOS_HEAD "\xff\xff\0\0", BODY_PROGRAM),
		TELLS("a text that begins like one",
			"MZ is a mark of programs, and begins a text here that "
			"is long enough to be one",
			BODY_TEXT),
		TELLS("a program of Linux",
			"\x7f"
			"ELF",
			BODY_PROGRAM),
		TELLS("a script", "#!/bin/sh\n", BODY_PROGRAM),
		TELLS("a heading is no script", "#! hello", BODY_TEXT),
		TELLS("a shortcut of Windows", "L\0\0\0\x01\x14\x02\0",
			BODY_PROGRAM),
		TELLS("a ZIP file", "PK\x03\x04", BODY_ZIP),
		TELLS("a RAR file", "Rar!\x1a\x07\0", BODY_ARCHIVE),
		TELLS("an old document of an office",
			"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", BODY_OLE),
		TELLS("a PDF file", "%PDF-1.7", BODY_PDF),
		TELLS("a picture", "\x89PNG\r\n\x1a\n\0", BODY_IMAGE),
		TELLS("a text that begins like a picture", "GIF89a is old",
			BODY_TEXT),
		cmocka_unit_test(tells_what_stands_far_behind),
	};

	return cmocka_run_group_tests_name("heur/bodykind", cases, NULL, NULL);
}
