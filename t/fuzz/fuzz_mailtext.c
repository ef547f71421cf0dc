/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/mailtext: whatever text comes in, a field is one field and a body
 * holds short lines of plain octets; an address that mail/mailbox reads fits
 * into a header. store/tagged: nobody guesses where letters come
 * back to.
 */
#include "mail/mailbox.h"
#include "portal/mailtext.h"
#include "store/secret.h"
#include "store/tagged.h"
#include "t/fuzz/target.h"

#include <string.h>

enum { OUT_MAX = 1 << 20 };

static void mailboxes(struct slice text)
{
	char got[MAILBOX_TEXT_MAX] = "untouched";
	char again[MAILBOX_TEXT_MAX];

	if (mailbox_parse(text, got) != RES_OK) {
		target_promise(strcmp(got, "untouched") == 0,
			"a refusal leaves the mailbox alone");
		return;
	}
	target_promise(mailbox_parse(slice_of(got), again) == RES_OK &&
			strcmp(got, again) == 0,
		"a mailbox reads as itself");
	target_promise(
		mailtext_is_fit(slice_of(got)), "a mailbox fits into a header");
}

/* Lines of at most 76 printable octets; behind the first, in a header, each
 * begins with a blank. */
static void check_lines(struct slice text, bool is_header)
{
	bool is_first = true;
	struct slice line;

	while (slice_cut(&text, '\n', &line)) {
		target_promise(
			line.len <= MAILTEXT_LINE_MAX, "no line is too long");
		for (size_t i = 0; i < line.len; i++)
			target_promise(
				(line.at[i] >= ' ' && line.at[i] <= '~') ||
					line.at[i] == '\t',
				"only plain octets go out");
		target_promise(!is_header || is_first ||
				(line.len > 0 && line.at[0] == ' '),
			"one field stays one");
		is_first = false;
	}
}

static void texts(struct slice text)
{
	struct buf out;

	buf_init(&out, OUT_MAX);
	mailtext_field(&out, "Subject", text);
	check_lines(buf_slice(&out), true);
	buf_reset(&out);
	mailtext_mailbox(&out, "From", text, "a@example.org");
	check_lines(buf_slice(&out), true);
	buf_reset(&out);
	mailtext_body(&out, text);
	check_lines(buf_slice(&out), false);
	buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice text = slice_make(data, size);
	const struct secret secret = { .octet = "not to be guessed",
		.len = 17 };
	char id[CASE_REF_MAX];

	mailboxes(text);
	texts(text);
	target_promise(tagged_parse(&secret, "bounce", text, id) != RES_OK,
		"nobody guesses a return path");
	return 0;
}
