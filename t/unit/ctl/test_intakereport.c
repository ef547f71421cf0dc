/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/intakereport.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "conf/conf.h"
#include "store/report.h"

#include "store/sums.h"
#include "support/case.h"
#include "unit/ctl/tracerig.h"
#include "unit/store/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { ARENA_MAX = 4 * 1024 * 1024, MAIL_MAX = 8 * 1024 * 1024 };

struct world {
	struct desk desk;
	struct tracekeys_ring ring;
	struct buf mail;
	struct arena *arena;
	char id[CASE_REF_MAX];
	struct report report; /* the newest, of that ID */
	size_t count; /* how many there are */
};

static int set_up_with(void **state, const char *more)
{
	struct world *w = calloc(1, sizeof(*w));
	struct secret secret;

	assert_non_null(w);
	/* What stands in front of it closes its section. */
	desk_make(&w->desk, more);
	secret_load(&secret, w->desk.conf->milter.secret_file);
	assert_int_equal(tracekeys_read(w->desk.redis, w->desk.conf, &secret,
				 true, &w->ring),
		RES_OK);
	buf_init(&w->mail, MAIL_MAX);
	w->arena = arena_new(ARENA_MAX);
	*state = w;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(state, NULL);
}

static int set_up_off(void **state)
{
	return set_up_with(state, "}\nreports { enabled = no");
}

static int tear_down(void **state)
{
	struct world *w = *state;

	buf_clear(&w->mail);
	arena_free(w->arena);
	desk_remove(&w->desk);
	free(w);
	return 0;
}

/* ---- one run ---- */

struct run {
	const char *to;
	const char *sender; /* of the envelope */
	const char *form; /* NULL: a mail */
};

/* The exit code for w->mail. */
static int run(struct world *w, const struct run *r)
{
	struct intaking in = {
		.conf = w->desk.conf,
		.redis = w->desk.redis,
		.envelope = { .recipient = r->to, .sender = r->sender },
		.form_id = r->form,
		.raw = w->mail,
	};
	int code;

	secret_load(&in.secret, w->desk.conf->milter.secret_file);
	assert_int_equal(
		savedmail_parse(&in.mail, buf_slice(&w->mail)), RES_OK);
	assert_int_equal(
		mailfind_address(&in.secret, &in.envelope, &in.mail, &in.found),
		RES_OK);
	code = in.found.kind == MAILFIND_DMARC ? intakereport_dmarc(&in)
					       : intakereport_take(&in);
	savedmail_clear(&in.mail);
	return code;
}

static void note(void *ctx, const struct report *p)
{
	struct world *w = ctx;

	if (w->count++ == 0)
		memcpy(w->id, p->id, sizeof(w->id));
}

/* Looks at what there is now. */
static void look(struct world *w)
{
	const struct report_listing how = {
		.most = 100, .each = note, .ctx = w
	};

	w->count = 0;
	assert_int_equal(
		report_list(w->desk.redis, w->desk.conf, &how), RES_OK);
	if (w->count > 0)
		assert_int_equal(
			report_read(w->desk.redis, w->desk.conf,
				slice_of(w->id), true, w->arena, &w->report),
			RES_OK);
}

/* A trace of this minute, bound to header, and that header. */
static void add_traced(struct world *w, struct trace t, const char *header)
{
	t.at_s = clock_wall_ms(clock_system()) / 1000;
	tracerig_add(&w->mail, &w->ring, &t, header);
}

static bool is_text(struct slice got, const char *want)
{
	return slice_is_equal(got, slice_of(want));
}

#define SPAM "From: s@example.org\nSubject: buy\nMessage-ID: <1@example.org>\n"
#define REPORTER                                                      \
	"From: Joe <joe@example.net>\nMessage-ID: <r1@example.net>\n" \
	"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n"

/* The report of REPORTER with what is attached. */
static void add_spam(struct world *w, struct trace t)
{
	buf_add_text(&w->mail,
		"\n--b\n\nThis is junk.\n-- \nJoe\n"
		"--b\nContent-Type: message/rfc822\n\n");
	add_traced(w, t, SPAM);
	buf_add_text(&w->mail, "\nBuy it.\n--b--\n");
}

/* ---- persons ---- */

static void a_user_reports(void **state)
{
	static const struct run r = { "junk@mx.example.net", "joe@example.net",
		NULL };
	struct world *w = *state;

	add_traced(w, tracerig_out(), REPORTER);
	add_spam(w, tracerig_in());
	assert_int_equal(run(w, &r), EX_OK);
	look(w);
	assert_int_equal(w->count, 1);
	assert_int_equal(w->report.proof, REPORT_LOCAL);
	assert_true(is_text(w->report.account, TRACERIG_ACCOUNT));
	assert_true(is_text(w->report.reporter, "joe@example.net"));
	assert_true(is_text(w->report.text, "This is junk."));
	assert_int_equal(w->report.count, 1);
	assert_int_equal(w->report.item[0].kind, REPORT_JUNK);
	assert_int_equal(w->report.item[0].trace_word, TRACEKEYS_VALID);
	assert_int_equal(w->report.effect, REPORT_COUNTED);
	DESK_WANTS(&w->desk, "1", "XLEN", "rp:mailq"); /* to him */
	/* The MTA may deliver it twice. */
	assert_int_equal(run(w, &r), EX_OK);
	look(w);
	assert_int_equal(w->count, 1);
	DESK_WANTS(&w->desk, "1", "XLEN", "rp:mailq");
}

/* His trace says who he is, and not that the address is his. */
static void a_user_with_the_address_of_another_is_not_thanked(void **state)
{
	static const struct run r = { "junk@mx.example.net", "joe@example.net",
		NULL };
	char name[] = "box.example";
	char *domains[] = { name };
	struct world *w = *state;
	struct conf_portal *conf = &w->desk.conf->portal;
	const struct conf_portal before = *conf;

	conf->local_domains = domains;
	conf->local_domain_count = 1;
	add_traced(w, tracerig_out(), REPORTER);
	add_spam(w, tracerig_in());
	assert_int_equal(run(w, &r), EX_OK);
	look(w);
	assert_int_equal(w->report.effect, REPORT_COUNTED);
	DESK_WANTS(&w->desk, "0", "XLEN", "rp:mailq");
	*conf = before;
}

/* The MTA tries the same octets again. */
static void a_mail_without_a_name_is_known_again(void **state)
{
	static const struct run r = { "junk@mx.example.net", "joe@example.net",
		NULL };
	struct world *w = *state;

	buf_add_text(&w->mail,
		"From MAILER Fri Nov 27 02:00:00 2026\n"
		"From: joe@example.net\n\nplease look\n");
	assert_int_equal(run(w, &r), EX_OK);
	w->mail.at[22] = '1';
	assert_int_equal(run(w, &r), EX_OK);
	look(w);
	assert_int_equal(w->count, 1);
	DESK_WANTS(&w->desk, "1", "ZCARD", "rp:ticket:all");
	buf_add_text(&w->mail, "now\n");
	assert_int_equal(run(w, &r), EX_OK);
	look(w);
	assert_int_equal(w->count, 2);
}

static void a_stranger_reports(void **state)
{
	static const struct run r = { "Abuse+x@mx.example.net",
		"joe@example.net", NULL };
	struct world *w = *state;

	buf_add_text(&w->mail,
		"Authentication-Results: mx.example.net; dmarc=pass "
		"header.from=example.net\nContent-Language: es-MX\n" REPORTER);
	add_spam(w, tracerig_out());
	assert_int_equal(run(w, &r), EX_OK);
	look(w);
	assert_int_equal(w->count, 1);
	assert_int_equal(w->report.proof, REPORT_AUTHENTICATED);
	assert_true(is_text(w->report.language, "es"));
	assert_int_equal(w->report.item[0].kind, REPORT_ABUSE);
	assert_int_equal(w->report.effect, REPORT_COUNTED);
}

/* It is a ticket, and no letter goes to who may be somebody else. */
static void nobody_knows_who_reports(void **state)
{
	static const struct run r = { "phish@mx.example.net", "joe@example.net",
		NULL };
	char jobs[DESK_TEXT_MAX];
	struct world *w = *state;

	buf_add_text(&w->mail, REPORTER "\n--b\n\nplease look\n--b--\n");
	assert_int_equal(run(w, &r), EX_OK);
	look(w);
	assert_int_equal(w->count, 1);
	assert_int_equal(w->report.proof, REPORT_UNPROVEN);
	assert_int_equal(w->report.count, 0);
	assert_int_equal(w->report.effect, REPORT_NOTHING);
	assert_true(w->report.ticket[0] != '\0');
	DESK_ASK(&w->desk, jobs, "XRANGE", "rp:mailq", "-", "+");
	assert_null(strstr(jobs, "report-ack"));
}

static void html_is_read(void **state)
{
	static const struct run r = { "junk@mx.example.net", "j@x.test", NULL };
	struct world *w = *state;

	buf_add_text(&w->mail,
		"From: j@x.test\nContent-Type: text/html\n\n"
		"<p>so &amp; <b>caf\xe9</b></p>\n");
	assert_int_equal(run(w, &r), EX_OK);
	look(w);
	assert_true(is_text(w->report.text, "so & caf\xc3\xa9"));
}

/* ---- machines ---- */

struct machine {
	const char *header;
	const char *sender;
	const char *file; /* of t/data/reports, instead of a mail; or NULL */
	size_t count; /* of reports that come of it */
};

static void machines(void **state, const struct machine *rows, size_t count)
{
	const char *top = getenv("top_srcdir");
	struct world *w = *state;
	struct buf path;

	for (size_t i = 0; i < count; i++) {
		const struct run r = { "abuse@mx.example.net", rows[i].sender,
			NULL };

		buf_init(&path, 4096);
		buf_reset(&w->mail);
		buf_add_text(&w->mail, rows[i].header);
		buf_add_format(&path, "%s/t/data/reports/%s",
			top != NULL ? top : ".", rows[i].file);
		if (rows[i].file != NULL)
			assert_int_equal(
				file_read(buf_text(&path), &w->mail), RES_OK);
		else
			add_spam(w, tracerig_in());
		assert_int_equal(run(w, &r), EX_OK);
		look(w);
		assert_int_equal(w->count, rows[i].count);
		buf_clear(&path);
	}
	DESK_WANTS(&w->desk, "0", "EXISTS", "rp:report:train");
}

static void what_machines_write_is_dropped(void **state)
{
	static const struct machine rows[] = {
		{ "X: null\n" REPORTER, "", NULL, 0 },
		{ "X: 2\n" REPORTER, "MAILER-DAEMON", NULL, 0 },
		{ "Auto-Submitted: auto-replied\n" REPORTER, "j@x", NULL, 0 },
		{ "Precedence: bulk\n" REPORTER, "j@x", NULL, 0 },
		{ "List-Id: <a.b>\n" REPORTER, "j@x", NULL, 0 },
		{ "From: MAILER-DAEMON@example.net\n"
		  "Content-Type: multipart/report; "
		  "report-type=delivery-status; boundary=b\n",
			"", NULL, 0 },
	};

	machines(state, rows, sizeof(rows) / sizeof(rows[0]));
}

static void what_is_for_machines_is_taken(void **state)
{
	static const struct machine rows[] = {
		{ "X: 1\n", "", "arf-full.eml", 1 },
		{ "Auto-Submitted: auto-generated\n", "", "arf-malformed.eml",
			2 },
		{ "From: j@x.test\nContent-Type: application/json\n\n", "",
			"xarf-v4.json", 3 },
		/* Feedback of ours to somebody whose address is here. */
		{ "From: Us <postmaster@mx.example.net>\n"
		  "Auto-Submitted: auto-generated\n"
		  "MIME-Version: 1.0\nContent-Type: multipart/report; "
		  "report-type=feedback-report; boundary=b\n\n--b\n"
		  "Content-Type: message/feedback-report\n\n"
		  "Feedback-Type: abuse\nVersion: 1\nUser-Agent: x\n\n--b--\n"
		  "X: ",
			"", "xarf-v3.json", 3 },
	};
	struct world *w = *state;
	char jobs[DESK_TEXT_MAX];

	machines(state, rows, sizeof(rows) / sizeof(rows[0]));
	DESK_ASK(&w->desk, jobs, "XRANGE", "rp:mailq", "-", "+");
	assert_null(strstr(jobs, "report-ack"));
}

/* ---- forms ---- */

#define FORM                                                               \
	"From: form@mx.example.net\n"                                      \
	"X-Reprieve-Form-Reporter: ann@example.com\n"                      \
	"X-Reprieve-Form-Client: 198.51.100.0/24\n"                        \
	"X-Reprieve-Form-Language: pt-BR\nX-Reprieve-Form-IP: 192.0.2.9\n" \
	"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n"

static void a_form_is_filed_once(void **state)
{
	struct world *w = *state;
	char id[CASE_REF_MAX];
	const struct run r = { "junk@mx.example.net", NULL, id };

	case_ref_new(id);
	buf_add_text(&w->mail, FORM);
	add_spam(w, tracerig_in());
	assert_int_equal(run(w, &r), EX_OK);
	assert_int_equal(run(w, &r), EX_OK);
	look(w);
	assert_int_equal(w->count, 1);
	assert_string_equal(w->id, id);
	assert_int_equal(w->report.proof, REPORT_UNPROVEN);
	assert_true(is_text(w->report.reporter, "ann@example.com"));
	assert_true(is_text(w->report.client, "198.51.100.0/24"));
	assert_true(is_text(w->report.language, "pt-BR"));
	assert_int_equal(w->report.item[0].form, REPORT_FORM_WEB);
	assert_true(w->report.item[0].has_claimed_ip);
}

/* Fields of a form mean nothing in a mail. */
static void a_mail_is_no_form(void **state)
{
	static const struct run r = { "junk@mx.example.net", "j@x", NULL };
	struct world *w = *state;

	buf_add_text(&w->mail, FORM);
	add_spam(w, tracerig_in());
	assert_int_equal(run(w, &r), EX_OK);
	look(w);
	assert_true(is_text(w->report.reporter, "form@mx.example.net"));
	assert_int_equal(w->report.client.len, 0);
	assert_false(w->report.item[0].has_claimed_ip);
}

/* ---- what goes wrong ---- */

static void a_bomb_is_a_report(void **state)
{
	static const struct run r = { "junk@mx.example.net", "j@x", NULL };
	struct world *w = *state;

	buf_add_text(&w->mail, REPORTER);
	add_spam(w, tracerig_in());
	for (size_t i = 0; i < 200000; i++)
		buf_add_text(&w->mail, "--b\n\n");
	assert_int_equal(run(w, &r), EX_OK);
	look(w);
	assert_int_equal(w->count, 1);
	assert_int_equal(w->report.item[0].trace_word, TRACEKEYS_VALID);
}

static void redis_is_away(void **state)
{
	static const struct run r = { "junk@mx.example.net", "j@x", NULL };
	struct world *w = *state;

	buf_add_text(&w->mail, REPORTER);
	add_spam(w, tracerig_in());
	redis_server_kill(w->desk.server);
	assert_int_equal(run(w, &r), EX_TEMPFAIL);
}

static void reports_are_off(void **state)
{
	static const struct run r = { "junk@mx.example.net", "j@x", NULL };
	struct world *w = *state;

	buf_add_text(&w->mail, REPORTER);
	add_spam(w, tracerig_in());
	assert_int_equal(run(w, &r), EX_NOUSER);
	look(w);
	assert_int_equal(w->count, 0);
}

/* It is no ticket, and nobody is told, whom its sender may have made up. */
static void a_dmarc_report_without_room_is_dropped(void **state)
{
	static const char *const desks[] = { "abuse@mx.example.net",
		"dmarc@mx.example.net" };
	struct world *w = *state;
	int64_t now_s = clock_wall_ms(clock_system()) / 1000;
	char key[64], day[SUMS_DAY_MAX], text[1024];

	snprintf(key, sizeof(key), "rp:dmarcin:octets:%s",
		sums_day(now_s * 1000, day));
	(void)REDIS_DO(w->desk.server, "SET", key, "16777216");
	snprintf(text, sizeof(text),
		"From: a@x.example\nMIME-Version: 1.0\n"
		"Content-Type: application/xml; name=r.xml\n\n"
		"<feedback><report_metadata><org_name>o</org_name>"
		"<report_id>1</report_id><date_range><begin>%lld</begin>"
		"<end>%lld</end></date_range></report_metadata>"
		"<policy_published><domain>example.net</domain>"
		"</policy_published><record><row>"
		"<source_ip>192.0.2.1</source_ip><count>1</count>"
		"</row></record></feedback>\n",
		(long long)now_s - 86400, (long long)now_s);
	buf_add_text(&w->mail, text);
	for (size_t i = 0; i < 2; i++) {
		const struct run r = { desks[i], "a@x.example", NULL };

		assert_int_equal(run(w, &r), EX_OK);
		look(w);
		assert_int_equal(w->count, 0);
	}
	DESK_WANTS(&w->desk, "0", "ZCARD", "rp:dmarcin:domains");
	(void)REDIS_DO(w->desk.server, "DEL", key);
	assert_int_equal(
		run(w, &(struct run){ desks[1], "a@x.example", NULL }), EX_OK);
	DESK_WANTS(&w->desk, "1", "ZCARD", "rp:dmarcin:domains");
}

static void dmarc_takes_nothing_else(void **state)
{
	static const struct run person = { "dmarc@mx.example.net", "j@x",
		NULL };
	static const struct run machine = { "dmarc@mx.example.net", "", NULL };
	struct world *w = *state;

	buf_add_text(&w->mail, REPORTER);
	add_spam(w, tracerig_in());
	/* The MTA would tell whom somebody else has named. */
	assert_int_equal(run(w, &person), EX_OK);
	buf_reset(&w->mail);
	buf_add_text(&w->mail,
		"Authentication-Results: mx.example.net; dmarc=pass "
		"header.from=example.net\n" REPORTER);
	add_spam(w, tracerig_in());
	assert_int_equal(run(w, &person), EX_NOUSER);
	assert_int_equal(run(w, &machine), EX_OK);
	look(w);
	assert_int_equal(w->count, 0);
}

#define FLOW(text, function)                                                   \
	{                                                                      \
		.name = (text), .test_func = (function), .setup_func = set_up, \
		.teardown_func = tear_down                                     \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		FLOW("a user of ours reports, once, and is thanked",
			a_user_reports),
		FLOW("nor is a user who writes the address of another",
			a_user_with_the_address_of_another_is_not_thanked),
		FLOW("a mail without Message-ID is known again",
			a_mail_without_a_name_is_known_again),
		FLOW("a stranger reports a user of ours", a_stranger_reports),
		FLOW("who may be anybody gets a ticket and no letter",
			nobody_knows_who_reports),
		FLOW("HTML is read, whatever its charset", html_is_read),
		FLOW("what machines write is dropped",
			what_machines_write_is_dropped),
		FLOW("what is made for machines is taken, but our own",
			what_is_for_machines_is_taken),
		FLOW("a form is filed once, under its ID",
			a_form_is_filed_once),
		FLOW("a mail is no form, whatever it says", a_mail_is_no_form),
		FLOW("200,000 parts are a report all the same",
			a_bomb_is_a_report),
		FLOW("while Redis is away the MTA keeps the mail",
			redis_is_away),
		FLOW("a report about DMARC without room is dropped",
			a_dmarc_report_without_room_is_dropped),
		FLOW("dmarc@ takes nothing else", dmarc_takes_nothing_else),
		cmocka_unit_test_setup_teardown(
			reports_are_off, set_up_off, tear_down),
	};

	return cmocka_run_group_tests_name(
		"ctl/intakereport", cases, NULL, NULL);
}
