/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/mailtext.h"

#include "support/case.h"

#include <stdio.h>
#include <string.h>

struct row {
	const char *text;
	enum mailtext_want want;
	const char *result;
	const char *found;
};

static void reads(void **state)
{
	const struct row *row = *state;
	struct buf out;

	buf_init(&out, MAILTEXT_TEXT_MAX);
	assert_string_equal(result_name(mailtext_read(
				    slice_of(row->text), row->want, &out)),
		row->result);
	assert_string_equal(buf_text(&out), row->found);
	buf_clear(&out);
}

/* 200 parts are what a message may have; here are more than any, for the child
 * must hold without a scan before it. */
static void a_bomb_harms_the_child_only(void **state)
{
	struct buf text, out;
	enum result res;

	(void)state;
	buf_init(&text, MAILTEXT_MESSAGE_MAX);
	buf_init(&out, MAILTEXT_TEXT_MAX);
	buf_add_text(&text,
		"MIME-Version: 1.0\nContent-Type: multipart/mixed; "
		"boundary=b\n\n");
	while (buf_result(&text) == RES_OK)
		buf_add_text(&text, "--b\n\n");
	res = mailtext_read(buf_slice(&text), MAILTEXT_HTML, &out);
	assert_true(
		res == RES_CORRUPT || res == RES_MISSING || res == RES_TIMEOUT);
	assert_int_equal(out.len, 0);
	assert_string_equal(
		result_name(mailtext_read(slice_of("From: a\n\nstill here\n"),
			MAILTEXT_TEXT, &out)),
		"ok");
	assert_string_equal(buf_text(&out), "still here\n");
	buf_clear(&text);
	buf_clear(&out);
}

static void a_long_part_is_cut(void **state)
{
	struct buf text, out;

	(void)state;
	buf_init(&text, MAILTEXT_MESSAGE_MAX);
	buf_init(&out, MAILTEXT_TEXT_MAX);
	buf_add_text(&text, "From: a\n\n");
	for (size_t i = 0; i < MAILTEXT_TEXT_MAX / 8; i++)
		buf_add_text(&text, "0123456789\n");
	assert_string_equal(result_name(mailtext_read(
				    buf_slice(&text), MAILTEXT_TEXT, &out)),
		"ok");
	assert_int_equal(out.len, MAILTEXT_TEXT_MAX);
	buf_clear(&text);
	buf_clear(&out);
}

static const char both[] =
	"MIME-Version: 1.0\n"
	"Content-Type: multipart/alternative; boundary=b\n\n"
	"--b\nContent-Type: text/plain; charset=iso-8859-1\n"
	"Content-Transfer-Encoding: quoted-printable\n\ncaf=E9\n"
	"--b\nContent-Type: text/html\n\n<p>caf&eacute;</p>\n--b--\n";

static const char report[] =
	"MIME-Version: 1.0\n"
	"Content-Type: multipart/report; report-type=delivery-status; "
	"boundary=b\n\n"
	"--b\n\nIt failed.\n"
	"--b\nContent-Type: message/delivery-status\n\n"
	"Reporting-MTA: dns; mx\n\nAction: failed\n--b--\n";

#define READ(text, ...) CASE(text, reads, (&(struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		READ("a mail without MIME is its text", "From: a\n\nhello\n",
			MAILTEXT_TEXT, "ok", "hello\n"),
		READ("the plain part comes in UTF-8", both, MAILTEXT_TEXT, "ok",
			"caf\xc3\xa9"),
		READ("the HTML is there for who asks", both, MAILTEXT_HTML,
			"ok", "<p>caf&eacute;</p>"),
		READ("a mail that is HTML only has no plain text",
			"Content-Type: text/html\n\n<p>x", MAILTEXT_TEXT,
			"missing", ""),
		READ("an attachment is no text",
			"Content-Type: text/plain\n"
			"Content-Disposition: attachment\n\nx",
			MAILTEXT_TEXT, "missing", ""),
		READ("a report tells what became of the delivery", report,
			MAILTEXT_STATUS, "ok",
			"Reporting-MTA: dns; mx\n\nAction: failed"),
		READ("any other mail tells no such thing", both,
			MAILTEXT_STATUS, "missing", ""),
		READ("an empty mail has no text", "", MAILTEXT_HTML, "missing",
			""),
		CASE("a mail of many parts harms nobody else",
			a_bomb_harms_the_child_only, NULL),
		CASE("a long part is cut", a_long_part_is_cut, NULL),
	};

	return cmocka_run_group_tests_name("ctl/mailtext", cases, NULL, NULL);
}
