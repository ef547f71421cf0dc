/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/dmarcfail.h"

#include "conf/conf.h"
#include "judge/record.h"
#include "mail/arf.h"
#include "support/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 8 };

struct scene {
	struct conf conf;
	struct conn conn;
	struct envelope envelope;
	struct verdict verdict;
	struct auth_facts auth;
	struct dkim_fact dkim[1];
	struct field fields[FIELDS_MAX];
	struct message message;
	struct record record;
};

static char host[] = "mx.example.net";

static void add(struct scene *s, const char *name, struct slice value)
{
	s->fields[s->message.field_count++] =
		(struct field){ .name = slice_of(name), .value = value };
}

static void set(struct scene *s, const char *record)
{
	*s = (struct scene){
		.conf = { .host = host },
		.conn = { .kind = CONN_REMOTE,
			.ip_text = "192.0.2.1",
			.port = 4711 },
		.envelope = { .sender = { .domain = slice_of("a.example"),
				      .local = slice_of("joe") } },
		.verdict = { .action = ACTION_REJECT },
	};
	assert_int_equal(
		ipaddr_parse(&s->conn.ip, slice_of("192.0.2.1")), RES_OK);
	s->auth.mailfrom = (struct spf_fact){ .result = AUTH_FAIL,
		.domain = slice_of("a.example"),
		.record = slice_of("v=spf1 \" -all") };
	s->auth.dkim = s->dkim;
	s->auth.dkim_is_known = true;
	s->auth.from_kind = FROM_ONE;
	s->auth.dmarc = (struct dmarc_fact){ .result = AUTH_FAIL,
		.from_domain = slice_of("a.example"),
		.policy_domain = slice_of("a.example"),
		.record = slice_of(record),
		.policy_tag = "p",
		.discovery = "treewalk",
		.override = slice_of("") };
	s->message.fields = s->fields;
	s->record = (struct record){ .stage = "eom",
		.scope = { .conf = &s->conf },
		.conn = &s->conn,
		.envelope = &s->envelope,
		.verdict = &s->verdict,
		.auth = &s->auth,
		.message = &s->message };
}

#define WISH "v=DMARC1; p=reject; ruf=mailto:f@a.example"

struct row {
	const char *record;
	bool want;
	enum auth_result spf;
	enum auth_result dkim; /* AUTH_UNKNOWN: no signature */
	enum action action; /* ACTION_NONE: refused */
	bool is_null;
	const char *field;
	const char *value;
	const char *override;
};

static void wants(void **state)
{
	const struct row *row = *state;
	struct slice ruf = slice_of("");
	struct scene s;

	set(&s, row->record);
	s.auth.mailfrom.result = row->spf;
	if (row->dkim != AUTH_UNKNOWN)
		s.auth.dkim_count = 1;
	s.dkim[0].result = row->dkim;
	if (row->action != ACTION_NONE)
		s.verdict.action = row->action;
	s.envelope.sender.is_null = row->is_null;
	if (row->field != NULL)
		add(&s, row->field, slice_of(row->value));
	if (row->override != NULL)
		s.auth.dmarc.override = slice_of(row->override);
	assert_int_equal(dmarcfail_is_wanted(&s.record, &ruf), row->want);
	if (row->want)
		assert_true(
			slice_is_equal(ruf, slice_of("mailto:f@a.example")));
}

static bool has(const struct buf *text, const char *part)
{
	return strstr(buf_text(text), part) != NULL;
}

static void tells_what_rfc_9991_wants(void **state)
{
	struct scene s;
	struct buf text;
	struct arf a;

	(void)state;
	set(&s, WISH);
	s.auth.dkim_count = 1;
	s.dkim[0] = (struct dkim_fact){ .result = AUTH_FAIL,
		.domain = slice_of("a.example"),
		.selector = slice_of("s1"),
		.identity = slice_of("") };
	buf_init(&text, FAILURE_FIELDS_MAX);
	assert_int_equal(dmarcfail_fields(&s.record, &text), RES_OK);
	assert_int_equal(arf_parse(buf_slice(&text), &a), RES_OK);
	assert_false(a.is_malformed);
	assert_int_equal(a.type, ARF_AUTH_FAILURE);
	assert_int_equal(a.source_port, 4711);
	assert_true(has(&text, "Auth-Failure: dmarc\r\n"));
	assert_true(has(&text, "Identity-Alignment: dkim, spf\r\n"));
	assert_true(has(&text, "Delivery-Result: reject\r\n"));
	assert_true(has(&text, "Source-IP: 192.0.2.1\r\n"));
	assert_true(has(&text, "Reported-Domain: a.example\r\n"));
	assert_true(has(&text, "DKIM-Domain: a.example\r\n"));
	assert_true(has(&text, "DKIM-Identity: @a.example\r\n"));
	assert_true(has(&text, "DKIM-Selector: s1\r\n"));
	assert_true(has(&text, "SPF-DNS: txt : a.example : \"v=spf1  -all\""));
	assert_true(has(&text, "Original-Mail-From: <redacted@a.example>\r\n"));
	assert_true(has(&text, "dmarc=fail"));
	assert_false(has(&text, "joe"));
	assert_int_equal(strspn(buf_text(&text), "\r\n"), 0);
	buf_clear(&text);
}

static void nobody_learns_who_was_to_get_it(void **state)
{
	struct scene s;
	struct buf text;

	(void)state;
	set(&s, WISH);
	add(&s, "From", slice_of(" \"Joe\" <joe@a.example>"));
	add(&s, "To", slice_of(" victim@b.example"));
	add(&s, "Cc", slice_of(" victim@b.example"));
	add(&s, "Received",
		slice_of(" from x by y for <victim@b.example>; now"));
	add(&s, "SUBJECT", slice_of(" for victim@b.example,\r\n\thello"));
	add(&s, "X-Rcpt", slice_of("victim"));
	buf_init(&text, FAILURE_HEADER_MAX);
	assert_int_equal(dmarcfail_header(&s.record, &text), RES_OK);
	assert_string_equal(buf_text(&text),
		"From: \"Joe\" <joe@a.example>\r\n"
		"Subject: for redacted\r\n\thello\r\n");
	buf_clear(&text);
}

/* No octets of a sender make a field, or a part of the letter. */
static void hostile_fields(void **state)
{
	static const char evil[] = " x\r\n\r\n--=_1\r\nTo: y\nz\0w\x1b\xff";
	static char longest[6000];
	struct scene s;
	struct buf text;
	size_t line = 0;

	(void)state;
	set(&s, WISH);
	memset(longest, 'x', sizeof(longest));
	add(&s, "Subject", slice_make(evil, sizeof(evil) - 1));
	add(&s, "From", slice_make(longest, 3000));
	add(&s, "Date", slice_make(longest, sizeof(longest)));
	buf_init(&text, FAILURE_HEADER_MAX);
	assert_int_equal(dmarcfail_header(&s.record, &text), RES_OK);
	assert_true(has(&text, "Subject: x    --=_1  To: y z w ?\r\nFrom: "));
	assert_false(has(&text, "Date"));
	for (size_t i = 0; i < text.len; i++) {
		line = text.at[i] == '\n' ? 0 : line + 1;
		assert_true(line < 998);
	}
	buf_clear(&text);
}

#define ROW(name, ...) CASE(name, wants, (&(const struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("who asks gets one", .record = WISH, .want = true),
		ROW("who does not, none",
			.record = "v=DMARC1; p=reject; rua=mailto:x@a.example"),
		ROW("fo=0", .record = WISH "; fo=0", .want = true),
		ROW("fo=1", .record = WISH "; fo=d:1", .want = true),
		ROW("fo=d, a broken signature", .record = WISH "; fo=d",
			.dkim = AUTH_FAIL, .want = true),
		ROW("fo=d, no signature", .record = WISH "; fo=d"),
		ROW("fo=s, SPF fails", .record = WISH "; fo=S",
			.spf = AUTH_FAIL, .want = true),
		ROW("fo=s, SPF passes for another", .record = WISH "; fo=s",
			.spf = AUTH_PASS),
		ROW("fo= of nobody", .record = WISH "; fo=x"),
		ROW("a public suffix", .record = WISH "; psd=y"),
		ROW("a bounce", .record = WISH, .is_null = true),
		ROW("a report", .record = WISH, .field = "content-type",
			.value = " Multipart/Report; report-type=x"),
		ROW("an answer of a machine", .record = WISH,
			.field = "Auto-Submitted", .value = " auto-replied"),
		ROW("not of a machine", .record = WISH,
			.field = "Auto-Submitted", .value = " no",
			.want = true),
		ROW("what is put off comes again", .record = WISH,
			.action = ACTION_TEMPFAIL),
		ROW("by a known list", .record = WISH,
			.override = "known mailing list"),
		cmocka_unit_test(tells_what_rfc_9991_wants),
		cmocka_unit_test(nobody_learns_who_was_to_get_it),
		cmocka_unit_test(hostile_fields),
	};

	return cmocka_run_group_tests_name(
		"judge/dmarcfail", cases, NULL, NULL);
}
