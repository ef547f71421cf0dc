/* SPDX-License-Identifier: BSD-2-Clause */
/* The job fbl-report: what a sender is told, and when he is not. */
#include "portal/jobs.h"

#include "base/arena.h"
#include "conf/conf.h"
#include "portal/meters.h"
#include "store/fbl.h"
#include "store/redis.h"
#include "store/report.h"
#include "support/case.h"
#include "support/smtp_server.h"
#include "unit/portal/site.h"
#include "web/mailer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ARENA_MAX = 32 * 1024 * 1024, CONF_MAX = 512 };

struct desk {
	struct site site;
	struct smtp_server *mta;
	struct context_view view;
	struct context_loan *loan;
	struct arena *arena;
	struct smtp_letter letter;
	char fbl[CASE_REF_MAX]; /* who registered */
	struct report_original original;
	struct report_filed filed;
	unsigned reports;
};

static const char spam[] =
	"Authentication-Results: mx.example.net; dkim=pass "
	"header.d=example.org\r\n"
	"Authentication-Results: mx.example.com; dkim=fail\r\n"
	"X-Reprieve-Trace: v=1; by=mx.example.net; d=in\r\n"
	"Delivered-To: ann@example.net\r\n"
	"Received: from a by mx.example.net for <ann@example.net>; now\r\n"
	"From: Offers <offers@example.org>\r\n"
	"To: \"Ann Lee\" <Ann@example.net>\r\n"
	"Subject: ann@example.net, you won\r\n"
	"Message-ID: <1@example.org>\r\n"
	"CFBL-Address: fbl@example.org; report=arf\r\n"
	"CFBL-Feedback-ID: 111:222:333\r\n"
	"Date: Thu, 26 Nov 2026 18:13:00 +0000\r\n"
	"\r\n"
	"Dear ann@example.net\r\n";

static struct redis *redis(struct desk *d)
{
	return context_redis(d->loan);
}

/* A registration that is proved. */
static void add_sender(struct desk *d, const char *subject, const char *mail)
{
	struct fbl_form form = { .mail = slice_of(mail),
		.language = slice_of("en") };
	struct fbl_filed filed;
	struct fbl f;
	char token[TOKEN_TEXT_MAX], id[CASE_REF_MAX];

	assert_int_equal(
		fbl_subject_parse(slice_of(subject), &form.subject), RES_OK);
	assert_int_equal(fbl_file(redis(d), d->view.conf, d->view.secret,
				 d->site.now_ms, &form, &filed),
		RES_OK);
	assert_int_equal(token_make(d->view.secret, TOKEN_FBL,
				 slice_of(filed.id), token),
		RES_OK);
	assert_int_equal(fbl_confirm(redis(d), d->view.conf, slice_of(token),
				 d->site.now_ms, id),
		RES_OK);
	assert_int_equal(
		fbl_read(redis(d), d->view.conf, slice_of(id), d->arena, &f),
		RES_OK);
	assert_int_equal(fbl_looked(redis(d), d->view.conf, &f, FBL_SEEN_RECORD,
				 d->site.now_ms),
		RES_OK);
	memcpy(d->fbl, id, sizeof(d->fbl));
}

static void make_original(struct desk *d)
{
	d->original = (struct report_original){
		.form = REPORT_FORM_ATTACHED,
		.kind = REPORT_JUNK,
		.trace_word = TRACEKEYS_VALID,
		.trace = { .direction = TRACE_IN,
			.by = "mx.example.net",
			.key = "k",
			.at_s = d->site.now_ms / 1000 - 60,
			.id = "7k3m9qxb2htd4fz6",
			.recipients = 5,
			.has_ip = true,
			.domain = "mail.example.org",
			.has_cfbl = true },
		.message = slice_of(spam),
		.subject = slice_of("ann@example.net, you won"),
		.message_id = slice_of("<1@example.org>"),
		.cfbl_address = slice_of("fbl@example.org; report=arf"),
		.cfbl_id = slice_of("111:222:333"),
	};
	assert_int_equal(
		ipaddr_parse(&d->original.trace.ip, slice_of("192.0.2.2")),
		RES_OK);
}

static int open_with(void **state, const char *fbl)
{
	struct desk *d = calloc(1, sizeof(*d));
	char more[CONF_MAX];

	assert_non_null(d);
	d->mta = smtp_server_start();
	snprintf(more, sizeof(more),
		"portal { smtp = \"127.0.0.1:%u\"\n"
		"local_domains = {\"example.net\"} }\n"
		"fbl { %s }\n",
		(unsigned)smtp_server_port(d->mta), fbl);
	site_open(&d->site, more);
	assert_int_equal(mailer_open(), RES_OK);
	context_enter(d->site.context, &d->view);
	assert_int_equal(context_take(d->site.context, &d->loan), RES_OK);
	d->arena = arena_new(ARENA_MAX);
	assert_non_null(d->arena);
	make_original(d);
	*state = d;
	return 0;
}

static int set_up(void **state)
{
	return open_with(state, "");
}

static int set_up_text(void **state)
{
	return open_with(state, "text = yes");
}

static int set_up_cfbl(void **state)
{
	return open_with(state, "cfbl = yes");
}

static int tear_down(void **state)
{
	struct desk *d = *state;

	arena_free(d->arena);
	context_give(d->site.context, d->loan);
	context_leave(&d->view);
	mailer_close();
	site_close(&d->site);
	smtp_server_stop(d->mta);
	free(d);
	return 0;
}

/* A report of that original by a user of ours. */
static void report(struct desk *d)
{
	char id[64];
	struct report_filing f = {
		.reporter = slice_of("ann@example.net"),
		.proof = REPORT_LOCAL,
		.account = slice_of("0123456789abcdef"),
		.language = slice_of("en"),
		.original = &d->original,
		.count = 1,
		.message_id = slice_of(id),
	};

	snprintf(id, sizeof(id), "<%u@example.net>", d->reports++);
	assert_string_equal(
		result_name(report_file(redis(d), d->view.conf, d->view.secret,
			d->site.now_ms, &f, &d->filed)),
		"ok");
}

static const char *run_job(struct desk *d, const char *more)
{
	const struct mailq_job job = { .kind = slice_of("fbl-report"),
		.id = slice_of(d->filed.id),
		.more = slice_of(more) };
	struct job j = { .site = &d->view,
		.redis = redis(d),
		.arena = d->arena,
		.job = &job,
		.now_ms = d->site.now_ms };
	const size_t before = smtp_server_count(d->mta);
	const enum result res = job_find(job.kind)(&j);

	if (smtp_server_count(d->mta) == before)
		return res == RES_OK ? "held" : result_name(res);
	smtp_server_last(d->mta, &d->letter);
	return result_name(res);
}

static const char *run(struct desk *d, const char *who)
{
	char more[64];

	snprintf(more, sizeof(more), "0 %s", who);
	return run_job(d, more);
}

/* The job that report_file left: "N ID". */
static const char *job_left(struct desk *d, char out[64])
{
	const struct mailq_taking how = { .worker = slice_of("test"),
		.now_ms = d->site.now_ms };
	struct mailq_job job;

	out[0] = '\0';
	while (mailq_take(redis(d), slice_of("rp:"), &how, d->arena, &job) ==
		RES_OK) {
		assert_int_equal(
			mailq_done(redis(d), slice_of("rp:"), &job), RES_OK);
		if (slice_is_equal(job.kind, slice_of("fbl-report")))
			snprintf(out, 64, "%.*s", SLICE_ARG(job.more));
	}
	return out;
}

static void wants(struct desk *d, const char *part)
{
	if (strstr(d->letter.text, part) == NULL)
		print_message("# %s\n# is not in\n%s\n", part, d->letter.text);
	assert_non_null(strstr(d->letter.text, part));
}

static void wants_no(struct desk *d, const char *part)
{
	if (strcasestr(d->letter.text, part) != NULL)
		print_message("# %s\n# is in\n%s\n", part, d->letter.text);
	assert_null(strcasestr(d->letter.text, part));
}

static void counts(struct desk *d, const char *line)
{
	struct buf text;

	buf_init(&text, 262144);
	meters_format(context_meters(d->site.context), &text);
	if (strstr(buf_text(&text), line) == NULL)
		print_message("# %s is not in\n%s\n", line, buf_text(&text));
	assert_non_null(strstr(buf_text(&text), line));
	buf_clear(&text);
}

static void a_sender_is_told_without_the_recipient(void **state)
{
	struct desk *d = *state;
	char left[64], want[64];

	add_sender(d, "example.org", "abuse@example.org");
	report(d);
	snprintf(want, sizeof(want), "0 %s", d->fbl);
	assert_string_equal(job_left(d, left), want);
	assert_string_equal(run(d, d->fbl), "ok");
	assert_string_equal(d->letter.sender, "<>");
	assert_string_equal(d->letter.rcpt, "<abuse@example.org>");
	wants(d, "\r\nAuto-Submitted: auto-generated\r\n");
	wants(d, "report-type=feedback-report");
	wants(d, "\r\nFeedback-Type: abuse\r\n");
	wants(d, "\r\nSource-IP: 192.0.2.2\r\n");
	wants(d, "\r\nReported-Domain: mail.example.org\r\n");
	wants(d, "\r\nArrival-Date: ");
	wants(d, "\r\nAuthentication-Results: mx.example.net; dkim=pass");
	wants(d, "\r\nContent-Type: text/rfc822-headers\r\n");
	wants(d, "\r\nMessage-ID: <1@example.org>\r\n");
	wants(d, "/fe/");
	wants(d, "@redacted.invalid");
	wants_no(d, "ann@example.net");
	wants_no(d, "Ann Lee");
	wants_no(d, "X-Reprieve-Trace");
	wants_no(d, "Dear");
	wants_no(d, "Incidents");
}

static void a_report_that_is_sent_twice_is_one(void **state)
{
	struct desk *d = *state;
	char id[256];
	const char *at;

	add_sender(d, "192.0.2.0/24", "abuse@example.org");
	report(d);
	assert_string_equal(run(d, d->fbl), "ok");
	at = strstr(d->letter.text, "\r\nMessage-ID: <fbl-report.");
	assert_non_null(at);
	snprintf(
		id, sizeof(id), "%.*s", (int)(strstr(at + 2, "\r\n") - at), at);
	assert_string_equal(run(d, d->fbl), "ok");
	wants(d, id);
}

static void fraud_is_told_as_fraud(void **state)
{
	struct desk *d = *state;

	d->original.kind = REPORT_PHISH;
	add_sender(d, "example.org", "abuse@example.org");
	report(d);
	assert_string_equal(run(d, d->fbl), "ok");
	wants(d, "\r\nFeedback-Type: fraud\r\n");
}

static void the_text_goes_out_where_it_may(void **state)
{
	struct desk *d = *state;

	add_sender(d, "example.org", "abuse@example.org");
	report(d);
	assert_string_equal(run(d, d->fbl), "ok");
	wants(d, "\r\nContent-Type: message/rfc822\r\n");
	wants(d, "\r\n\r\nDear ");
	wants_no(d, "ann@example.net");
}

static void a_header_without_end_is_told_in_short(void **state)
{
	struct desk *d = *state;
	struct buf message;

	buf_init(&message, 262144);
	buf_add_text(&message,
		"From: Offers <offers@example.org>\r\n"
		"Message-ID: <1@example.org>\r\n"
		"To: a@b.example\r\n");
	while (message.len < 60000)
		buf_add_text(&message,
			"X-A: a@b.example a@b.example a@b.example\r\n");
	buf_add_text(&message, "\r\n");
	d->original.message = buf_slice(&message);
	add_sender(d, "example.org", "abuse@example.org");
	report(d);
	assert_string_equal(run(d, d->fbl), "ok");
	wants(d, "\r\nMessage-ID: <1@example.org>\r\n");
	wants_no(d, "a@b.example");
	buf_clear(&message);
}

static void nobody_is_told_of_mail_that_was_wanted(void **state)
{
	struct desk *d = *state;

	d->original.kind = REPORT_NOTJUNK;
	add_sender(d, "example.org", "abuse@example.org");
	report(d);
	assert_string_equal(run(d, d->fbl), "missing");
}

static void nobody_is_told_without_a_trace(void **state)
{
	struct desk *d = *state;
	char left[64];

	d->original.trace_word = TRACEKEYS_ALTERED;
	add_sender(d, "example.org", "abuse@example.org");
	report(d);
	assert_string_equal(job_left(d, left), "");
	assert_string_equal(run(d, d->fbl), "missing");
}

static void a_report_about_a_report_ends_here(void **state)
{
	struct desk *d = *state;

	d->original.message =
		slice_of("From: fbl@example.org\r\n"
			 "Content-Type: multipart/report; boundary=x;\r\n"
			 "\treport-type=\"feedback-report\"\r\n\r\n");
	add_sender(d, "example.org", "abuse@example.org");
	report(d);
	assert_string_equal(run(d, d->fbl), "missing");
}

static void who_ended_it_is_told_no_more(void **state)
{
	struct desk *d = *state;

	add_sender(d, "example.org", "abuse@example.org");
	report(d);
	assert_int_equal(fbl_end_id(redis(d), d->view.conf, slice_of(d->fbl),
				 slice_of("root")),
		RES_OK);
	assert_string_equal(run(d, d->fbl), "missing");
}

static void of_many_each_tenth_is_sent(void **state)
{
	struct desk *d = *state;
	unsigned letters = 0;
	char key[64], day[16] = "";
	const time_t now = (time_t)(d->site.now_ms / 1000);
	struct tm tm;

	add_sender(d, "example.org", "abuse@example.org");
	report(d);
	assert_non_null(gmtime_r(&now, &tm));
	strftime(day, sizeof(day), "%Y%m%d", &tm);
	snprintf(key, sizeof(key), "rp:fbl:sent:%s:%s", d->fbl, day);
	assert_true(REDIS_DO(
		d->site.redis, "HSET", key, "seen", "100", "sent", "100"));
	for (int i = 0; i < 10; i++) {
		if (strcmp(run(d, d->fbl), "ok") == 0)
			letters++;
	}
	assert_int_equal(letters, 1);
	wants(d, "\r\nIncidents: 10\r\n");
	counts(d, "reprieve_portal_feedback_total{outcome=\"sent\"} 1\n");
	counts(d, "reprieve_portal_feedback_total{outcome=\"held\"} 9\n");
}

/* ---- CFBL-Address ---- */

static void who_asks_by_a_field_is_told_little(void **state)
{
	struct desk *d = *state;
	char left[64];

	report(d);
	assert_string_equal(job_left(d, left), "0 cfbl");
	assert_string_equal(run(d, "cfbl"), "ok");
	assert_string_equal(d->letter.rcpt, "<fbl@example.org>");
	wants(d, "\r\nCFBL-Feedback-ID: 111:222:333\r\n");
	wants(d, "\r\nMessage-ID: <1@example.org>\r\n");
	wants(d, "/fe/");
	wants_no(d, "ann@");
	wants_no(d, "you won");
	wants_no(d, "Received:");
}

static void a_field_that_is_not_signed_asks_for_nothing(void **state)
{
	struct desk *d = *state;
	char left[64];

	d->original.trace.has_cfbl = false;
	report(d);
	assert_string_equal(job_left(d, left), "");
	assert_string_equal(run(d, "cfbl"), "missing");
}

static void a_field_cannot_name_a_mailbox_of_ours(void **state)
{
	struct desk *d = *state;

	d->original.cfbl_address = slice_of("ann@example.net");
	report(d);
	assert_string_equal(run(d, "cfbl"), "missing");
	d->original.cfbl_address = slice_of("x@example.org\r\nBcc: y@z");
	report(d);
	assert_string_equal(run(d, "cfbl"), "missing");
}

static void a_field_asks_in_vain_where_it_is_off(void **state)
{
	struct desk *d = *state;

	report(d);
	assert_string_equal(run(d, "cfbl"), "missing");
}

static void nonsense_is_done(void **state)
{
	static const char *const words[] = { "", "x", "7K3M9QXB2HTD4FZ6T",
		"cfbl x" };
	struct desk *d = *state;

	report(d);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_string_equal(run(d, words[i]), "missing");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define WITH(f, set_up_it) \
	cmocka_unit_test_setup_teardown(f, set_up_it, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		TEST(a_sender_is_told_without_the_recipient),
		TEST(a_report_that_is_sent_twice_is_one),
		TEST(fraud_is_told_as_fraud),
		WITH(the_text_goes_out_where_it_may, set_up_text),
		TEST(a_header_without_end_is_told_in_short),
		TEST(nobody_is_told_of_mail_that_was_wanted),
		TEST(nobody_is_told_without_a_trace),
		TEST(a_report_about_a_report_ends_here),
		TEST(who_ended_it_is_told_no_more),
		TEST(of_many_each_tenth_is_sent),
		WITH(who_asks_by_a_field_is_told_little, set_up_cfbl),
		WITH(a_field_that_is_not_signed_asks_for_nothing, set_up_cfbl),
		WITH(a_field_cannot_name_a_mailbox_of_ours, set_up_cfbl),
		TEST(a_field_asks_in_vain_where_it_is_off),
		TEST(nonsense_is_done),
	};

	return cmocka_run_group_tests_name(
		"portal/fblreport", cases, NULL, NULL);
}
