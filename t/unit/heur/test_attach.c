/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/attach.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "conf/conf.h"
#include "support/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_LEN = 512, FILE_MAX = 100000 };

struct row {
	const char *type, *name;
	enum body_kind kind;
	struct slice content;
	const char *file; /* of t/data/corpus/archive, in place of content */
	const char *want; /* "word factor subject|evidence", one a line */
};

static struct conf *load(void)
{
	struct conf *c = NULL;
	struct buf errors;

	buf_init(&errors, 4096);
	if (conf_load_text("f",
		    slice_of("host = \"mx.example.net\"\n"
			     "portal_url = \"https://p.example.net\"\n"
			     "milter { socket = \"inet:8894@127.0.0.1\" }\n"),
		    &c, &errors) != RES_OK)
		fail_msg("%s", buf_text(&errors));
	buf_clear(&errors);
	return c;
}

static void read_archive(const char *name, struct buf *out)
{
	const char *top = getenv("top_srcdir");
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "%s/t/data/corpus/archive/%s",
		top == NULL ? "." : top, name);
	assert_int_equal(file_read(path, out), RES_OK);
}

static void describe(const struct findings *found, struct buf *out)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct finding *f = &found->item[i];

		assert_string_equal(f->check, "attach");
		if (f->outcome == OUTCOME_HIT)
			buf_add_format(out, "%s %.2f %.*s|%.*s\n", f->detail,
				f->factor, SLICE_ARG(f->subject),
				SLICE_ARG(f->evidence));
		else
			buf_add_format(out, "%s\n", outcome_name(f->outcome));
	}
}

static void judge(const struct body_facts *facts, const char *want)
{
	struct conf *conf = load();
	struct arena *a = arena_new(65536);
	struct findings found = { .count = 0 };
	struct body_facts body = *facts;
	const struct check_input in = {
		.conf = conf, .arena = a, .body = &body
	};
	struct buf got;

	buf_init(&got, 10000);
	assert_int_equal(attach_step(&in, &found), CHECK_DONE);
	describe(&found, &got);
	assert_string_equal(buf_text(&got), want);
	buf_clear(&got);
	arena_free(a);
	conf_release(conf);
}

static void judges(void **state)
{
	const struct row *row = *state;
	struct body_part part = {
		.type = slice_of(row->type),
		.name = slice_of(row->name),
		.kind = row->kind,
		.content = row->content,
	};
	const struct body_facts facts = {
		.is_known = true, .parts = &part, .part_count = 1
	};
	struct buf file;

	buf_init(&file, FILE_MAX);
	if (row->file != NULL) {
		read_archive(row->file, &file);
		part.content = buf_slice(&file);
	}
	judge(&facts, row->want);
	buf_clear(&file);
}

static void tells_what_is_wrong_with_the_whole(void **state)
{
	const struct body_facts broken = { .is_known = true,
		.is_broken = true };
	const struct body_facts deep = { .is_known = true,
		.is_too_deep = true };
	const struct body_facts many = { .is_known = true,
		.has_too_many = true };
	const struct body_facts unknown = { .is_broken = true };

	(void)state;
	judge(&broken,
		"broken 1.00 |a boundary of a multipart is missing, or base64 "
		"is none\n");
	judge(&deep, "too_many 1.00 |parts lie too deep in each other\n");
	judge(&many, "too_many 1.00 |there are too many parts\n");
	judge(&unknown, "");
}

#define ROW(type, name, kind, content, file, want) \
	(&(const struct row){ type, name, kind,    \
		{ content, sizeof(content) - 1 }, file, want })
#define JUDGES(text, type, name, kind, content, want) \
	CASE(text, judges, ROW(type, name, kind, content, NULL, want))
#define ARCHIVE(text, name, kind, file, want) \
	CASE(text, judges, ROW("application/x", name, kind, "", file, want))

#define VBA "\xd0\xcf_\0V\0B\0A\0_\0P\0R\0O\0J\0E\0C\0T\0\0\0"
#define LOCKED "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0"

int main(void)
{
	const struct CMUnitTest cases[] = {
		JUDGES("a document is fine", "application/pdf", "a.pdf",
			BODY_PDF, "", "miss\n"),
		JUDGES("text is fine", "text/plain", "", BODY_TEXT, "a",
			"miss\n"),
		JUDGES("the name of a program", "image/png", "a.scr",
			BODY_OTHER, "",
			"executable 1.00 scr|attachment \"a.scr\" (image/png) "
			"has the name of a program\n"),
		JUDGES("a program under another name",
			"application/octet-stream", "a.dat", BODY_PROGRAM, "MZ",
			"executable 1.00 dat|attachment \"a.dat\" "
			"(application/octet-stream) is a program\n"),
		JUDGES("a script of a shell is a little of one", "text/x-sh",
			"a.sh", BODY_PROGRAM, "#!/bin/sh",
			"executable 0.25 sh|attachment \"a.sh\" (text/x-sh) is "
			"a program\n"),
		JUDGES("a letter that is called after a host is none",
			"text/plain", "news of example.com", BODY_TEXT, "",
			"miss\n"),
		JUDGES("a message within is none", "message/rfc822",
			"mail.example.com", BODY_MESSAGE, "", "miss\n"),
		JUDGES("a name with two endings", "application/x",
			"invoice.pdf.js", BODY_TEXT, "",
			"executable 1.00 js|attachment \"invoice.pdf.js\" "
			"(application/x) has the name of a program\n"
			"double_extension 1.00 js|attachment "
			"\"invoice.pdf.js\" (application/x) hides that it is a "
			"program\n"),
		JUDGES("two endings of documents are fine", "application/x",
			"a.xls.pdf", BODY_PDF, "", "miss\n"),
		JUDGES("a document made for macros", "application/x", "a.docm",
			BODY_ZIP, "",
			"macro 1.00 docm|attachment \"a.docm\" (application/x) "
			"is a document that holds macros\n"),
		JUDGES("an old document with macros", "application/msword",
			"a.doc", BODY_OLE, VBA,
			"macro 1.00 doc|attachment \"a.doc\" "
			"(application/msword) holds macros\n"),
		JUDGES("one without", "application/msword", "a.doc", BODY_OLE,
			"\xd0\xcf", "miss\n"),
		JUDGES("one that is encrypted", "application/x", "a.docx",
			BODY_OLE, LOCKED,
			"encrypted 1.00 docx|attachment \"a.docx\" "
			"(application/x) is encrypted\n"),
		ARCHIVE("a program in an archive", "a.zip", BODY_ZIP, "zip",
			"archived 1.00 exe|archive \"a.zip\" holds the program "
			"\"setup.exe\"\n"),
		ARCHIVE("one behind a password", "a.rar", BODY_ARCHIVE,
			"rar5-locked",
			"archived 1.00 exe|archive \"a.rar\" holds the program "
			"\"setup.exe\"\n"
			"encrypted 1.00 rar|attachment \"a.rar\" "
			"(application/x) is encrypted\n"),
		ARCHIVE("an archive whose names are encrypted", "a.7z",
			BODY_ARCHIVE, "7z-hidden",
			"encrypted 1.00 7z|attachment \"a.7z\" (application/x) "
			"is encrypted\n"),
		ARCHIVE("one whose names are packed is not known", "a.7z",
			BODY_ARCHIVE, "7z-packed", "miss\n"),
		ARCHIVE("an archive that is damaged", "a.zip", BODY_ZIP,
			"zip-cut",
			"archived 1.00 exe|archive \"a.zip\" holds the program "
			"\"setup.exe\"\n"
			"broken 1.00 zip|attachment \"a.zip\" (application/x) "
			"is an archive that is damaged\n"),
		cmocka_unit_test(tells_what_is_wrong_with_the_whole),
	};

	return cmocka_run_group_tests_name("heur/attach", cases, NULL, NULL);
}
