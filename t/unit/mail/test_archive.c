/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/archive.h"

#include "base/buf.h"
#include "base/file.h"
#include "support/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_LEN = 512, ENTRIES = 50, SIZE_MAX_HERE = 100000 };

struct row {
	const char *file; /* of t/data/corpus/archive */
	const char *want; /* names, one a line, "*" before an encrypted one */
};

static bool take(void *ctx, const struct archive_entry *e)
{
	buf_add_format(ctx, "%s%.*s\n", e->is_encrypted ? "*" : "",
		SLICE_ARG(e->name));
	return true;
}

static void tell(struct buf *got, struct slice octets, bool is_cut)
{
	const struct archive a =
		archive_list(octets, is_cut, ENTRIES, take, got);

	buf_add_text(got, a.is_known ? "" : "unknown");
	buf_add_text(got, a.is_encrypted ? "encrypted" : "");
	buf_add_text(got, a.is_packed ? "packed" : "");
	buf_add_text(got, a.is_broken ? "broken" : "");
	buf_add_text(got, a.has_more ? "more" : "");
}

static struct buf load(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[PATH_LEN];
	struct buf file;

	snprintf(path, sizeof(path), "%s/t/data/corpus/archive/%s",
		top == NULL ? "." : top, name);
	buf_init(&file, SIZE_MAX_HERE);
	assert_int_equal(file_read(path, &file), RES_OK);
	return file;
}

static void lists(void **state)
{
	const struct row *row = *state;
	struct buf file = load(row->file), got;

	buf_init(&got, 10000);
	tell(&got, buf_slice(&file), false);
	assert_string_equal(buf_text(&got), row->want);
	buf_clear(&got);
	buf_clear(&file);
}

/* Whatever is missing at the end, what was shown stays the same. */
static void lists_what_is_left(void **state)
{
	const struct row *row = *state;
	struct buf file = load(row->file);
	char *copy = malloc(file.len);

	assert_non_null(copy);
	for (size_t len = 0; len < file.len; len += file.len / 97 + 1) {
		struct buf got;

		memcpy(copy, file.at, len);
		buf_init(&got, 10000);
		tell(&got, slice_make(copy, len), true);
		assert_null(strstr(buf_text(&got), "broken"));
		buf_clear(&got);
	}
	free(copy);
	buf_clear(&file);
}

static void shows_no_more_than_told(void **state)
{
	struct buf file = load("zip"), got;
	struct archive a;

	(void)state;
	buf_init(&got, 1000);
	a = archive_list(buf_slice(&file), false, 1, take, &got);
	assert_string_equal(buf_text(&got), "readme.txt\n");
	assert_int_equal(a.entries, 1);
	assert_true(a.has_more);
	buf_clear(&got);
	buf_clear(&file);
}

static void knows_no_other_file(void **state)
{
	struct buf got;

	(void)state;
	buf_init(&got, 100);
	tell(&got, slice_of("hello"), false);
	tell(&got, slice_of(""), false);
	assert_string_equal(buf_text(&got), "unknownunknown");
	buf_clear(&got);
}

#define LISTS(name, file, want) \
	CASE(name, lists, (&(const struct row){ file, want }))
#define CUT(name, file) \
	CASE(name, lists_what_is_left, (&(const struct row){ file, NULL }))

#define D10 "d/d/d/d/d/d/d/d/d/d/"
#define BOTH "readme.txt\nsetup.exe\n"

int main(void)
{
	const struct CMUnitTest cases[] = {
		LISTS("a ZIP file", "zip", BOTH),
		LISTS("one with a password", "zip-locked",
			"*setup.exe\nencrypted"),
		LISTS("one without its directory", "zip-cut", BOTH "broken"),
		LISTS("one with something in front", "zip-moved", BOTH),
		LISTS("a RAR file", "rar4", "readme.txt\na\\setup.exe\n"),
		LISTS("one with a password", "rar4-locked",
			"*setup.exe\nencrypted"),
		LISTS("one with encrypted names", "rar4-hidden", "encrypted"),
		LISTS("a RAR 5 file", "rar5", "readme.txt\na/setup.exe\n"),
		LISTS("one with a password", "rar5-locked",
			"*setup.exe\nencrypted"),
		LISTS("one with encrypted names", "rar5-hidden", "encrypted"),
		LISTS("a 7z file", "7z", "a/rechnung.pdf.js\n" BOTH),
		LISTS("one with packed names", "7z-packed", "packed"),
		LISTS("one with a password", "7z-locked",
			"*setup.exe\nencrypted"),
		LISTS("one with encrypted names", "7z-hidden", "encrypted"),
		LISTS("a tar file", "tar", BOTH "a/rechnung.pdf.js\n"),
		LISTS("a long name in one", "tar-long",
			D10 D10 D10 D10 D10 D10 "setup.exe\n"),
		LISTS("a name in gzip", "gzip", "setup.exe\n"),
		LISTS("a cabinet", "cabinet", BOTH),
		LISTS("an image of a disc", "iso",
			"README.TXT;1\nSETUP.EXE;1\n"),
		CUT("a ZIP file that is cut", "zip"),
		CUT("a RAR file that is cut", "rar4"),
		CUT("a RAR 5 file that is cut", "rar5-locked"),
		CUT("a 7z file that is cut", "7z"),
		CUT("a tar file that is cut", "tar-long"),
		CUT("a cabinet that is cut", "cabinet"),
		CUT("an image that is cut", "iso"),
		cmocka_unit_test(shows_no_more_than_told),
		cmocka_unit_test(knows_no_other_file),
	};

	return cmocka_run_group_tests_name("mail/archive", cases, NULL, NULL);
}
