/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/filename.h"

#include "support/case.h"

#include <string.h>

struct row {
	const char *name;
	const char *ending;
	bool is_program;
	bool is_disguised;
};

static void reads(void **state)
{
	char exe[] = "exe", js[] = "js";
	char *const names[] = { exe, js };
	const struct filename_endings programs = { names, 2 };
	const struct row *row = *state;
	const struct slice name = slice_of(row->name);
	const struct slice got = filename_ending(name);

	assert_int_equal(got.len, strlen(row->ending));
	assert_memory_equal(got.at, row->ending, got.len);
	assert_int_equal(filename_is_of(name, &programs), row->is_program);
	assert_int_equal(filename_is_disguised(name), row->is_disguised);
}

#define READS(text, ...) CASE(text, reads, (&(const struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		READS("a document", "letter.pdf", "pdf", false, false),
		READS("a program", "Setup.EXE", "EXE", true, false),
		READS("a name without an ending", "setup", "", false, false),
		READS("no name", "", "", false, false),
		READS("the dot of a folder is none", "a.exe/b", "", false,
			false),
		READS("blanks and dots at its end do not count", "a.exe. . ",
			"exe", true, false),
		READS("a version behind it", "A.EXE;1", "EXE;1", true, false),
		READS("a program behind a document", "invoice.pdf.exe", "exe",
			true, true),
		READS("a program behind what is none", "jquery.min.js", "js",
			true, false),
		READS("a document behind a document", "a.xls.pdf", "pdf", false,
			true),
		READS("a program behind blanks", "a.x         .exe", "exe",
			true, true),
		READS("one blank is none of those", "my file.exe", "exe", true,
			false),
		READS("a name that turns around",
			"cod\xe2\x80\xae"
			"fdp.exe",
			"exe", true, true),
		READS("octets that are no characters", "\xff\xfe.exe", "exe",
			true, false),
	};

	return cmocka_run_group_tests_name("heur/filename", cases, NULL, NULL);
}
