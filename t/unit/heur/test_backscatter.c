/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/backscatter.h"

#include "support/case.h"
#include "unit/heur/headerrig.h"

#include <string.h>

#define REPORT \
	"Content-Type: multipart/report;\r\n report-type=delivery-status\r\n"
#define PLAIN "Content-Type: multipart/mixed\r\n"

struct row {
	const char *header;
	const char *type; /* of the part that returns it */
	const char *returned;
	const char *want;
	bool is_null_sender;
	unsigned recipients;
	const char *conf;
};

static void judges(void **state)
{
	const struct row *row = *state;
	struct headerrig r;
	struct body_part parts[] = {
		{ .type = slice_of("text/plain"),
			.content = slice_of("From: ann@example.org\r\n") },
		{ .type = slice_of(row->type),
			.content = slice_of(row->returned) },
	};

	headerrig_init(&r,
		row->conf != NULL
			? row->conf
			: "portal { local_domains = {\"example.org\"} }");
	r.envelope.sender.is_null = row->is_null_sender;
	r.envelope.rcpt_accepted = row->recipients;
	r.body = (struct body_facts){
		.is_known = true, .parts = parts, .part_count = 2
	};
	headerrig_take(&r, slice_of(row->header));
	headerrig_run(&r, backscatter_step);
	assert_string_equal(r.text, row->want);
	headerrig_clear(&r);
}

static void waits_for_the_body(void **state)
{
	struct headerrig r;

	(void)state;
	headerrig_init(&r, "portal { local_domains = {\"example.org\"} }");
	r.envelope.sender.is_null = true;
	headerrig_take(&r, slice_of(REPORT));
	headerrig_run(&r, backscatter_step);
	assert_string_equal(r.text, "miss");
	headerrig_clear(&r);
}

#define OTHERS                                                         \
	"Received: from a by mx.other.example; x\r\n"                  \
	"From: ann@other.example\r\nMessage-ID: <1@other.example>\r\n" \
	"To: ann@example.org\r\n\r\nFrom: ann@example.org\r\n"
#define CONF_ROW(text, head, part, text_of, expected, is_null, count, more)  \
	CASE(text, judges,                                                   \
		(&(const struct row){ (head), (part), (text_of), (expected), \
			(is_null), (count), (more) }))
#define ROW(text, head, part, text_of, expected, is_null, count) \
	CONF_ROW(text, head, part, text_of, expected, is_null, count, NULL)
#define RETURNED(text, returned, want) \
	ROW(text, REPORT, "message/rfc822", returned, want, true, 1)

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("a message to several", PLAIN, "text/html", "", "miss",
			false, 5),
		ROW("a bounce to one", REPORT, "text/html", "", "miss", true,
			1),
		ROW("a bounce to two", REPORT, "text/html", "",
			"several_recipients", true, 2),
		RETURNED("a bounce of what others sent", OTHERS, "never_sent"),
		RETURNED("a bounce of an author of ours",
			"From: Ann <ann@mail.EXAMPLE.org>\r\n\r\n", "miss"),
		RETURNED("a bounce of a Message-ID of ours",
			"Message-ID: <1@mx.example.net>\r\n", "miss"),
		RETURNED("a bounce of what went through us",
			"Received: from a\r\n by mx.example.net; x\r\n",
			"miss"),
		RETURNED("a bounce of what we signed",
			"DKIM-Signature: v=1; d=example.org; s=a\r\n", "miss"),
		RETURNED("our name as a part of another one",
			"From: ann@notexample.org\r\n", "never_sent"),
		RETURNED("our name in a field that says nothing",
			"X-Note: example.org\r\nFrom: a@other.example\r\n",
			"never_sent"),
		RETURNED("a bounce that returns nothing", "", "miss"),
		RETURNED("a bounce that returns no header", "\r\nhello\r\n",
			"miss"),
		ROW("a returned header alone", REPORT, "text/rfc822-headers",
			OTHERS, "never_sent", true, 1),
		ROW("a report from a sender with a name", REPORT,
			"message/rfc822", OTHERS, "never_sent", false, 1),
		ROW("a forwarded message", PLAIN, "message/rfc822", OTHERS,
			"miss", false, 1),
		ROW("a report of abuse",
			"Content-Type: multipart/report; "
			"report-type=feedback-report\r\n",
			"message/rfc822", OTHERS, "miss", false, 1),
		CONF_ROW("a site that has named no domain", REPORT,
			"message/rfc822", OTHERS, "miss", true, 1, ""),
		CASE("without its body nothing is said of a bounce",
			waits_for_the_body, NULL),
	};

	return cmocka_run_group_tests_name(
		"heur/backscatter", cases, NULL, NULL);
}
