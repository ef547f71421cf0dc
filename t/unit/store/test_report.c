/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/report.h"

#include "store/ticket.h"
#include "support/case.h"
#include "unit/store/report_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK "rp:block:user:" RIG_ACCOUNT
#define ALLOW "rp:allow:user:" RIG_ACCOUNT
#define REPORTERS "rp:complaint:user:" RIG_ACCOUNT
#define DAY_MS INT64_C(86400000)

static int set_up_with(void **state, const char *conf)
{
	struct rig_report *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	report_rig_make(r, conf);
	*state = r;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(state, "");
}

static int set_up_listing(void **state)
{
	return set_up_with(state, "listing { enabled = yes\n messages = 2 }");
}

static int set_up_trusted(void **state)
{
	return set_up_with(state, "listing { enabled = yes\n messages = 1 }");
}

static int set_up_would_list(void **state)
{
	return set_up_with(state, "listing { messages = 2 }");
}

static int set_up_no_pause(void **state)
{
	return set_up_with(state, "reports { pause = no }");
}

static int set_up_short_pause(void **state)
{
	return set_up_with(state, "reports { pause_s = 3600\n pause_at = 1 }");
}

static int set_up_full(void **state)
{
	return set_up_with(
		state, "reports { pause_at = 1 } support { messages_max = 2 }");
}

static int set_up_no_learn(void **state)
{
	return set_up_with(state, "reports { learn = no\n evidence = no }");
}

static int tear_down(void **state)
{
	struct rig_report *r = *state;

	report_rig_remove(r);
	free(r);
	return 0;
}

static long number(const char *text)
{
	return strtol(text, NULL, 10);
}

/* ---- a trace that does not hold ---- */

/* Whatever it claims. */
static void claim_all(struct rig_report *r)
{
	struct report_original *o = &r->original[0];

	assert_int_equal(
		ipaddr_parse(&o->claimed_ip, slice_of("192.0.2.9")), RES_OK);
	o->has_claimed_ip = true;
	o->cfbl_address = slice_of("fbl@example.org");
	o->trace.has_cfbl = true;
	o->message = slice_of(
		"Authentication-Results: mx.example.net; dkim=pass "
		"header.d=example.org\nReceived: from x ([192.0.2.9])\n\nx\n");
}

static void wants_nothing(struct rig_report *r)
{
	static const char *const patterns[] = { "rp:block*", "rp:allow*",
		"rp:rep:*", "rp:evidence:*", "rp:complaint:*", "rp:hist:*",
		"rp:report:train", "rp:report:told:*", "rp:report:once:*",
		"rp:traffic:*", "rp:fbl:*", "rp:content:*" };

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		report_rig_wants_keys(r, patterns[i], 0);
	assert_int_equal(report_rig_jobs(r, "fbl-report"), 0);
}

static void file_in_all_kinds(
	struct rig_report *r, enum tracekeys_word word, enum report_proof proof)
{
	for (int k = REPORT_ABUSE; k < REPORT_KINDS; k++) {
		report_rig_in(r, (enum report_kind)k);
		claim_all(r);
		r->original[0].trace_word = word;
		r->filing.proof = proof;
		report_rig_wants(r, "nothing");
		report_rig_out(r, (enum report_kind)k);
		claim_all(r);
		r->original[0].trace_word = word;
		r->filing.proof = proof;
		report_rig_wants(r, "nothing");
	}
}

static void only_a_trace_that_holds_counts(void **state)
{
	struct rig_report *r = *state;

	for (int w = TRACEKEYS_NONE; w < TRACEKEYS_VALID; w++) {
		file_in_all_kinds(r, (enum tracekeys_word)w, REPORT_UNPROVEN);
		file_in_all_kinds(
			r, (enum tracekeys_word)w, REPORT_AUTHENTICATED);
		file_in_all_kinds(r, (enum tracekeys_word)w, REPORT_LOCAL);
	}
	wants_nothing(r);
}

static void read_ticket(struct rig_report *r, struct ticket *t)
{
	arena_reset(r->arena);
	desk_result(
		ticket_read(r->desk.redis, r->desk.conf,
			slice_of(r->filed.ticket), r->desk.now_ms, r->arena, t),
		RES_OK);
}

static bool has(struct slice text, const char *part)
{
	for (size_t i = 0; i < text.len; i++)
		if (slice_has_prefix(
			    slice_part(text, i, text.len), slice_of(part)))
			return true;
	return false;
}

static void without_a_trace_it_is_a_ticket(void **state)
{
	struct rig_report *r = *state;
	struct ticket t;

	r->original[0].trace_word = TRACEKEYS_NONE;
	report_rig_file(r);
	read_ticket(r, &t);
	assert_string_equal(ticket_state_name(t.state), "open");
	assert_true(slice_is_equal(t.mail, slice_of("joe@example.com")));
	assert_true(slice_is_equal(t.rid, slice_of(r->filed.id)));
	assert_true(has(t.message[0].text, "please look"));
	assert_int_equal(report_rig_jobs(r, "ticket-admin"), 1);
	assert_int_equal(report_rig_jobs(r, "ticket-link"), 0);
	wants_nothing(r);
}

static void who_is_not_proved_is_not_written_to(void **state)
{
	struct rig_report *r = *state;
	struct ticket t;

	r->original[0].trace_word = TRACEKEYS_FORGED;
	r->filing.proof = REPORT_UNPROVEN;
	report_rig_file(r);
	read_ticket(r, &t);
	assert_int_equal(t.mail.len, 0);
	assert_string_equal(ticket_state_name(t.state), "open");
	assert_true(has(t.message[0].text, "joe@example.com (not proved)"));
	assert_false(r->filed.has_ack);
	assert_int_equal(report_rig_jobs(r, "report-ack"), 0);
	assert_int_equal(report_rig_jobs(r, "ticket-link"), 0);
}

static void text_alone_is_a_ticket(void **state)
{
	struct rig_report *r = *state;
	struct ticket t;

	r->filing.count = 0;
	r->filing.reporter = slice_of("");
	r->filing.proof = REPORT_UNPROVEN;
	r->filing.message_id = slice_of("");
	report_rig_wants(r, "nothing");
	read_ticket(r, &t);
	assert_int_equal(t.message_count, 1);
	wants_nothing(r);
}

/* ---- mail that came in ---- */

static void junk_counts_against_its_source(void **state)
{
	struct rig_report *r = *state;

	report_rig_user(r, 1);
	report_rig_wants(r, "counted");
	assert_int_equal(r->filed.valid, 1);
	assert_string_equal(r->filed.ticket, "");
	DESK_WANTS(&r->desk, "0.000 5.000", "HMGET", "rp:rep:address:192.0.2.7",
		"good", "bad");
	DESK_WANTS(&r->desk, "0.000 5.000", "HMGET",
		"rp:rep:network:192.0.2.0/24", "good", "bad");
	DESK_WANTS(&r->desk, "0.000 5.000", "HMGET",
		"rp:rep:domain:example.org", "good", "bad");
	DESK_WANTS(&r->desk, "1", "ZCARD", "rp:evidence:192.0.2.7");
	DESK_WANTS(&r->desk, "/0000000000000001", "ZRANGE",
		"rp:evidence:192.0.2.7", "0", "-1");
	DESK_WANTS(&r->desk, "1 1", "HMGET", "rp:complaint:day:20270115",
		"ip:192.0.2.7/32", "domain:example.org");
	DESK_WANTS(&r->desk, "1", "HGET", "rp:report:count", "junk:counted");
	report_rig_wants_keys(r, "rp:block:*", 0);
	assert_string_equal(
		report_state_name(report_rig_read(r)->state), "acted");
	assert_true(r->report.item[0].waits);
}

/* Which name it has is not known here, but which is in use. */
static void a_domain_counts_by_the_name_it_is_known_by(void **state)
{
	struct rig_report *r = *state;
	struct trace *t = &r->original[0].trace;

	snprintf(t->domain, sizeof(t->domain), "a.mail.example.org");
	(void)REDIS_DO(r->desk.server, "HSET", "rp:rep:domain:mail.example.org",
		"bad", "0", "at", "1000", "first", "1");
	(void)REDIS_DO(r->desk.server, "HSET", "rp:rep:domain:example.org",
		"bad", "0", "at", "1700000000000", "first", "1");
	report_rig_wants(r, "counted");
	DESK_WANTS(
		&r->desk, "5.000", "HGET", "rp:rep:domain:example.org", "bad");
	DESK_WANTS(
		&r->desk, "0", "HGET", "rp:rep:domain:mail.example.org", "bad");
	report_rig_in(r, REPORT_JUNK);
	report_rig_by(r, "ann@example.org");
	snprintf(t->domain, sizeof(t->domain), "mail.example.net");
	report_rig_wants(r, "counted");
	DESK_WANTS(&r->desk, "5.000", "HGET", "rp:rep:domain:mail.example.net",
		"bad");
	report_rig_wants_keys(r, "rp:rep:domain:*", 3);
}

static void notjunk_speaks_for_its_source(void **state)
{
	struct rig_report *r = *state;

	(void)REDIS_DO(
		r->desk.server, "HSET", "rp:block:192.0.2.7", "reason", "x");
	report_rig_in(r, REPORT_NOTJUNK);
	report_rig_user(r, 1);
	report_rig_wants(r, "counted");
	DESK_WANTS(&r->desk, "5.000 0.000", "HMGET", "rp:rep:address:192.0.2.7",
		"good", "bad");
	report_rig_wants_keys(r, "rp:evidence:*", 0);
	report_rig_wants_keys(r, "rp:complaint:*", 0);
	DESK_WANTS(&r->desk, "x", "HGET", "rp:block:192.0.2.7", "reason");
	assert_true(report_rig_read(r)->item[0].waits);
}

/* Of mail that bounced a sender has the trace himself. */
static void outsiders_do_not_praise(void **state)
{
	static const enum report_proof proofs[] = { REPORT_UNPROVEN,
		REPORT_AUTHENTICATED };
	struct rig_report *r = *state;

	for (size_t i = 0; i < 2; i++) {
		report_rig_in(r, REPORT_NOTJUNK);
		r->filing.proof = proofs[i];
		report_rig_wants(r, "nothing");
		assert_int_equal(r->filed.valid, 1);
		assert_string_equal(r->filed.ticket, "");
		assert_false(report_rig_read(r)->item[0].waits);
	}
	report_rig_wants_keys(r, "rp:rep:*", 0);
	report_rig_wants_keys(r, "rp:report:train", 0);
	/* Nor do they use up what a recipient of it may say. */
	report_rig_user(r, 1);
	report_rig_wants(r, "counted");
}

static void a_failed_check_counts_for_nothing(void **state)
{
	struct rig_report *r = *state;

	report_rig_in(r, REPORT_AUTH_FAILURE);
	report_rig_wants(r, "nothing");
	assert_int_equal(r->filed.valid, 1);
	assert_string_equal(r->filed.ticket, "");
	wants_nothing(r);
}

static void the_same_mail_is_filed_once(void **state)
{
	struct rig_report *r = *state;
	char id[CASE_REF_MAX];

	report_rig_wants(r, "counted");
	assert_true(r->filed.has_ack);
	snprintf(id, sizeof(id), "%s", r->filed.id);
	r->desk.now_ms += 1000;
	report_rig_wants(r, "counted");
	assert_true(r->filed.is_known);
	assert_true(r->filed.has_ack);
	assert_int_equal(r->filed.valid, 1);
	assert_string_equal(r->filed.id, id);
	DESK_WANTS(
		&r->desk, "5.000", "HGET", "rp:rep:address:192.0.2.7", "bad");
	assert_int_equal(report_rig_jobs(r, "report-ack"), 1);
	DESK_WANTS(&r->desk, "1", "ZCARD", "rp:report:all");
}

static void a_message_is_told_of_once(void **state)
{
	struct rig_report *r = *state;

	r->original[0].trace.recipients = 9;
	report_rig_wants(r, "counted");
	report_rig_by(r, "Joe+x@example.com");
	report_rig_wants(r, "duplicate");
	/* Nor on another day. */
	r->desk.now_ms += 2 * DAY_MS;
	(void)REDIS_DO(r->desk.server, "DEL", "rp:report:once:x");
	report_rig_by(r, "joe@example.com");
	report_rig_wants(r, "duplicate");
	DESK_WANTS(
		&r->desk, "5.000", "HGET", "rp:rep:domain:example.org", "bad");
	DESK_WANTS(&r->desk, "1", "ZCARD", "rp:report:train");
}

/* Or one trace could be sent again and again with as many of them. */
static void what_teaches_nothing_keeps_no_lesson(void **state)
{
	struct rig_report *r = *state;

	r->original[0].lesson = slice_of("1sabc");
	report_rig_wants(r, "counted");
	assert_true(slice_is_equal(
		report_rig_read(r)->item[0].lesson, slice_of("1sabc")));
	report_rig_by(r, "joe@example.com");
	report_rig_wants(r, "duplicate");
	assert_int_equal(report_rig_read(r)->item[0].lesson.len, 0);
	report_rig_in(r, REPORT_AUTH_FAILURE);
	r->original[0].lesson = slice_of("1sabc");
	report_rig_wants(r, "nothing");
	assert_int_equal(report_rig_read(r)->item[0].lesson.len, 0);
}

static void a_reporter_counts_once_a_day(void **state)
{
	struct rig_report *r = *state;

	report_rig_user(r, 1);
	report_rig_wants(r, "counted");
	report_rig_in(r, REPORT_JUNK);
	report_rig_user(r, 1);
	report_rig_wants(r, "again");
	report_rig_in(r, REPORT_NOTJUNK);
	report_rig_user(r, 1);
	report_rig_wants(r, "again");
	DESK_WANTS(&r->desk, "0.000 5.000", "HMGET", "rp:rep:address:192.0.2.7",
		"good", "bad");
	/* Another source is another matter. */
	report_rig_in(r, REPORT_JUNK);
	report_rig_user(r, 1);
	r->original[0].trace.ip.octet[15] = 8;
	report_rig_wants(r, "counted");
	/* All three may be learnt, and the next one. */
	DESK_WANTS(&r->desk, "4", "ZCARD", "rp:report:train");
}

static void a_day_later_he_counts_again(void **state)
{
	struct rig_report *r = *state;
	char key[DESK_TEXT_MAX], life[DESK_TEXT_MAX];

	report_rig_wants(r, "counted");
	DESK_ASK(&r->desk, key, "KEYS", "rp:report:once:*");
	assert_in_range(
		number(DESK_ASK(&r->desk, life, "TTL", key)), 86300, 86400);
	DESK_WANTS(&r->desk, "1", "DEL", key);
	report_rig_in(r, REPORT_JUNK);
	report_rig_wants(r, "counted");
}

static void mailboxes_of_an_organisation_are_one(void **state)
{
	struct rig_report *r = *state;

	report_rig_by(r, "a@example.com");
	report_rig_wants(r, "counted");
	report_rig_in(r, REPORT_JUNK);
	report_rig_by(r, "b@example.com");
	report_rig_wants(r, "again");
	report_rig_in(r, REPORT_JUNK);
	report_rig_by(r, "c@x7.example.com");
	r->filing.organisation = slice_of("example.com");
	report_rig_wants(r, "again");
	report_rig_in(r, REPORT_JUNK);
	report_rig_by(r, "c@example.org");
	report_rig_wants(r, "counted");
	/* Users of ours are known each by his own account. */
	for (unsigned i = 1; i <= 2; i++) {
		report_rig_in(r, REPORT_JUNK);
		report_rig_user(r, i);
		report_rig_wants(r, "counted");
	}
	DESK_WANTS(
		&r->desk, "20.000", "HGET", "rp:rep:address:192.0.2.7", "bad");
}

static void who_is_not_proved_is_one(void **state)
{
	struct rig_report *r = *state;

	for (int i = 0; i < 5; i++) {
		char mail[64];

		report_rig_in(r, REPORT_JUNK);
		snprintf(mail, sizeof(mail), "joe@u%d.example", i);
		report_rig_by(r, mail);
		r->filing.proof = REPORT_UNPROVEN;
		report_rig_wants(r, i == 0 ? "counted" : "again");
	}
	DESK_WANTS(
		&r->desk, "5.000", "HGET", "rp:rep:address:192.0.2.7", "bad");
}

static void a_message_counts_for_its_recipients(void **state)
{
	struct rig_report *r = *state;

	r->original[0].trace.recipients = 2;
	report_rig_by(r, "a@a.example");
	report_rig_wants(r, "counted");
	report_rig_by(r, "b@b.example");
	report_rig_wants(r, "counted");
	report_rig_by(r, "c@c.example");
	report_rig_wants(r, "spent");
	DESK_WANTS(
		&r->desk, "10.000", "HGET", "rp:rep:address:192.0.2.7", "bad");
}

/* Or a sender would use it up himself: one of the recipients is his. */
static void outsiders_do_not_use_it_up(void **state)
{
	struct rig_report *r = *state;

	report_rig_by(r, "a@a.example");
	report_rig_wants(r, "counted");
	report_rig_by(r, "b@b.example");
	report_rig_wants(r, "spent");
	report_rig_user(r, 1);
	report_rig_wants(r, "counted");
	report_rig_user(r, 2);
	report_rig_wants(r, "spent");
	DESK_WANTS(&r->desk, "1", "ZCARD", "rp:evidence:192.0.2.7");
}

static void addresses_of_our_own_are_left_alone(void **state)
{
	static const char *const ours[] = { "192.0.2.7", "10.0.0.1",
		"127.0.0.1", "fd00::1" };
	char *trusted[] = { (char[]){ "192.0.2.0/28" } };
	struct rig_report *r = *state;
	const struct conf_networks before = r->desk.conf->milter.trusted;

	r->desk.conf->milter.trusted.names = trusted;
	r->desk.conf->milter.trusted.count = 1;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		report_rig_in(r, REPORT_PHISH);
		assert_int_equal(ipaddr_parse(&r->original[0].trace.ip,
					 slice_of(ours[i])),
			RES_OK);
		report_rig_wants(r, "counted");
	}
	r->desk.conf->milter.trusted = before;
	report_rig_wants_keys(r, "rp:rep:address:*", 0);
	report_rig_wants_keys(r, "rp:rep:network:*", 0);
	report_rig_wants_keys(r, "rp:evidence:*", 0);
	report_rig_wants_keys(r, "rp:block:*", 0);
	DESK_WANTS(
		&r->desk, "20.000", "HGET", "rp:rep:domain:example.org", "bad");
}

/* ---- listing ---- */

static void enough_reports_list(void **state)
{
	struct rig_report *r = *state;

	report_rig_user(r, 1);
	report_rig_wants(r, "counted");
	/* The same message is the same piece. */
	report_rig_in(r, REPORT_JUNK);
	snprintf(r->original[0].trace.id, TRACE_ID_MAX, "%016u", 1);
	r->original[0].trace.recipients = 2;
	report_rig_user(r, 2);
	report_rig_wants(r, "counted");
	report_rig_wants_keys(r, "rp:block:*", 0);
	report_rig_in(r, REPORT_PHISH);
	report_rig_user(r, 3);
	report_rig_wants(r, "listed");
	DESK_WANTS(&r->desk, "self auto reports", "HMGET", "rp:block:192.0.2.7",
		"class", "origin", "by");
	report_rig_wants_keys(r, "rp:evidence:*", 0);
	assert_string_equal(
		report_effect_name(report_rig_read(r)->item[0].effect),
		"listed");
	DESK_WANTS(&r->desk, "1", "HGET", "rp:report:count", "listing:listed");
	/* And nobody who says "not junk" takes it off. */
	report_rig_in(r, REPORT_NOTJUNK);
	report_rig_user(r, 4);
	report_rig_wants(r, "counted");
	report_rig_wants_keys(r, "rp:block:192.0.2.7", 1);
}

/* Who has a domain and mail of somebody that we forward to him. */
static void outsiders_do_not_list(void **state)
{
	struct rig_report *r = *state;

	for (int i = 0; i < 6; i++) {
		char mail[64];

		report_rig_in(r, REPORT_JUNK);
		snprintf(mail, sizeof(mail), "joe@u%d.example", i);
		report_rig_by(r, mail);
		if (i == 5)
			r->filing.proof = REPORT_UNPROVEN;
		report_rig_wants(r, "counted");
	}
	report_rig_wants_keys(r, "rp:evidence:*", 0);
	report_rig_wants_keys(r, "rp:block:*", 0);
}

static void without_listing_it_is_only_told(void **state)
{
	struct rig_report *r = *state;

	report_rig_user(r, 1);
	report_rig_wants(r, "counted");
	report_rig_in(r, REPORT_JUNK);
	report_rig_user(r, 2);
	report_rig_wants(r, "counted");
	report_rig_wants_keys(r, "rp:block:*", 0);
	report_rig_wants_keys(r, "rp:hist:*", 0);
	report_rig_wants_keys(r, "rp:evidence:*", 0);
	DESK_WANTS(&r->desk, "1", "HGET", "rp:report:count", "listing:would");
}

static void who_is_allowed_is_not_listed(void **state)
{
	struct rig_report *r = *state;

	(void)REDIS_DO(r->desk.server, "SET", "rp:allow:192.0.2.7", "x");
	for (unsigned i = 0; i < 4; i++) {
		report_rig_in(r, REPORT_JUNK);
		report_rig_user(r, i);
		report_rig_wants(r, "counted");
	}
	report_rig_wants_keys(r, "rp:block:*", 0);
}

static void options_switch_it_off(void **state)
{
	struct rig_report *r = *state;

	report_rig_wants(r, "counted");
	report_rig_wants_keys(r, "rp:report:train", 0);
	report_rig_wants_keys(r, "rp:evidence:*", 0);
	assert_false(report_rig_read(r)->item[0].waits);
}

/* ---- mail of an account of ours ---- */

static void complain(struct rig_report *r, const char *mail, const char *want)
{
	report_rig_out(r, REPORT_ABUSE);
	report_rig_by(r, mail);
	report_rig_wants(r, want);
}

static void enough_reporters_pause(void **state)
{
	struct rig_report *r = *state;
	unsigned reporters = 0;
	struct ticket t;

	complain(r, "a@a.example", "counted");
	complain(r, "a@a.example", "again");
	complain(r, "e@a.example", "again");
	complain(r, "b@b.example", "counted");
	report_rig_wants_keys(r, BLOCK, 0);
	complain(r, "c@c.example", "paused");
	DESK_WANTS(&r->desk, "review reports reports", "HMGET", BLOCK, "class",
		"origin", "by");
	DESK_WANTS(&r->desk, r->filed.id, "HGET", BLOCK, "ref");
	DESK_WANTS(&r->desk, "-1", "TTL", BLOCK);
	DESK_WANTS(&r->desk, "3", "HGET", "rp:complaint:day:20270115",
		"user:" RIG_ACCOUNT);
	desk_result(complaint_user(r->desk.redis, r->desk.conf, RIG_ACCOUNT,
			    r->desk.now_ms, &reporters),
		RES_OK);
	assert_int_equal(reporters, 3);
	read_ticket(r, &t);
	assert_int_equal(t.message_count, 5);
	assert_int_equal(t.mail.len, 0);
	assert_true(has(t.message[4].text, "It is paused now."));
	report_rig_wants_keys(r, "rp:rep:*", 0);
	report_rig_wants_keys(r, "rp:evidence:*", 0);
	report_rig_wants_keys(r, "rp:report:train", 0);
}

static void the_audit_tells(void **state)
{
	struct rig_report *r = *state;
	const struct slice argv[] = { slice_of("XRANGE"), slice_of("rp:audit"),
		slice_of("-"), slice_of("+") };
	struct redis_reply all, line, fields;
	bool found = false;

	complain(r, "a@a.example", "counted");
	complain(r, "b@b.example", "counted");
	complain(r, "c@c.example", "paused");
	desk_result(redis_command(r->desk.redis, argv, 4, &all), RES_OK);
	for (size_t i = 0; i < all.count; i++) {
		line = redis_element(&all, i);
		fields = redis_element(&line, 1);
		if (!slice_is_equal(
			    redis_element(&fields, 3).text, slice_of("pause")))
			continue;
		found = true;
		assert_true(slice_is_equal(
			redis_element(&fields, 5).text, slice_of(BLOCK)));
		assert_true(has(redis_element(&fields, 11).text,
			"reported by 3 reporters"));
	}
	assert_true(found);
}

static void who_is_not_proved_does_not_pause(void **state)
{
	struct rig_report *r = *state;

	for (int i = 0; i < 9; i++) {
		report_rig_out(r, REPORT_PHISH);
		r->filing.proof = REPORT_UNPROVEN;
		report_rig_wants(r, i == 0 ? "counted" : "again");
	}
	report_rig_wants_keys(r, BLOCK, 0);
	DESK_WANTS(&r->desk, "1", "ZCARD", REPORTERS);
}

static void an_allowed_account_is_not_paused(void **state)
{
	struct rig_report *r = *state;
	struct ticket t;

	(void)REDIS_DO(r->desk.server, "SET", ALLOW, "a list");
	complain(r, "a@a.example", "counted");
	complain(r, "b@b.example", "counted");
	complain(r, "c@c.example", "counted");
	report_rig_wants_keys(r, BLOCK, 0);
	read_ticket(r, &t);
	assert_true(has(t.message[2].text, "an entry allows it"));
}

static void without_pause_it_is_only_told(void **state)
{
	struct rig_report *r = *state;
	struct ticket t;

	complain(r, "a@a.example", "counted");
	complain(r, "b@b.example", "counted");
	complain(r, "c@c.example", "counted");
	report_rig_wants_keys(r, BLOCK, 0);
	read_ticket(r, &t);
	assert_true(has(t.message[2].text, "It would be paused"));
}

static void a_pause_may_end_by_itself(void **state)
{
	struct rig_report *r = *state;
	char life[DESK_TEXT_MAX];

	complain(r, "a@a.example", "paused");
	assert_in_range(
		number(DESK_ASK(&r->desk, life, "TTL", BLOCK)), 3500, 3600);
}

static void only_new_reports_pause_again(void **state)
{
	struct rig_report *r = *state;

	complain(r, "a@a.example", "counted");
	complain(r, "b@b.example", "counted");
	complain(r, "c@c.example", "paused");
	r->desk.now_ms += 1000;
	complain(r, "d@d.example", "counted");
	complain(r, "e@e.example", "counted");
	complain(r, "f@f.example", "counted");
	DESK_WANTS(&r->desk, "1", "DEL", BLOCK);
	r->desk.now_ms += 1000;
	complain(r, "g@g.example", "counted");
	complain(r, "h@h.example", "counted");
	report_rig_wants_keys(r, BLOCK, 0);
	complain(r, "i@i.example", "paused");
	report_rig_wants_keys(r, BLOCK, 1);
}

static void old_reporters_do_not_count(void **state)
{
	struct rig_report *r = *state;

	complain(r, "a@a.example", "counted");
	complain(r, "b@b.example", "counted");
	r->desk.now_ms += DAY_MS + 1;
	complain(r, "c@c.example", "counted");
	report_rig_wants_keys(r, BLOCK, 0);
	DESK_WANTS(&r->desk, "1", "ZCARD", REPORTERS);
}

static void notjunk_of_ours_does_nothing(void **state)
{
	struct rig_report *r = *state;

	report_rig_out(r, REPORT_NOTJUNK);
	report_rig_wants(r, "nothing");
	wants_nothing(r);
}

/* ---- the ticket of an account ---- */

static void an_account_has_one_ticket(void **state)
{
	struct rig_report *r = *state;
	char first[CASE_REF_MAX];
	struct ticket_entry closing = { .who = slice_of("ann"),
		.to = TICKET_CLOSED };
	struct ticket t;

	complain(r, "a@a.example", "counted");
	snprintf(first, sizeof(first), "%s", r->filed.ticket);
	complain(r, "b@b.example", "counted");
	assert_string_equal(r->filed.ticket, first);
	closing.id = slice_of(first);
	report_rig_wants_keys(r, "rp:ticket:*:log", 1);
	desk_result(ticket_add(r->desk.redis, r->desk.conf, &closing,
			    r->desk.now_ms),
		RES_OK);
	complain(r, "c@c.example", "paused");
	assert_string_not_equal(r->filed.ticket, first);
	read_ticket(r, &t);
	assert_int_equal(t.message_count, 1);
	report_rig_wants_keys(r, "rp:ticket:*:log", 2);
}

/* Its administrator must hear of it, even so. */
static void a_full_ticket_hides_no_pause(void **state)
{
	struct rig_report *r = *state;
	char first[CASE_REF_MAX];

	complain(r, "a@a.example", "paused");
	snprintf(first, sizeof(first), "%s", r->filed.ticket);
	complain(r, "b@b.example", "counted");
	complain(r, "c@c.example", "counted");
	assert_string_equal(r->filed.ticket, first);
	report_rig_wants_keys(r, "rp:ticket:*:log", 1);
	DESK_WANTS(&r->desk, "1", "DEL", BLOCK);
	r->desk.now_ms += 1000;
	complain(r, "d@d.example", "paused");
	assert_string_not_equal(r->filed.ticket, first);
	report_rig_wants_keys(r, "rp:ticket:*:log", 2);
	assert_int_equal(report_rig_jobs(r, "ticket-admin"), 3);
}

int main(void)
{
#define TEST(text, function, up)                                             \
	{                                                                    \
		.name = (text), .test_func = (function), .setup_func = (up), \
		.teardown_func = tear_down                                   \
	}
	const struct CMUnitTest cases[] = {
		TEST("nothing counts without a trace that holds, whatever is "
		     "claimed",
			only_a_trace_that_holds_counts, set_up_listing),
		TEST("without a trace it is a ticket, open at once",
			without_a_trace_it_is_a_ticket, set_up),
		TEST("who is not proved is never written to",
			who_is_not_proved_is_not_written_to, set_up),
		TEST("a report of text alone is a ticket",
			text_alone_is_a_ticket, set_up),
		TEST("junk counts against address, network and domain",
			junk_counts_against_its_source, set_up),
		TEST("a domain counts by the name that it is known by",
			a_domain_counts_by_the_name_it_is_known_by, set_up),
		TEST("notjunk speaks for its source and takes nothing off a "
		     "list",
			notjunk_speaks_for_its_source, set_up),
		TEST("notjunk of an outsider does nothing",
			outsiders_do_not_praise, set_up),
		TEST("a report of a failed check counts for nothing",
			a_failed_check_counts_for_nothing, set_up),
		TEST("the same mail is filed once", the_same_mail_is_filed_once,
			set_up),
		TEST("a reporter tells of a message once",
			a_message_is_told_of_once, set_up),
		TEST("what teaches nothing keeps no lesson",
			what_teaches_nothing_keeps_no_lesson, set_up),
		TEST("a reporter counts once a day for a source",
			a_reporter_counts_once_a_day, set_up),
		TEST("and on the next day once more",
			a_day_later_he_counts_again, set_up),
		TEST("all mailboxes of an organisation are one",
			mailboxes_of_an_organisation_are_one, set_up),
		TEST("all who are not proved are one", who_is_not_proved_is_one,
			set_up),
		TEST("a message counts as often as it had recipients",
			a_message_counts_for_its_recipients, set_up),
		TEST("for users of ours apart from all others",
			outsiders_do_not_use_it_up, set_up),
		TEST("addresses of our own are left alone",
			addresses_of_our_own_are_left_alone, set_up_trusted),
		TEST("enough reported messages list their source",
			enough_reports_list, set_up_listing),
		TEST("outsiders list nothing, however many",
			outsiders_do_not_list, set_up_listing),
		TEST("with listing.enabled no it is counted and told",
			without_listing_it_is_only_told, set_up_would_list),
		TEST("an allowed address is not listed",
			who_is_allowed_is_not_listed, set_up_listing),
		TEST("evidence and learn can be switched off",
			options_switch_it_off, set_up_no_learn),
		TEST("three reporters pause an account", enough_reporters_pause,
			set_up),
		TEST("a pause is in the audit", the_audit_tells, set_up),
		TEST("many who are not proved pause nobody",
			who_is_not_proved_does_not_pause, set_up),
		TEST("an allowed account is not paused",
			an_allowed_account_is_not_paused, set_up),
		TEST("with reports.pause no the ticket says what would be",
			without_pause_it_is_only_told, set_up_no_pause),
		TEST("a pause ends after reports.pause_s",
			a_pause_may_end_by_itself, set_up_short_pause),
		TEST("who is resumed is paused again by new reports only",
			only_new_reports_pause_again, set_up),
		TEST("reporters count within the window",
			old_reporters_do_not_count, set_up),
		TEST("notjunk about mail of ours does nothing",
			notjunk_of_ours_does_nothing, set_up),
		TEST("an account has one ticket while that is open",
			an_account_has_one_ticket, set_up),
		TEST("a ticket that is full hides no pause",
			a_full_ticket_hides_no_pause, set_up_full),
	};

	return cmocka_run_group_tests_name("store/report", cases, NULL, NULL);
}
