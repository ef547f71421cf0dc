/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/savedmail.h"

#include "base/buf.h"
#include "support/case.h"

#include <stdio.h>
#include <string.h>

struct row {
	const char *text;
	enum result want;
	const char *fields; /* "name=value|" of each */
	const char *body; /* as it is handed on */
};

static bool keep(void *ctx, struct slice piece)
{
	buf_add(ctx, piece);
	return true;
}

static void reads(void **state)
{
	const struct row *row = *state;
	struct savedmail mail;
	struct buf out;

	assert_string_equal(
		result_name(savedmail_parse(&mail, slice_of(row->text))),
		result_name(row->want));
	if (row->want != RES_OK)
		return;
	buf_init(&out, 4096);
	for (size_t i = 0; i < mail.count; i++)
		buf_add_format(&out, "%.*s=%.*s|",
			SLICE_ARG(mail.field[i].name),
			SLICE_ARG(mail.field[i].value));
	assert_string_equal(buf_text(&out), row->fields);
	buf_reset(&out);
	assert_int_equal(savedmail_body(&mail, keep, &out), RES_OK);
	assert_string_equal(buf_text(&out), row->body);
	buf_clear(&out);
	savedmail_clear(&mail);
}

/* More fields than fit the room at first, each in its place. */
static void reads_many_fields(void **state)
{
	struct savedmail mail;
	struct buf text;
	char want[32];

	(void)state;
	buf_init(&text, 1 << 16);
	for (unsigned i = 0; i < 1000; i++)
		buf_add_format(&text, "A: %u\n", i);
	assert_int_equal(savedmail_parse(&mail, buf_slice(&text)), RES_OK);
	assert_int_equal(mail.count, 1000);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(want, sizeof(want), " %u", i);
		assert_true(
			slice_is_equal(mail.field[i].value, slice_of(want)));
	}
	savedmail_clear(&mail);
	buf_clear(&text);
}

struct pieces {
	size_t count;
	size_t octets;
	size_t wanted; /* false is said at this one */
};

static bool count(void *ctx, struct slice piece)
{
	struct pieces *p = ctx;

	assert_in_range(piece.len, 1, SAVEDMAIL_PIECE);
	p->octets += piece.len;
	return ++p->count != p->wanted;
}

static void hands_on_in_pieces(void **state)
{
	struct pieces all = { .wanted = 0 }, one = { .wanted = 1 };
	struct savedmail mail;
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	buf_add_text(&text, "A: b\n\n");
	for (unsigned i = 0; i < 100000; i++)
		buf_add_text(&text, "abc\n");
	assert_int_equal(savedmail_parse(&mail, buf_slice(&text)), RES_OK);
	assert_int_equal(savedmail_body(&mail, count, &all), RES_OK);
	assert_int_equal(all.octets, 500000);
	assert_int_equal(all.count, 500000 / SAVEDMAIL_PIECE + 1);
	assert_int_equal(savedmail_body(&mail, count, &one), RES_OK);
	assert_int_equal(one.count, 1);
	savedmail_clear(&mail);
	buf_clear(&text);
}

#define ROW(text, ...) CASE(text, reads, (&(const struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("lines that end in LF", "A: b\nC:d\n\nx\ny\n", RES_OK,
			"A= b|C=d|", "x\r\ny\r\n"),
		ROW("lines that end in CRLF", "A: b\r\n\r\nx\r\ny\r\n", RES_OK,
			"A= b|", "x\r\ny\r\n"),
		ROW("a body without a line's end", "A: b\n\nx", RES_OK, "A= b|",
			"x\r\n"),
		ROW("a folded field", "A: b\n c\n\td\nE: f\n\n", RES_OK,
			"A= b\n c\n\td|E= f|", ""),
		ROW("a field folded by CRLF", "A: b\r\n c\r\nE: f\r\n\r\n",
			RES_OK, "A= b\r\n c|E= f|", ""),
		ROW("no body and no empty line", "A: b\n", RES_OK, "A= b|", ""),
		ROW("the line of an mbox", "From a@b Mon Jan 1\nA: b\n\nx\n",
			RES_OK, "A= b|", "x\r\n"),
		ROW("a field named From", "From: a@b\n\n", RES_OK, "From= a@b|",
			""),
		ROW("blanks in front of the colon", "A \t: b\n\n", RES_OK,
			"A= b|", ""),
		ROW("a body that begins without an empty line",
			"A: b\nno field\nC: d\n", RES_OK, "A= b|",
			"no field\r\nC: d\r\n"),
		ROW("empty lines of the body stay", "A: b\n\n\nx\n\n", RES_OK,
			"A= b|", "\r\nx\r\n\r\n"),
		ROW("a bare CR stays", "A: b\n\nx\ry\n", RES_OK, "A= b|",
			"x\ry\r\n"),
		ROW("nothing", "", RES_SYNTAX, "", ""),
		ROW("a body only", "\nx\n", RES_SYNTAX, "", ""),
		ROW("a fold only", " a: b\n\n", RES_SYNTAX, "", ""),
		ROW("no field", "hello world\n", RES_SYNTAX, "", ""),
		ROW("a line of mbox only", "From a@b", RES_SYNTAX, "", ""),
		CASE("many fields keep their order", reads_many_fields, NULL),
		CASE("a long body comes in pieces, while it is wanted",
			hands_on_in_pieces, NULL),
	};

	return cmocka_run_group_tests_name("ctl/savedmail", cases, NULL, NULL);
}
