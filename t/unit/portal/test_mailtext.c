/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/mailtext.h"

#include "support/case.h"

#include <string.h>

struct row {
	const char *name; /* of the field; NULL: a body */
	const char *address; /* NULL: an unstructured field */
	const char *text;
	const char *want;
};

static void writes(void **state)
{
	const struct row *row = *state;
	struct buf out;

	buf_init(&out, 65536);
	if (row->name == NULL)
		mailtext_body(&out, slice_of(row->text));
	else if (row->address == NULL)
		mailtext_field(&out, row->name, slice_of(row->text));
	else
		mailtext_mailbox(
			&out, row->name, slice_of(row->text), row->address);
	assert_int_equal(buf_result(&out), RES_OK);
	assert_string_equal(buf_text(&out), row->want);
	buf_clear(&out);
}

static void octet_nul(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	mailtext_field(&out, "Subject", slice_make("a\0b", 3));
	assert_string_equal(buf_text(&out), "Subject: a b\n");
	buf_clear(&out);
}

struct fit {
	const char *address;
	bool want;
};

static void fits(void **state)
{
	const struct fit *row = *state;

	assert_int_equal(mailtext_is_fit(slice_of(row->address)), row->want);
}

static void dates(void **state)
{
	char text[MAILTEXT_DATE_MAX];

	(void)state;
	assert_string_equal(mailtext_date(1795717259000, text),
		"Thu, 26 Nov 2026 18:20:59 +0000");
	assert_string_equal(
		mailtext_date(0, text), "Thu, 1 Jan 1970 00:00:00 +0000");
}

#define FIELD(text, ...)   \
	CASE(text, writes, \
		(&(const struct row){ "Subject", NULL, __VA_ARGS__ }))
#define MAILBOX(text, ...) \
	CASE(text, writes, \
		(&(const struct row){ "From", "p@mx.example", __VA_ARGS__ }))
#define BODY(text, ...) \
	CASE(text, writes, (&(const struct row){ NULL, NULL, __VA_ARGS__ }))
#define FIT(text, ...) CASE(text, fits, (&(const struct fit){ __VA_ARGS__ }))

#define TEN "0123456789"
#define SEVENTY TEN TEN TEN TEN TEN TEN TEN
#define LINK "https://postmaster.example.net/c/" TEN TEN TEN TEN TEN

int main(void)
{
	const struct CMUnitTest cases[] = {
		FIELD("plain words are left alone", "Please confirm",
			"Subject: Please confirm\n"),
		FIELD("a line end cannot begin another field",
			"one\r\nBcc: all@example.org",
			"Subject: one  Bcc: all@example.org\n"),
		FIELD("what looks like an encoded word is encoded", "=?x?q?y?=",
			"Subject: =?UTF-8?Q?=3D=3Fx=3Fq=3Fy=3F=3D?=\n"),
		FIELD("words that are not ASCII are encoded",
			"Solicitação de remoção",
			"Subject: =?UTF-8?Q?Solicita=C3=A7=C3=A3o_de_"
			"remo=C3=A7=C3=A3o?=\n"),
		FIELD("a long subject is folded between characters",
			"ççççççççççççççççç",
			"Subject: =?UTF-8?Q?=C3=A7=C3=A7=C3=A7=C3=A7=C3=A7"
			"=C3=A7=C3=A7=C3=A7=C3=A7?=\n"
			" =?UTF-8?Q?=C3=A7=C3=A7=C3=A7=C3=A7=C3=A7=C3=A7=C3=A7"
			"=C3=A7?=\n"),
		FIELD("broken UTF-8 breaks nothing", "a\xc3",
			"Subject: =?UTF-8?Q?a=C3?=\n"),
		CASE("a NUL is a blank", octet_nul, NULL),
		MAILBOX("a name stands before the address", "Example Mail",
			"From: Example Mail\n <p@mx.example>\n"),
		MAILBOX("a name with a dot is no atom", "mx.example.net",
			"From: =?UTF-8?Q?mx=2Eexample=2Enet?=\n"
			" <p@mx.example>\n"),
		MAILBOX("a name cannot hold an address of its own",
			"x <evil@example.org>",
			"From: =?UTF-8?Q?x_=3Cevil=40example=2Eorg=3E?=\n"
			" <p@mx.example>\n"),
		MAILBOX("no name, no words", " ", "From: <p@mx.example>\n"),
		BODY("plain lines are left alone", "one\n\ntwo\n",
			"one\n\ntwo\n"),
		BODY("the equals sign is quoted", "a=b", "a=3Db\n"),
		BODY("letters that are not ASCII are quoted", "não",
			"n=C3=A3o\n"),
		BODY("blanks at the end of a line go", "one  \r\ntwo\t",
			"one\ntwo\n"),
		BODY("a lone dot ends nothing", ".", "=2E\n"),
		BODY("no line looks like the head of an mbox", "From us",
			"=46rom us\n"),
		BODY("a control octet is quoted", "a\x1b[0m", "a=1B[0m\n"),
		BODY("a long link is broken by the encoding only",
			"see\n" LINK "\nplease",
			"see\n"
			"https://postmaster.example.net/c/"
			"012345678901234567890123456789012345678901=\n"
			"23456789\n"
			"please\n"),
		BODY("a line of 76 needs no break", SEVENTY "123456",
			SEVENTY "123456\n"),
		BODY("a line of 77 needs one", SEVENTY "1234567",
			SEVENTY "12345=\n67\n"),
		BODY("a quoted octet is not cut in two", SEVENTY "1234=x",
			SEVENTY "1234=\n=3Dx\n"),
		CASE("dates are in English and in UTC", dates, NULL),
		FIT("an address", "joe@example.org", true),
		FIT("an address with a plus", "joe+x.1@example.org", true),
		FIT("two addresses", "a@b.example,c@d.example", false),
		FIT("no address", "joe", false),
		FIT("an address in brackets", "<joe@example.org>", false),
		FIT("a line end", "joe@example.org\nX: y", false),
		FIT("a blank", "joe @example.org", false),
		FIT("two at signs", "a@b@c", false),
		FIT("nobody", "@example.org", false),
		FIT("nowhere", "joe@", false),
		FIT("nothing", "", false),
	};

	return cmocka_run_group_tests_name(
		"portal/mailtext", cases, NULL, NULL);
}
