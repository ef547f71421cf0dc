/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/mailfind.h"

#include "store/secret.h"
#include "support/case.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 4096 };

static const struct secret secret = { .octet = "0123456789abcdef", .len = 16 };

/* "$T" stands for the address of a ticket, "$B" for that of a bounce, "$F" for
 * one with a wrong hash. */
struct row {
	const char *text;
	const char *recipient;
	enum mailfind_kind want;
};

struct addresses {
	char id[CASE_REF_MAX];
	char ticket[TAGGED_MAX];
	char bounce[TAGGED_MAX];
	char forged[TAGGED_MAX];
};

static void make(struct addresses *a)
{
	char *dot = NULL;

	case_ref_new(a->id);
	assert_int_equal(tagged_format(&secret, TAGGED_TICKET, slice_of(a->id),
				 "mx.example.net", a->ticket),
		RES_OK);
	assert_int_equal(tagged_format(&secret, TAGGED_BOUNCE, slice_of(a->id),
				 "mx.example.net", a->bounce),
		RES_OK);
	snprintf(a->forged, sizeof(a->forged), "%s", a->ticket);
	dot = strchr(a->forged, '.');
	assert_non_null(dot);
	dot[1] = dot[1] == '0' ? '1' : '0';
}

static void fill(const char *format, const struct addresses *a, char *out)
{
	size_t len = 0;

	for (; *format != '\0'; format++) {
		const char *with = NULL;

		if (format[0] == '$' && format[1] == 'T')
			with = a->ticket;
		if (format[0] == '$' && format[1] == 'B')
			with = a->bounce;
		if (format[0] == '$' && format[1] == 'F')
			with = a->forged;
		if (with != NULL)
			format++;
		len += (size_t)snprintf(out + len, TEXT_SIZE - len, "%.*s",
			with != NULL ? TAGGED_MAX : 1,
			with != NULL ? with : format);
	}
}

static void finds(void **state)
{
	const struct row *row = *state;
	char text[TEXT_SIZE] = "", recipient[TEXT_SIZE] = "";
	struct mailfind_envelope envelope = { .recipient = recipient };
	struct savedmail m;
	struct mailfind got;
	struct addresses a;

	make(&a);
	fill(row->text, &a, text);
	fill(row->recipient, &a, recipient);
	assert_int_equal(savedmail_parse(&m, slice_of(text)), RES_OK);
	assert_int_equal(
		mailfind_address(&secret, &envelope, &m, &got), RES_OK);
	assert_int_equal(got.kind, row->want);
	if (row->want == MAILFIND_TICKET || row->want == MAILFIND_BOUNCE)
		assert_string_equal(got.id, a.id);
	savedmail_clear(&m);
}

static void many_addresses_end(void **state)
{
	char text[TEXT_SIZE * 8] = "To: ";
	struct mailfind_envelope envelope = { .recipient = "" };
	struct addresses a;
	struct savedmail m;
	struct mailfind got;
	size_t len = strlen(text);

	(void)state;
	make(&a);
	for (int i = 0; i <= MAILFIND_TRIES_MAX; i++)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "%s, ", a.forged);
	snprintf(text + len, sizeof(text) - len, "%s\n\n", a.ticket);
	assert_int_equal(savedmail_parse(&m, slice_of(text)), RES_OK);
	assert_int_equal(
		mailfind_address(&secret, &envelope, &m, &got), RES_OK);
	assert_int_equal(got.kind, MAILFIND_FORGED);
	savedmail_clear(&m);
}

/* Postfix tells both; the second is what the first became. */
static void an_alias_is_followed(void **state)
{
	const struct mailfind_envelope envelope = {
		.recipient = "spam-reports@example.com",
		.recipient_other = "Phish+a@mx.example.net",
	};
	struct savedmail m;
	struct mailfind got;

	(void)state;
	assert_int_equal(savedmail_parse(&m, slice_of("X: y\n\n")), RES_OK);
	assert_int_equal(
		mailfind_address(&secret, &envelope, &m, &got), RES_OK);
	assert_int_equal(got.kind, MAILFIND_REPORT);
	assert_int_equal(got.report, REPORT_PHISH);
	savedmail_clear(&m);
}

struct robot_row {
	const char *text;
	const char *sender; /* NULL: the MTA does not say */
	const char *want; /* NULL: a person */
};

static void knows_robots(void **state)
{
	const struct robot_row *row = *state;
	const struct mailfind_envelope envelope = { .recipient = "",
		.sender = row->sender };
	struct savedmail m;
	const char *got;

	assert_int_equal(savedmail_parse(&m, slice_of(row->text)), RES_OK);
	got = mailfind_robot(&envelope, slice_of(row->text), &m);
	assert_string_equal(got != NULL ? got : "a person",
		row->want != NULL ? row->want : "a person");
	savedmail_clear(&m);
}

struct report_row {
	const char *text;
	bool is_report;
	bool has_failed;
};

static void reads_reports(void **state)
{
	const struct report_row *row = *state;
	struct savedmail m;

	assert_int_equal(savedmail_parse(&m, slice_of(row->text)), RES_OK);
	assert_int_equal(mailfind_is_report(&m), row->is_report);
	assert_int_equal(mailfind_has_failed(m.body), row->has_failed);
	savedmail_clear(&m);
}

#define FIND(text, ...) CASE(text, finds, (&(struct row){ __VA_ARGS__ }))
#define ROBOT(text, ...) \
	CASE(text, knows_robots, (&(struct robot_row){ __VA_ARGS__ }))
#define REPORT(text, ...) \
	CASE(text, reads_reports, (&(struct report_row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		FIND("the recipient that Postfix tells is believed", "X: y\n\n",
			"$T", MAILFIND_TICKET),
		FIND("an address in To is found", "To: Us <$T>\n\n", "",
			MAILFIND_TICKET),
		FIND("an address in a folded Cc is found",
			"Cc: a@example.org,\n\t<$T>\n\n", "", MAILFIND_TICKET),
		FIND("an address in Delivered-To comes before To",
			"To: $T\nDelivered-To: $B\n\n", "", MAILFIND_BOUNCE),
		FIND("an address in Envelope-To is found",
			"Envelope-To: $B\n\n", "", MAILFIND_BOUNCE),
		FIND("what our MTA noted in Received is found",
			"Received: from a\n\tfor <$T>; Thu\nTo: x@y\n\n", "",
			MAILFIND_TICKET),
		FIND("what another MTA noted in Received is not",
			"Received: from a\nReceived: for <$T>\n\n", "",
			MAILFIND_NONE),
		FIND("an address in the body is none", "To: x@y\n\n$T\n", "",
			MAILFIND_NONE),
		FIND("a forged address is known as such", "To: $F\n\n", "",
			MAILFIND_FORGED),
		FIND("a good address behind a forged one is found",
			"To: $F, $T\n\n", "", MAILFIND_TICKET),
		FIND("the bare alias is none", "To: ticket@mx.example.net\n\n",
			"ticket@mx.example.net", MAILFIND_NONE),
		FIND("abuse@ takes reports", "X: y\n\n", "abuse@mx.example.net",
			MAILFIND_REPORT),
		FIND("in any case, with a detail, without a domain", "X: y\n\n",
			"JUNK+x@y", MAILFIND_REPORT),
		FIND("what only begins so is another address", "X: y\n\n",
			"junkyard@mx.example.net", MAILFIND_NONE),
		FIND("dmarc@ takes reports of another kind", "X: y\n\n",
			"dmarc", MAILFIND_DMARC),
		FIND("the recipient comes before what the header says",
			"To: $T\n\n", "abuse@mx.example.net", MAILFIND_REPORT),
		FIND("the address of a report in To is found",
			"To: \"Us\" <notjunk@mx.example.net>\n\n", "",
			MAILFIND_REPORT),
		FIND("a part of an address is none",
			"To: <not.abuse@mx.example.net>, a/junk\n\n", "",
			MAILFIND_NONE),
		FIND("a mail without any recipient is none", "X: y\n\n", "",
			MAILFIND_NONE),
		CASE("looking at addresses has an end", many_addresses_end,
			NULL),
		CASE("an alias is followed", an_alias_is_followed, NULL),
		ROBOT("a person's mail is a person's", "From: joe\n\nx",
			"joe@example.org", NULL),
		ROBOT("a mail without envelope is a person's", "From: j\n\n",
			NULL, NULL),
		ROBOT("Auto-Submitted no is a person's",
			"Auto-Submitted: no (really)\n\n", NULL, NULL),
		ROBOT("an answer of a machine is known",
			"Auto-Submitted: auto-replied; x\n\n", "j@x",
			"auto-submitted"),
		ROBOT("bulk mail is known", "Precedence: Bulk\n\n", "j@x",
			"precedence"),
		ROBOT("mail of a list is known", "List-Id: <a.b>\n\n", "j@x",
			"list"),
		ROBOT("a null sender is known", "X: y\n\n", "", "null sender"),
		ROBOT("the sender of Postfix's bounces is known", "X: y\n\n",
			"MAILER-DAEMON", "null sender"),
		ROBOT("a Return-Path of nobody is known",
			"Return-Path: <>\nX: y\n\n", NULL, "null sender"),
		ROBOT("the first line of Sendmail tells the sender",
			"From MAILER-DAEMON Thu Nov 26\nX: y\n\n", NULL,
			"null sender"),
		ROBOT("the first line of a person's mail does, too",
			"From joe@example.org Thu Nov 26\nX: y\n\n", NULL,
			NULL),
		REPORT("a delivery that failed is known",
			"Content-Type: multipart/report; report-type=\n"
			" \"delivery-status\"; boundary=x\n\n"
			"Final-Recipient: rfc822;x\r\nAction: FAILED (x)\r\n",
			true, true),
		REPORT("a delivery that waits has not failed",
			"Content-Type: multipart/report; "
			"report-type=delivery-status\n\nAction: delayed\n",
			true, false),
		REPORT("a report of another kind is none",
			"Content-Type: multipart/report; "
			"report-type=feedback-report\n\nAction: failedly\n",
			false, false),
		REPORT("any other mail is no report",
			"Content-Type: text/plain; x=delivery-status\n\nx",
			false, false),
	};

	return cmocka_run_group_tests_name("ctl/mailfind", cases, NULL, NULL);
}
