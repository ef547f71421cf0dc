/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/dmarcrows.h"

#include "judge/record.h"
#include "store/aggregate.h"
#include "support/case.h"

#include <stdio.h>
#include <string.h>

#define RECORD "v=DMARC1; p=reject; rua=mailto:d@a.example"

/* One message, and what of its row matters. */
struct row {
	enum auth_result result;
	enum dmarc_policy policy;
	enum action action;
	const char *want; /* "do" and "why" of the row, or "" for none */
	const char *override;
	bool is_testing;
	bool is_monitored;
	bool is_exempt;
	bool is_trusted;
};

struct scene {
	struct conn conn;
	struct envelope envelope;
	struct verdict verdict;
	struct auth_facts auth;
	struct dkim_fact dkim[AUTH_DKIM_MAX];
	struct record record;
};

static void set(struct scene *s)
{
	*s = (struct scene){
		.conn = { .kind = CONN_REMOTE, .ip_text = "192.0.2.1" },
		.envelope = { .sender = { .domain = slice_of(
						  "News.A.Example") } },
		.verdict = { .action = ACTION_ACCEPT },
		.auth = { .mailfrom = { .result = AUTH_PASS,
				  .domain = slice_of("news.a.example") } },
	};
	s->auth.dkim = s->dkim;
	s->auth.dmarc = (struct dmarc_fact){ .result = AUTH_FAIL,
		.from_domain = slice_of("a.example"),
		.policy_domain = slice_of("a.example"),
		.org_domain = slice_of("a.example"),
		.record = slice_of(RECORD),
		.policy_tag = "p",
		.discovery = "treewalk",
		.override = slice_of("") };
	s->record = (struct record){ .stage = "eom",
		.conn = &s->conn,
		.envelope = &s->envelope,
		.verdict = &s->verdict,
		.auth = &s->auth,
		.rcpt_domain = slice_of("box.example") };
}

static struct dmarcrows_row read(const struct scene *s, struct buf *text)
{
	struct dmarcrows_row row;

	buf_reset(text);
	assert_true(dmarcrows_format(&s->record, text));
	assert_true(text->len <= AGGREGATE_ROW_MAX);
	for (size_t i = 0; i < text->len; i++)
		assert_true(text->at[i] == '\t' ||
			(text->at[i] >= ' ' && text->at[i] <= '~'));
	assert_int_equal(dmarcrows_parse(buf_slice(text), &row), RES_OK);
	return row;
}

static void is(struct slice got, const char *want)
{
	char text[512];

	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(got));
	assert_string_equal(text, want);
}

static void tells(void **state)
{
	const struct row *want = *state;
	struct dmarcrows_row row;
	struct scene s;
	struct buf text;
	char got[512];

	set(&s);
	s.auth.dmarc.result = want->result;
	s.auth.dmarc.policy = want->policy;
	s.auth.dmarc.is_testing = want->is_testing;
	s.auth.dmarc.override =
		slice_of(want->override == NULL ? "" : want->override);
	s.verdict.action = want->action;
	s.verdict.is_monitored = want->is_monitored;
	s.verdict.is_exempt = want->is_exempt;
	s.verdict.is_trusted = want->is_trusted;
	buf_init(&text, AGGREGATE_ROW_MAX);
	if (want->want[0] == '\0') {
		assert_false(dmarcrows_format(&s.record, &text));
		assert_int_equal(text.len, 0);
	} else {
		row = read(&s, &text);
		snprintf(got, sizeof(got), "%.*s%s%.*s%s%.*s",
			SLICE_ARG(row.disposition),
			row.reason_count > 0 ? " " : "",
			SLICE_ARG(row.reason[0].type),
			row.reason[0].comment.len > 0 ? ": " : "",
			SLICE_ARG(row.reason[0].comment));
		assert_string_equal(got, want->want);
	}
	buf_clear(&text);
}

static void all_fields(void **state)
{
	struct dmarcrows_row row;
	struct scene s;
	struct buf text;

	(void)state;
	set(&s);
	s.auth.dmarc.result = AUTH_PASS;
	s.auth.dmarc.dkim_aligned = true;
	s.auth.dkim_count = 3;
	s.dkim[0] = (struct dkim_fact){ .result = AUTH_FAIL,
		.domain = slice_of("x.example"),
		.selector = slice_of("s0") };
	s.dkim[1] = (struct dkim_fact){ .result = AUTH_PASS,
		.domain = slice_of("esp.example"),
		.selector = slice_of("s1") };
	s.dkim[2] = (struct dkim_fact){ .result = AUTH_PASS,
		.domain = slice_of("a.example"),
		.selector = slice_of("s2") };
	buf_init(&text, AGGREGATE_ROW_MAX);
	row = read(&s, &text);
	is(row.discovery, "treewalk");
	is(row.ip, "192.0.2.1");
	is(row.dkim, "pass");
	/* Not asked for, as DKIM was enough, and still aligned. */
	is(row.spf, "pass");
	is(row.header_from, "a.example");
	is(row.envelope_from, "news.a.example");
	is(row.envelope_to, "box.example");
	is(row.spf_domain, "news.a.example");
	is(row.spf_result, "pass");
	assert_int_equal(row.signature_count, 3);
	is(row.signature[0].selector, "s2");
	is(row.signature[1].domain, "esp.example");
	is(row.signature[2].result, "fail");
	s.auth.dmarc.strict_spf = true;
	row = read(&s, &text);
	is(row.spf, "fail");
	buf_clear(&text);
}

static void a_null_sender_is_empty(void **state)
{
	struct dmarcrows_row row;
	struct scene s;
	struct buf text;

	(void)state;
	set(&s);
	s.envelope.sender = (struct address){ .is_null = true };
	buf_init(&text, AGGREGATE_ROW_MAX);
	row = read(&s, &text);
	assert_true(row.has_sender);
	is(row.envelope_from, "");
	s.envelope.sender.is_null = false;
	row = read(&s, &text);
	assert_false(row.has_sender);
	buf_clear(&text);
}

/* Names of any octets and any length fit and break nothing. */
static void hostile_names(void **state)
{
	static char name[300], selector[300];
	struct dmarcrows_row row;
	struct scene s;
	struct buf text;

	(void)state;
	set(&s);
	memset(name, 'n', sizeof(name));
	memset(selector, 's', sizeof(selector));
	memcpy(name, "a\tdo=reject\n\0\xff<&", 16);
	s.auth.mailfrom.domain = slice_make(name, sizeof(name));
	s.envelope.sender.domain = slice_make(name, sizeof(name));
	s.record.rcpt_domain = slice_make(name, sizeof(name));
	s.auth.dkim_count = AUTH_DKIM_MAX;
	for (size_t i = 0; i < AUTH_DKIM_MAX; i++)
		s.dkim[i] = (struct dkim_fact){ .result = AUTH_FAIL,
			.domain = slice_make(selector, 253),
			.selector = slice_make(selector, 253) };
	buf_init(&text, AGGREGATE_ROW_MAX);
	row = read(&s, &text);
	is(row.disposition, "none");
	is(row.header_from, "a.example");
	assert_true(row.signature_count >= 1);
	assert_int_equal(row.spf_domain.len, HOSTNAME_MAX);
	buf_clear(&text);
}

static void who_has_no_row(void **state)
{
	struct scene s;
	struct buf text;

	(void)state;
	buf_init(&text, AGGREGATE_ROW_MAX);
	set(&s);
	s.auth.dmarc.record = slice_of("v=DMARC1; p=reject");
	assert_false(dmarcrows_format(&s.record, &text));
	set(&s);
	s.record.stage = "rcpt";
	assert_false(dmarcrows_format(&s.record, &text));
	set(&s);
	s.record.verdict = NULL; /* of our own users */
	assert_false(dmarcrows_format(&s.record, &text));
	set(&s);
	s.conn.kind = CONN_LOCAL;
	assert_false(dmarcrows_format(&s.record, &text));
	set(&s);
	s.auth.dmarc.policy_domain = slice_of("");
	assert_false(dmarcrows_format(&s.record, &text));
	buf_clear(&text);
}

static void nonsense_is_no_row(void **state)
{
	static const char *const texts[] = { "", "x", "ip=192.0.2.1",
		"ip=192.0.2.1\tdo=none\tdkim=fail\tspf=fail", "\t\t\t",
		"ip=\tdo=none\tdkim=fail\tspf=fail\tfrom=a.example" };
	struct dmarcrows_row row;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(
			dmarcrows_parse(slice_of(texts[i]), &row), RES_SYNTAX);
}

#define ROW(name, came, asked, done, text, ...)         \
	CASE(name, tells,                               \
		(&(const struct row){ .result = (came), \
			.policy = (asked),              \
			.action = (done),               \
			.want = (text),                 \
			__VA_ARGS__ }))
#define NONE DMARC_POLICY_NONE
#define QUARANTINE DMARC_POLICY_QUARANTINE
#define REJECT DMARC_POLICY_REJECT

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("a pass where something is enforced", AUTH_PASS, REJECT,
			ACTION_ACCEPT, "pass"),
		ROW("a pass where nothing is", AUTH_PASS, NONE, ACTION_ACCEPT,
			"none"),
		ROW("a pass is a pass whatever else was found", AUTH_PASS,
			REJECT, ACTION_REJECT, "pass"),
		ROW("refused as the policy wants", AUTH_FAIL, REJECT,
			ACTION_REJECT, "reject"),
		ROW("held as the policy wants", AUTH_FAIL, QUARANTINE,
			ACTION_QUARANTINE, "quarantine"),
		ROW("marked is quarantined", AUTH_FAIL, QUARANTINE, ACTION_MARK,
			"quarantine"),
		ROW("what other checks do is not told", AUTH_FAIL, NONE,
			ACTION_REJECT, "none"),
		ROW("nor that they do more", AUTH_FAIL, QUARANTINE,
			ACTION_REJECT, "quarantine"),
		ROW("less than the policy wants", AUTH_FAIL, REJECT,
			ACTION_ACCEPT, "none local_policy"),
		ROW("half of it", AUTH_FAIL, REJECT, ACTION_QUARANTINE,
			"quarantine local_policy"),
		ROW("only monitored", AUTH_FAIL, REJECT, ACTION_ACCEPT,
			"none local_policy: nothing is enforced here",
			.is_monitored = true),
		ROW("to postmaster", AUTH_FAIL, REJECT, ACTION_ACCEPT,
			"none local_policy: a recipient that takes all mail",
			.is_exempt = true),
		ROW("from a friend", AUTH_FAIL, REJECT, ACTION_ACCEPT,
			"none local_policy: a sender that is known here",
			.is_trusted = true),
		ROW("by a known list", AUTH_FAIL, REJECT, ACTION_ACCEPT,
			"none mailing_list", .override = "known mailing list"),
		ROW("by a trusted sealer", AUTH_FAIL, REJECT, ACTION_ACCEPT,
			"none trusted_forwarder: trusted ARC sealer",
			.override = "trusted ARC sealer"),
		ROW("t=y", AUTH_FAIL, QUARANTINE, ACTION_ACCEPT,
			"none policy_test_mode", .is_testing = true),
		ROW("t=y, and held", AUTH_FAIL, REJECT, ACTION_REJECT,
			"quarantine policy_test_mode", .is_testing = true),
		ROW("t=y, and not even that", AUTH_FAIL, REJECT, ACTION_ACCEPT,
			"none local_policy", .is_testing = true),
		ROW("what is put off comes again", AUTH_FAIL, REJECT,
			ACTION_TEMPFAIL, ""),
		ROW("what could not be told is no row", AUTH_TEMPERROR, REJECT,
			ACTION_ACCEPT, ""),
		ROW("no policy, no row", AUTH_NONE, NONE, ACTION_ACCEPT, ""),
		cmocka_unit_test(all_fields),
		cmocka_unit_test(a_null_sender_is_empty),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(who_has_no_row),
		cmocka_unit_test(nonsense_is_no_row),
	};

	return cmocka_run_group_tests_name(
		"judge/dmarcrows", cases, NULL, NULL);
}
