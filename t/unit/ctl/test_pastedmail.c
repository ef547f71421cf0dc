/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/pastedmail.h"

#include "base/arena.h"

#include "support/case.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 4 * 1024 * 1024 };

struct row {
	const char *text;
	const char *before;
	const char *message; /* NULL: none is found */
	const char *from;
	const char *subject;
};

static void is_text(struct slice got, const char *want)
{
	char text[4096];

	assert_true(got.len < sizeof(text));
	if (got.len > 0)
		memcpy(text, got.at, got.len);
	text[got.len] = '\0';
	assert_string_equal(text, want);
}

static void finds(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new(ARENA_MAX);
	struct pastedmail got;
	enum result res = pastedmail_find(slice_of(row->text), a, &got);

	if (row->message == NULL) {
		assert_string_equal(result_name(res), "missing");
	} else {
		assert_string_equal(result_name(res), "ok");
		is_text(got.before, row->before);
		is_text(got.message, row->message);
		is_text(got.from, row->from);
		is_text(got.subject, row->subject);
	}
	arena_free(a);
}

/* As much as a text may be, of the worst lines. */
static void a_long_text_is_read_once(void **state)
{
	struct arena *a = arena_new(ARENA_MAX);
	const size_t len = 256 * 1024;
	char *text = malloc(len);
	struct pastedmail got;

	(void)state;
	assert_non_null(text);
	memset(text, '>', len);
	assert_string_equal(
		result_name(pastedmail_find(slice_make(text, len), a, &got)),
		"missing");
	free(text);
	arena_free(a);
}

#define FIND(text, ...) CASE(text, finds, (&(struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		FIND("Original Message",
			"junk!\n\n-----Original Message-----\nFrom: S <s@x>\n"
			"Sent: Monday\nSubject: Buy\n\nBuy it.\n",
			"junk!\n\n",
			"From: S <s@x>\nSent: Monday\nSubject: Buy\n\n"
			"Buy it.\n",
			"S <s@x>", "Buy"),
		FIND("Forwarded message",
			"---------- Forwarded message ---------\r\n"
			"From: s@x\r\nSubject: a\r\n\r\nb\r\n",
			"", "From: s@x\r\nSubject: a\r\n\r\nb\r\n", "s@x", "a"),
		FIND("Begin forwarded message, and quoted",
			"x\nBegin forwarded message:\n\n> From: s@x\n"
			"> Subject: a\n>\n> b\n",
			"x\n", "From: s@x\nSubject: a\n\nb\n", "s@x", "a"),
		FIND("Mensaje reenviado",
			"---------- Mensaje reenviado ---------\nDe: s@x\n"
			"Asunto: a\n",
			"", "De: s@x\nAsunto: a\n", "s@x", "a"),
		FIND("Mensagem original",
			"-----Mensagem original-----\nDe: s@x\n"
			"Enviada em: segunda\nAssunto: a\n",
			"", "De: s@x\nEnviada em: segunda\nAssunto: a\n", "s@x",
			"a"),
		FIND("In\xc3\xad"
		     "cio da mensagem encaminhada",
			"In\xc3\xad"
			"cio da mensagem encaminhada:\n\nDe: s@x\n",
			"", "De: s@x\n", "s@x", ""),
		FIND("names in bold type",
			"-----Original Message-----\n*From:* S\n*Subject:* a\n",
			"", "*From:* S\n*Subject:* a\n", "S", "a"),
		FIND("the source of a mail",
			"this came:\nReturn-Path: <s@x>\nFrom: s@x\n\nb\n",
			"this came:\n", "Return-Path: <s@x>\nFrom: s@x\n\nb\n",
			"s@x", ""),
		FIND("a trace that was pasted stays in one piece",
			"> X-Reprieve-Trace: v=1;\n>  by=x\n> From: s\n", "",
			"X-Reprieve-Trace: v=1;\n by=x\nFrom: s\n", "s", ""),
		FIND("fields behind the block are text",
			"-----Original Message-----\n\nhello\n\nFrom: x\n", "",
			"hello\n\nFrom: x\n", "", ""),
		FIND("nothing behind the line", "a\n--- Original Message ---",
			"a\n", "", "", ""),
		FIND("words without dashes are words", "Original Message\nx\n",
			NULL, NULL, NULL, NULL),
		FIND("a text that forwards nothing", "Dear abuse team,\n\nx\n",
			NULL, NULL, NULL, NULL),
		FIND("no text", "", NULL, NULL, NULL, NULL),
		CASE("a long text is read once", a_long_text_is_read_once,
			NULL),
	};

	return cmocka_run_group_tests_name("ctl/pastedmail", cases, NULL, NULL);
}
