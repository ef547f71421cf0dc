/* SPDX-License-Identifier: BSD-2-Clause */
/* What is read of reports, the list for training, acknowledgements, jobs for
 * senders, numbers. */
#include "store/report.h"

#include "base/buf.h"
#include "support/case.h"
#include "unit/store/report_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

enum { SEEN_MAX = 4096 };

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

static int set_up_acks(void **state)
{
	return set_up_with(
		state, "reports { acks_mailbox = 2\n acks_domain = 3 }");
}

static int set_up_no_acks(void **state)
{
	return set_up_with(state, "reports { acks_mailbox = 0 }");
}

static int set_up_cfbl(void **state)
{
	return set_up_with(state, "fbl { cfbl = yes }");
}

static int set_up_few(void **state)
{
	return set_up_with(
		state, "reports { originals_max = 2\n original_max = 4096 }");
}

static int tear_down(void **state)
{
	struct rig_report *r = *state;

	report_rig_remove(r);
	free(r);
	return 0;
}

static void equal(struct slice got, const char *want)
{
	if (!slice_is_equal(got, slice_of(want)))
		print_message("# \"%.*s\"\n", SLICE_ARG(got));
	assert_true(slice_is_equal(got, slice_of(want)));
}

/* ---- reading ---- */

static void all_that_was_filed_is_read(void **state)
{
	struct rig_report *r = *state;
	struct report_original *o = &r->original[0];
	const struct report_item *i;

	o->message_id = slice_of("<m@example.org>");
	o->cfbl_address = slice_of("fbl@example.org");
	o->cfbl_id = slice_of("id7");
	o->lesson = slice_make("1s\0x", 4);
	o->has_claimed_ip =
		ipaddr_parse(&o->claimed_ip, slice_of("2001:db8::1")) == RES_OK;
	o->trace.has_cfbl = true;
	r->original[1] = (struct report_original){ .form = REPORT_FORM_ARF,
		.kind = REPORT_PHISH,
		.trace_word = TRACEKEYS_FORGED,
		.message = slice_of("x") };
	r->filing.count = 2;
	r->filing.client = slice_of("198.51.100.0/24");
	r->filing.language = slice_of("es");
	report_rig_file(r);
	(void)report_rig_read(r);
	assert_int_equal(r->report.at_ms, r->desk.now_ms);
	assert_string_equal(
		report_proof_name(r->report.proof), "authenticated");
	assert_string_equal(report_effect_name(r->report.effect), "counted");
	equal(r->report.reporter, "joe@example.com");
	equal(r->report.client, "198.51.100.0/24");
	equal(r->report.language, "es");
	equal(r->report.text, "please look");
	assert_int_equal(r->report.count, 2);
	i = &r->report.item[0];
	assert_string_equal(report_form_name(i->form), "attached");
	assert_string_equal(report_kind_name(i->kind), "junk");
	assert_int_equal(i->trace_word, TRACEKEYS_VALID);
	assert_int_equal(i->trace.direction, TRACE_IN);
	assert_memory_equal(&i->trace.ip, &o->trace.ip, sizeof(o->trace.ip));
	assert_string_equal(i->trace.id, o->trace.id);
	assert_string_equal(i->trace.domain, "example.org");
	assert_string_equal(i->trace.by, "mx.example.net");
	assert_int_equal(i->trace.at_s, o->trace.at_s);
	assert_true(i->trace.has_cfbl);
	equal(i->from, "Win <win@example.org>");
	equal(i->message_id, "<m@example.org>");
	equal(i->cfbl_address, "fbl@example.org");
	equal(i->cfbl_id, "id7");
	assert_true(slice_is_equal(i->message, o->message));
	assert_true(slice_is_equal(i->lesson, o->lesson));
	assert_true(i->has_claimed_ip);
	i = &r->report.item[1];
	assert_string_equal(report_form_name(i->form), "arf");
	assert_string_equal(report_effect_name(i->effect), "nothing");
	assert_int_equal(i->trace_word, TRACEKEYS_FORGED);
	assert_string_equal(i->trace.id, "");
}

static void messages_are_read_when_asked_for(void **state)
{
	struct rig_report *r = *state;
	struct report p;

	report_rig_file(r);
	desk_result(report_read(r->desk.redis, r->desk.conf,
			    slice_of(r->filed.id), false, r->arena, &p),
		RES_OK);
	assert_int_equal(p.item[0].message.len, 0);
	equal(p.item[0].subject, "Win");
}

static void what_is_not_there_is_missing(void **state)
{
	struct rig_report *r = *state;
	char id[CASE_REF_MAX];
	struct report p;

	case_ref_new(id);
	desk_result(report_read(r->desk.redis, r->desk.conf, slice_of(id), true,
			    r->arena, &p),
		RES_MISSING);
	desk_result(report_read(r->desk.redis, r->desk.conf, slice_of("all"),
			    true, r->arena, &p),
		RES_SYNTAX);
	desk_result(report_close(r->desk.redis, r->desk.conf, slice_of(id),
			    r->desk.now_ms, slice_of("ann")),
		RES_MISSING);
	desk_result(report_taken(r->desk.redis, r->desk.conf, slice_of(id), 0),
		RES_MISSING);
}

static void every_key_has_an_end(void **state)
{
	struct rig_report *r = *state;
	const struct slice argv[] = { slice_of("KEYS"), slice_of("rp:[rc]*") };
	char keys[SEEN_MAX], life[DESK_TEXT_MAX];
	struct redis_reply reply;
	size_t len = 0;

	report_rig_file(r);
	report_rig_out(r, REPORT_ABUSE);
	report_rig_file(r);
	desk_result(redis_command(r->desk.redis, argv, 2, &reply), RES_OK);
	assert_true(reply.count > 10);
	for (size_t i = 0; i < reply.count; i++)
		len += (size_t)snprintf(keys + len, sizeof(keys) - len,
			"%.*s\n", SLICE_ARG(redis_element(&reply, i).text));
	assert_true(len < sizeof(keys));
	for (char *key = keys; *key != '\0'; key += strlen(key) + 1) {
		key[strcspn(key, "\n")] = '\0';
		DESK_ASK(&r->desk, life, "TTL", key);
		if (strcmp(life, "-1") == 0)
			print_message("# %s\n", key);
		assert_string_not_equal(life, "-1");
	}
}

static void more_than_may_be_is_cut(void **state)
{
	struct rig_report *r = *state;
	static char text[8192];

	memset(text, 'x', sizeof(text));
	r->original[0].message = slice_make(text, sizeof(text));
	for (int i = 1; i < 5; i++)
		r->original[i] = r->original[0];
	r->filing.count = 5;
	report_rig_file(r);
	(void)report_rig_read(r);
	assert_int_equal(r->report.count, 2);
	assert_int_equal(r->report.item[0].message.len, 4096);
}

/* ---- list and close ---- */

static void note_report(void *ctx, const struct report *p)
{
	struct buf *out = ctx;

	buf_add_format(out, "%s=%s ", p->id, report_state_name(p->state));
}

static void reports_are_listed_newest_first(void **state)
{
	struct rig_report *r = *state;
	struct buf seen;
	struct report_listing how = {
		.most = 10, .only_open = false, .each = note_report
	};
	char id[2][CASE_REF_MAX], want[SEEN_MAX];

	buf_init(&seen, SEEN_MAX);
	how.ctx = &seen;
	report_rig_file(r);
	snprintf(id[0], CASE_REF_MAX, "%s", r->filed.id);
	r->desk.now_ms += 1000;
	report_rig_in(r, REPORT_JUNK);
	r->original[0].trace_word = TRACEKEYS_NONE;
	report_rig_file(r);
	snprintf(id[1], CASE_REF_MAX, "%s", r->filed.id);
	desk_result(report_list(r->desk.redis, r->desk.conf, &how), RES_OK);
	snprintf(want, sizeof(want), "%s=open %s=acted ", id[1], id[0]);
	assert_string_equal(buf_text(&seen), want);
	buf_reset(&seen);
	how.only_open = true;
	desk_result(report_list(r->desk.redis, r->desk.conf, &how), RES_OK);
	snprintf(want, sizeof(want), "%s=open ", id[1]);
	assert_string_equal(buf_text(&seen), want);
	desk_result(report_close(r->desk.redis, r->desk.conf, slice_of(id[1]),
			    r->desk.now_ms, slice_of("ann")),
		RES_OK);
	buf_reset(&seen);
	desk_result(report_list(r->desk.redis, r->desk.conf, &how), RES_OK);
	assert_string_equal(buf_text(&seen), "");
	buf_clear(&seen);
}

/* ---- training ---- */

static void note_waiting(void *ctx, const struct report_waiting *w)
{
	struct buf *out = ctx;

	buf_add_format(out, "%u:%s:", w->number, w->is_spam ? "spam" : "ham");
	buf_add(out, w->subject);
	buf_add_char(out, ' ');
}

static const char *waiting(struct rig_report *r, struct buf *out)
{
	buf_reset(out);
	desk_result(report_pending(
			    r->desk.redis, r->desk.conf, 10, note_waiting, out),
		RES_OK);
	return buf_text(out);
}

static void originals_wait_to_be_learnt(void **state)
{
	struct rig_report *r = *state;
	char first[CASE_REF_MAX];
	struct buf seen;

	buf_init(&seen, SEEN_MAX);
	report_rig_file(r);
	snprintf(first, sizeof(first), "%s", r->filed.id);
	r->desk.now_ms += 1000;
	report_rig_in(r, REPORT_NOTJUNK);
	report_rig_user(r, 1);
	r->original[1] = r->original[0];
	r->original[0].trace_word = TRACEKEYS_NONE;
	r->original[1].subject = slice_of("Bill");
	r->filing.count = 2;
	report_rig_file(r);
	assert_string_equal(waiting(r, &seen), "0:spam:Win 1:ham:Bill ");
	desk_result(
		report_taken(r->desk.redis, r->desk.conf, slice_of(first), 0),
		RES_OK);
	desk_result(
		report_taken(r->desk.redis, r->desk.conf, slice_of(first), 0),
		RES_MISSING);
	assert_string_equal(waiting(r, &seen), "1:ham:Bill ");
	desk_result(report_read(r->desk.redis, r->desk.conf, slice_of(first),
			    false, r->arena, &r->report),
		RES_OK);
	assert_false(r->report.item[0].waits);
	buf_clear(&seen);
}

static void a_header_alone_teaches_nothing(void **state)
{
	static const char *const texts[] = { "", "Subject: x\n",
		"Subject: x\r\n\r\n", "no header" };
	struct rig_report *r = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		report_rig_in(r, REPORT_JUNK);
		r->original[0].message = slice_of(texts[i]);
		report_rig_file(r);
	}
	report_rig_wants_keys(r, "rp:report:train", 0);
	report_rig_in(r, REPORT_JUNK);
	r->original[0].message = slice_of("Subject: x\r\n\r\nBuy\r\n");
	report_rig_file(r);
	report_rig_wants_keys(r, "rp:report:train", 1);
}

/* ---- acknowledgements ---- */

static bool has_ack(struct rig_report *r, const char *mail)
{
	report_rig_in(r, REPORT_JUNK);
	report_rig_by(r, mail);
	report_rig_file(r);
	return r->filed.has_ack;
}

static void acknowledgements_have_limits(void **state)
{
	struct rig_report *r = *state;

	assert_true(has_ack(r, "a@example.com"));
	assert_true(has_ack(r, "A+b@example.com"));
	assert_false(has_ack(r, "a@example.com"));
	assert_true(has_ack(r, "b@EXAMPLE.com"));
	assert_false(has_ack(r, "c@example.com"));
	assert_true(has_ack(r, "c@example.org"));
	assert_int_equal(report_rig_jobs(r, "report-ack"), 4);
}

static void some_get_no_acknowledgement(void **state)
{
	struct rig_report *r = *state;

	report_rig_in(r, REPORT_JUNK);
	r->filing.may_ack = false;
	report_rig_file(r);
	report_rig_in(r, REPORT_JUNK);
	r->filing.proof = REPORT_UNPROVEN;
	report_rig_file(r);
	report_rig_in(r, REPORT_JUNK);
	r->filing.reporter = slice_of("");
	report_rig_file(r);
	assert_int_equal(report_rig_jobs(r, "report-ack"), 0);
	report_rig_in(r, REPORT_JUNK);
	r->filing.proof = REPORT_LOCAL;
	r->filing.account = slice_of("fedcba9876543210");
	report_rig_file(r);
	assert_int_equal(report_rig_jobs(r, "report-ack"), 1);
}

static void a_limit_of_none_sends_none(void **state)
{
	struct rig_report *r = *state;

	assert_false(has_ack(r, "a@example.com"));
	assert_int_equal(report_rig_jobs(r, "report-ack"), 0);
}

/* ---- senders who asked to hear of it ---- */

static void complaint_addresses_are_told(void **state)
{
	struct rig_report *r = *state;

	r->original[0].cfbl_address = slice_of("fbl@example.org");
	report_rig_file(r); /* the trace does not vouch for it */
	report_rig_in(r, REPORT_NOTJUNK);
	report_rig_by(r, "ann@ann.example");
	r->original[0].cfbl_address = slice_of("fbl@example.org");
	r->original[0].trace.has_cfbl = true;
	report_rig_file(r); /* no complaint */
	assert_int_equal(report_rig_jobs(r, "fbl-report"), 0);
	report_rig_in(r, REPORT_JUNK);
	report_rig_by(r, "bob@bob.example");
	r->original[0].cfbl_address = slice_of("fbl@example.org");
	r->original[0].trace.has_cfbl = true;
	report_rig_file(r);
	assert_int_equal(report_rig_jobs(r, "fbl-report"), 1);
	report_rig_by(r, "bob@bob.example");
	report_rig_wants(r, "duplicate");
	assert_int_equal(report_rig_jobs(r, "fbl-report"), 1);
}

static void registered_senders_are_told(void **state)
{
	struct rig_report *r = *state;
	const struct slice argv[] = { slice_of("XREVRANGE"),
		slice_of("rp:mailq"), slice_of("+"), slice_of("-") };
	struct redis_reply jobs, job, fields;
	char id[CASE_REF_MAX], want[64];

	case_ref_new(id);
	(void)REDIS_DO(
		r->desk.server, "SET", "rp:fbl:of:domain:example.org", id);
	r->original[1] = r->original[0];
	r->original[0].trace_word = TRACEKEYS_NONE;
	r->filing.count = 2;
	r->filing.may_ack = false;
	report_rig_wants(r, "counted");
	assert_int_equal(report_rig_jobs(r, "fbl-report"), 1);
	desk_result(redis_command(r->desk.redis, argv, 4, &jobs), RES_OK);
	job = redis_element(&jobs, 0);
	fields = redis_element(&job, 1);
	equal(redis_element(&fields, 3).text, r->filed.id);
	snprintf(want, sizeof(want), "1 %s", id);
	equal(redis_element(&fields, 5).text, want);
}

static void the_dashboard_counts(void **state)
{
	struct rig_report *r = *state;

	report_rig_file(r);
	DESK_WANTS(&r->desk, "1", "HGET", "rp:traffic:20270115:net:192.0.2.7",
		"complaints");
	report_rig_in(r, REPORT_NOTJUNK);
	report_rig_user(r, 1);
	report_rig_file(r);
	report_rig_file(r);
	DESK_WANTS(&r->desk, "1 1", "HMGET",
		"rp:traffic:20270115:domain:example.org", "complaints",
		"not_junk");
}

/* ---- numbers ---- */

static void note_complaint(void *ctx, const struct complaint *c)
{
	struct buf *out = ctx;

	buf_add(out, c->subject);
	buf_add_format(out, "=%u ", (unsigned)c->count);
}

static void complaints_are_summed_up(void **state)
{
	struct rig_report *r = *state;
	struct buf seen;

	buf_init(&seen, SEEN_MAX);
	report_rig_file(r);
	r->desk.now_ms += DAY_MS;
	report_rig_in(r, REPORT_JUNK);
	report_rig_by(r, "ann@ann.example");
	report_rig_file(r);
	report_rig_out(r, REPORT_ABUSE);
	report_rig_file(r);
	desk_result(complaint_list(r->desk.redis, r->desk.conf, r->desk.now_ms,
			    1, 10, note_complaint, &seen),
		RES_OK);
	assert_string_equal(buf_text(&seen),
		"domain:example.org=1 ip:192.0.2.7/32=1 "
		"user:" RIG_ACCOUNT "=1 ");
	buf_reset(&seen);
	desk_result(complaint_list(r->desk.redis, r->desk.conf, r->desk.now_ms,
			    2, 2, note_complaint, &seen),
		RES_OK);
	assert_string_equal(
		buf_text(&seen), "domain:example.org=2 ip:192.0.2.7/32=2 ");
	buf_clear(&seen);
}

static void what_came_of_them_is_counted(void **state)
{
	struct rig_report *r = *state;
	struct report_counts n;

	report_rig_file(r);
	report_rig_in(r, REPORT_JUNK);
	report_rig_wants(r, "again");
	report_rig_in(r, REPORT_PHISH);
	r->original[0].trace_word = TRACEKEYS_EXPIRED;
	report_rig_file(r);
	report_rig_in(r, REPORT_JUNK);
	r->filing.count = 0;
	report_rig_file(r);
	(void)REDIS_DO(r->desk.server, "HSET", "rp:report:count", "junk:odd",
		"7", "junk:spent", "x", "odd", "7", ":", "7");
	desk_result(report_count(r->desk.redis, r->desk.conf, &n), RES_OK);
	assert_int_equal(n.of[REPORT_JUNK][REPORT_COUNTED], 1);
	assert_int_equal(n.of[REPORT_JUNK][REPORT_AGAIN], 1);
	assert_int_equal(n.of[REPORT_PHISH][REPORT_NOTHING], 1);
	assert_int_equal(n.of[REPORT_ABUSE][REPORT_NOTHING], 1);
	assert_int_equal(n.of[REPORT_JUNK][REPORT_SPENT], 0);
	assert_int_equal(n.waiting, 2);
}

int main(void)
{
#define TEST(text, function, up)                                             \
	{                                                                    \
		.name = (text), .test_func = (function), .setup_func = (up), \
		.teardown_func = tear_down                                   \
	}
	const struct CMUnitTest cases[] = {
		TEST("all that was filed is read", all_that_was_filed_is_read,
			set_up),
		TEST("messages are read when they are asked for",
			messages_are_read_when_asked_for, set_up),
		TEST("what is not there is missing",
			what_is_not_there_is_missing, set_up),
		TEST("every key has an end", every_key_has_an_end, set_up),
		TEST("more than may be is cut", more_than_may_be_is_cut,
			set_up_few),
		TEST("reports are listed, newest first, and closed",
			reports_are_listed_newest_first, set_up),
		TEST("originals wait to be learnt, oldest first",
			originals_wait_to_be_learnt, set_up),
		TEST("a header alone teaches nothing",
			a_header_alone_teaches_nothing, set_up),
		TEST("acknowledgements have limits",
			acknowledgements_have_limits, set_up_acks),
		TEST("who is not proved, or no person, gets none",
			some_get_no_acknowledgement, set_up),
		TEST("a limit of none sends none", a_limit_of_none_sends_none,
			set_up_no_acks),
		TEST("a CFBL-Address is told of a complaint",
			complaint_addresses_are_told, set_up_cfbl),
		TEST("a sender who registered is told of a complaint",
			registered_senders_are_told, set_up),
		TEST("complaints are in the numbers of the sender",
			the_dashboard_counts, set_up),
		TEST("what came of them is counted",
			what_came_of_them_is_counted, set_up),
		TEST("complaints are summed up, most first",
			complaints_are_summed_up, set_up),
	};

	return cmocka_run_group_tests_name(
		"store/reportread", cases, NULL, NULL);
}
