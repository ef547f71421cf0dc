/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/redact.h"

#include "portal/feedback.h"
#include "store/secret.h"
#include "support/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 1024 * 1024 };

static struct secret secret_of(char c)
{
	struct secret s = { .len = 16 };

	memset(s.octet, c, s.len);
	return s;
}

static struct buf redact_by(const struct secret *secret, const char *message,
	const char *reporter, enum redact_extent extent)
{
	struct redact *r = calloc(1, sizeof(*r));
	struct buf out;

	assert_non_null(r);
	buf_init(&out, OUT_MAX);
	assert_int_equal(
		redact_begin(r, secret, slice_of(message), slice_of(reporter)),
		RES_OK);
	assert_int_equal(
		redact_message(r, slice_of(message), extent, &out), RES_OK);
	free(r);
	return out;
}

static struct buf redacted(
	const char *message, const char *reporter, enum redact_extent extent)
{
	const struct secret secret = secret_of('a');

	return redact_by(&secret, message, reporter, extent);
}

static bool has(const struct buf *b, const char *part)
{
	return strcasestr(buf_text(b), part) != NULL;
}

static void has_none(const struct buf *b, const char *part)
{
	if (has(b, part))
		print_message("# %s is in\n%s\n", part, buf_text(b));
	assert_false(has(b, part));
}

static void has_one(const struct buf *b, const char *part)
{
	if (!has(b, part))
		print_message("# %s is not in\n%s\n", part, buf_text(b));
	assert_true(has(b, part));
}

static const char spam[] =
	"Return-Path: <bounce+ann=example.net@example.org>\r\n"
	"X-Reprieve: action=accept; score=3.0; host=mx.example.net\r\n"
	"X-Reprieve-Trace: v=1; by=mx.example.net; k=1; d=in; id=0\r\n"
	"Delivered-To: Ann@example.net\r\n"
	"X-Original-To: sales@example.net\r\n"
	"Received: from mail.example.org (mail.example.org [192.0.2.2])\r\n"
	"\tby mx.example.net (Postfix) with ESMTPS id 4F00\r\n"
	"\tfor <ANN@example.net>; Thu, 26 Nov 2026 18:14:00 +0000\r\n"
	"From: Offers <offers@example.org>\r\n"
	"To: \"Ann Lee\" <ann@example.net>,\r\n"
	" Bob <bob@example.net>\r\n"
	"Subject: ann@example.net, you won\r\n"
	"Message-ID: <1@example.org>\r\n"
	"Date: Thu, 26 Nov 2026 18:13:00 +0000\r\n"
	"List-Unsubscribe: <https://example.org/u?m=ann%40example.net&x=1>\r\n"
	"X-Mailer: caf\303\251\r\n"
	"\r\n"
	"Dear ann@example.net, follow "
	"https://example.org/?a=bob%40EXAMPLE.net\r\n";

static void no_recipient_is_left(void **state)
{
	struct buf b = redacted(spam, "", REDACT_WHOLE);

	(void)state;
	has_none(&b, "ann@");
	has_none(&b, "ann=example.net");
	has_none(&b, "ann%40");
	has_none(&b, "bob@");
	has_none(&b, "bob%40");
	has_none(&b, "sales@");
	has_none(&b, "Ann Lee");
	has_none(&b, "X-Reprieve");
	has_one(&b, "From: Offers <offers@example.org>\n");
	has_one(&b, "Message-ID: <1@example.org>\n");
	has_one(&b, "by mx.example.net (Postfix) with ESMTPS id 4F00\n");
	has_one(&b, "@redacted.invalid, you won\n");
	has_one(&b, "X-Mailer: caf??\n");
	has_one(&b, "\n\nDear ");
	assert_null(strchr(buf_text(&b), '\r'));
	buf_clear(&b);
}

static void a_header_has_no_body(void **state)
{
	struct buf b = redacted(spam, "", REDACT_HEADER);

	(void)state;
	has_none(&b, "Dear");
	has_none(&b, "\n\n");
	assert_int_equal(b.at[b.len - 1], '\n');
	buf_clear(&b);
}

static void the_fewest_tell_which_message(void **state)
{
	struct buf b = redacted("To: ann@example.net\n"
				"From: offers@example.org\n"
				"CFBL-Feedback-ID: 111:222\n"
				"CFBL-Address: fbl@example.org; report=arf\n"
				"Message-ID: <1@example.org>\n\nDear Ann\n",
		"", REDACT_FEWEST);

	(void)state;
	assert_string_equal(buf_text(&b),
		"From: offers@example.org\n"
		"CFBL-Feedback-ID: 111:222\n"
		"Message-ID: <1@example.org>\n");
	buf_clear(&b);
}

static void who_reported_is_no_part_of_it(void **state)
{
	struct buf b = redacted("To: undisclosed-recipients:;\n"
				"X-Note: for joe@example.net\n\n",
		"Joe@Example.NET", REDACT_HEADER);

	(void)state;
	has_none(&b, "joe@");
	has_one(&b, "To: redacted:;\n");
	buf_clear(&b);
}

static void one_recipient_has_one_code(void **state)
{
	const struct secret other = secret_of('b');
	struct buf a = redacted("To: ann@example.net\n", "", REDACT_HEADER);
	struct buf b =
		redacted("To: Ann <ANN@EXAMPLE.net>\n", "", REDACT_HEADER);
	struct buf c = redacted("To: bob@example.net\n", "", REDACT_HEADER);
	struct buf d =
		redact_by(&other, "To: ann@example.net\n", "", REDACT_HEADER);

	(void)state;
	assert_string_equal(buf_text(&a), buf_text(&b));
	assert_string_not_equal(buf_text(&a), buf_text(&c));
	assert_string_not_equal(buf_text(&a), buf_text(&d));
	buf_clear(&a);
	buf_clear(&b);
	buf_clear(&c);
	buf_clear(&d);
}

struct row {
	const char *header;
	const char *secret; /* must not be there, in any case */
	const char *kept; /* NULL: nothing */
};

static void hides(void **state)
{
	const struct row *row = *state;
	struct buf b = redacted(row->header, "", REDACT_HEADER);

	has_none(&b, row->secret);
	if (row->kept != NULL)
		has_one(&b, row->kept);
	buf_clear(&b);
}

static void too_many_recipients_leave_the_fewest(void **state)
{
	struct buf message, b;

	(void)state;
	buf_init(&message, OUT_MAX);
	buf_add_text(&message, "To: x@example.net");
	for (int i = 0; i < 300; i++)
		buf_add_format(&message, ",\n u%d@example.net", i);
	buf_add_text(&message,
		"\nX-To: u299@example.net\n"
		"From: offers@example.org\n\nu298@example.net\n");
	b = redacted(buf_text(&message), "", REDACT_WHOLE);
	assert_string_equal(buf_text(&b), "From: offers@example.org\n");
	buf_clear(&b);
	buf_clear(&message);
}

static void lines_have_a_bound(void **state)
{
	struct buf message, b;
	struct slice rest, line;

	(void)state;
	buf_init(&message, OUT_MAX);
	buf_add_text(&message, "X: ");
	for (int i = 0; i < 5000; i++)
		buf_add_char(&message, 'x');
	buf_add_text(&message, "\n\n");
	for (int i = 0; i < 5000; i++)
		buf_add_char(&message, 'y');
	b = redacted(buf_text(&message), "", REDACT_WHOLE);
	rest = buf_slice(&b);
	while (slice_cut(&rest, '\n', &line))
		assert_true(line.len <= 998);
	buf_clear(&b);
	buf_clear(&message);
}

/* ---- the letter around it ---- */

static void is_a_report_in_three_parts(void **state)
{
	const struct arf arf = { .type = ARF_ABUSE,
		.version = 1,
		.user_agent = slice_of("Reprieve/1"),
		.incidents = 1 };
	struct feedback f = {
		.from_name = "Example",
		.from = "postmaster@example.net",
		.to = "abuse@example.org",
		.message_id = "fbl-report.1.0.2@example.net",
		.boundary = "b0",
		.language = "en",
		.subject = slice_of("you won\r\nBcc: joe@example.com"),
		.now_ms = 1795716840000,
		.text = slice_of("A report.\n"),
		.arf = &arf,
		.original = slice_of("From: offers@example.org\n"),
	};
	struct buf b;

	(void)state;
	buf_init(&b, FEEDBACK_MAX);
	assert_int_equal(feedback_write(&f, &b), RES_OK);
	has_one(&b, "Auto-Submitted: auto-generated\n");
	has_one(&b,
		"Content-Type: multipart/report; "
		"report-type=feedback-report;\n\tboundary=\"b0\"\n");
	has_one(&b,
		"\n--b0\nContent-Type: message/feedback-report\n\n"
		"Feedback-Type: abuse\nUser-Agent: Reprieve/1\n"
		"Version: 1\n");
	has_one(&b,
		"\n--b0\nContent-Type: text/rfc822-headers\n\n"
		"From: offers@example.org\n\n--b0--\n");
	has_one(&b, "Subject: FW: you won");
	has_none(&b, "\nBcc:");
	buf_reset(&b);
	f.is_whole = true;
	f.original = slice_of("From: offers@example.org\n\nch\303\251\n");
	assert_int_equal(feedback_write(&f, &b), RES_OK);
	has_one(&b,
		"\n--b0\nContent-Type: message/rfc822\n"
		"Content-Transfer-Encoding: 8bit\n\nFrom: ");
	buf_reset(&b);
	f.to = "a b@example.org";
	assert_int_equal(feedback_write(&f, &b), RES_SYNTAX);
	buf_clear(&b);
}

#define ROW(name, header, secret, kept) \
	CASE(name, hides, (&(struct row){ header, secret, kept }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(no_recipient_is_left),
		cmocka_unit_test(a_header_has_no_body),
		cmocka_unit_test(the_fewest_tell_which_message),
		cmocka_unit_test(who_reported_is_no_part_of_it),
		cmocka_unit_test(one_recipient_has_one_code),
		ROW("an address in an encoded word of To is known",
			"To: =?utf-8?q?Ann_=3Cann=40example=2Enet=3E?= <x@y.z>\n"
			"X-A: ann@example.net\n",
			"ann@", "X-A: "),
		ROW("an encoded word does not hide it in another field",
			"To: ann@example.net\n"
			"Subject: =?utf-8?b?YW5uQGV4YW1wbGUubmV0IHdvbg==?=\n",
			"YW5u", "Subject: (redacted)\n"),
		ROW("in Q, the dot left as it is",
			"To: ann@example.net\n"
			"Subject: =?utf-8?q?ann=40example.net_won?=\n",
			"ann=40", NULL),
		ROW("a mailbox of which a detail was written to",
			"To: ann+shop@example.net\n"
			"X-A: ann@example.net, Ann+Shop@example.net\n",
			"ann", "X-A: "),
		ROW("a quoted local part",
			"To: \"ann lee\"@example.net\n"
			"X-A: <\"Ann Lee\"@example.net>\n",
			"ann lee", NULL),
		ROW("Received without a domain",
			"Received: by mx.example.net for ann; now\n", "ann",
			"Received: by mx.example.net for "),
		ROW("the name of a field",
			"To: ann@example.net\nX-ann@example.net: 1\n", "ann@",
			NULL),
		ROW("a field that is folded before its value",
			"To:\n\tann@example.net\n", "ann@", "To: "),
		ROW("fields below a line that is none",
			"nonsense\nTo: ann@example.net\n", "ann@", "To: "),
		ROW("a sender's own address stays",
			"To: ann@example.net\nReturn-Path: <o@example.org>\n",
			"ann@", "<o@example.org>"),
		cmocka_unit_test(too_many_recipients_leave_the_fewest),
		cmocka_unit_test(lines_have_a_bound),
		cmocka_unit_test(is_a_report_in_three_parts),
	};

	return cmocka_run_group_tests_name("portal/redact", cases, NULL, NULL);
}
