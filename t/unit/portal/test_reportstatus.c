/* SPDX-License-Identifier: BSD-2-Clause */
/* portal/reportstatus: what the page of a report says, and what it does not. */
#include "conf/conf.h"
#include "portal/context.h"
#include "store/case.h"
#include "store/report.h"
#include "store/secret.h"
#include "support/case.h"
#include "unit/portal/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCOUNT "0123456789abcdef"
#define SENDER "198.51.100.77"

enum { TARGET_MAX = 128 };

struct desk {
	struct site site;
	struct context_view view;
	struct context_loan *loan;
	unsigned next; /* message */
	struct report_original original;
	struct report_filing filing;
	struct report_filed filed;
};

static int set_up_with(void **state, const char *more)
{
	struct desk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	site_open(&d->site, more);
	context_enter(d->site.context, &d->view);
	assert_int_equal(context_take(d->site.context, &d->loan), RES_OK);
	*state = d;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(state, "");
}

static int set_up_strict(void **state)
{
	return set_up_with(state,
		"reports { pause_at = 1 }\n"
		"listing { enabled = yes messages = 1 }\n");
}

static int tear_down(void **state)
{
	struct desk *d = *state;

	context_give(d->site.context, d->loan);
	context_leave(&d->view);
	site_close(&d->site);
	free(d);
	return 0;
}

/* Another message with a valid trace. */
static void begin(struct desk *d, enum trace_direction direction)
{
	struct trace *t = &d->original.trace;

	d->original = (struct report_original){
		.form = REPORT_FORM_WEB,
		.kind = REPORT_JUNK,
		.trace_word = TRACEKEYS_VALID,
		.message = slice_of("From: eve@here.example\n\nsecret\n"),
		.from = slice_of("eve@here.example"),
		.subject = slice_of("a subject of theirs"),
		.message_id = slice_of("<1@x>"),
	};
	t->direction = direction;
	t->at_s = d->site.now_ms / 1000;
	t->recipients = 5;
	snprintf(t->by, sizeof(t->by), "mx.example.net");
	snprintf(t->id, sizeof(t->id), "%016u", ++d->next);
	snprintf(t->account, sizeof(t->account), "%s",
		direction == TRACE_OUT ? ACCOUNT : "");
	t->has_ip = direction == TRACE_IN &&
		ipaddr_parse(&t->ip, slice_of(SENDER)) == RES_OK;
	d->filing = (struct report_filing){
		.reporter = slice_of("joe@example.org"),
		.proof = REPORT_AUTHENTICATED,
		.text = slice_of("words of joe"),
		.language = slice_of("en"),
		.original = &d->original,
		.count = 1,
	};
}

/* It is one of our users who reports. */
static void as_user(struct desk *d)
{
	d->filing.proof = REPORT_LOCAL;
	d->filing.account = slice_of("fedcba9876543210");
}

/* Files it, and shows its page; nobody is named there, whatever it says. */
static void show(struct desk *d)
{
	static const char *const hidden[] = { "joe@", "eve@", ACCOUNT, SENDER,
		"198.51.100", "a subject of theirs", "secret", "words of joe" };
	char target[TARGET_MAX];

	assert_int_equal(
		report_file(context_redis(d->loan), d->view.conf,
			d->view.secret, d->site.now_ms, &d->filing, &d->filed),
		RES_OK);
	snprintf(target, sizeof(target), "/report/%s", d->filed.id);
	(void)site_get(&d->site, target);
	site_expect(&d->site, 200);
	site_expect_text(&d->site, "noindex");
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		site_expect_no_text(&d->site, hidden[i]);
}

static void says_where_it_came_from(void **state)
{
	struct desk *d = *state;

	begin(d, TRACE_IN);
	show(d);
	site_expect_text(&d->site, "came through this site");
	site_expect_text(&d->site, "against the server that sent it");
	begin(d, TRACE_OUT);
	show(d);
	site_expect_text(&d->site, "left this site");
	site_expect_text(&d->site, "against the account that sent it");
}

static void says_what_holds_not(void **state)
{
	static const struct {
		enum tracekeys_word word;
		const char *words;
	} rows[] = {
		{ TRACEKEYS_NONE, "carries no mark of this site" },
		{ TRACEKEYS_FORGED, "carries no mark of this site" },
		{ TRACEKEYS_EXPIRED, "too old to be checked" },
		{ TRACEKEYS_ALTERED, "made for another one" },
	};
	struct desk *d = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(d, TRACE_OUT);
		d->original.trace_word = rows[i].word;
		show(d);
		site_expect_text(&d->site, rows[i].words);
		site_expect_text(&d->site, "counts against nobody");
	}
}

static void says_what_counts_once(void **state)
{
	struct desk *d = *state;

	begin(d, TRACE_IN);
	show(d);
	show(d);
	site_expect_text(&d->site, "reported before in the same way");
	begin(d, TRACE_IN);
	show(d);
	site_expect_text(&d->site, "has counted today");
	begin(d, TRACE_IN);
	d->original.kind = REPORT_NOTJUNK;
	as_user(d);
	show(d);
	site_expect_text(&d->site, "in favour of its sender");
	begin(d, TRACE_IN);
	d->original.kind = REPORT_NOTJUNK;
	show(d);
	site_expect_text(&d->site, "counts for nothing by itself");
	begin(d, TRACE_IN);
	d->original.kind = REPORT_AUTH_FAILURE;
	show(d);
	site_expect_text(&d->site, "counts for nothing by itself");
}

static void says_what_was_done(void **state)
{
	struct desk *d = *state;

	begin(d, TRACE_OUT);
	show(d);
	site_expect_text(&d->site, "is paused until the administrator");
	site_expect_text(&d->site, "Something was done");
	begin(d, TRACE_IN);
	as_user(d);
	show(d);
	site_expect_text(&d->site, "is refused from now on");
}

/* That of an account holds what others have told of it. */
static void leads_to_its_own_ticket_only(void **state)
{
	struct desk *d = *state;

	begin(d, TRACE_OUT);
	show(d);
	assert_string_not_equal(d->filed.ticket, "");
	site_expect_no_text(&d->site, "/t/");
	begin(d, TRACE_OUT);
	d->original.trace_word = TRACEKEYS_NONE;
	show(d);
	assert_string_not_equal(d->filed.ticket, "");
	site_expect_text(&d->site, d->filed.ticket);
	d->filing.count = 0;
	show(d);
	site_expect_text(&d->site, "We found no message in it");
	site_expect_text(&d->site, d->filed.ticket);
}

static void says_that_it_is_closed(void **state)
{
	struct desk *d = *state;
	char target[TARGET_MAX];

	begin(d, TRACE_IN);
	show(d);
	assert_int_equal(
		report_close(context_redis(d->loan), d->view.conf,
			slice_of(d->filed.id), d->site.now_ms, slice_of("ann")),
		RES_OK);
	snprintf(target, sizeof(target), "/report/%s?lang=es", d->filed.id);
	(void)site_get(&d->site, target);
	site_expect(&d->site, 200);
	site_expect_text(&d->site, "Cerrad");
	site_expect_text(&d->site, "lang=\"es\"");
}

#define WITH(text, function, before)                                           \
	{                                                                      \
		.name = (text), .test_func = (function), .setup_func = before, \
		.teardown_func = tear_down                                     \
	}
#define DESK(text, function) WITH(text, function, set_up)

int main(void)
{
	const struct CMUnitTest cases[] = {
		DESK("it says where a message came from",
			says_where_it_came_from),
		DESK("it says why a trace does not hold", says_what_holds_not),
		DESK("it says what counts once", says_what_counts_once),
		WITH("it says what was done", says_what_was_done,
			set_up_strict),
		DESK("it leads to its own ticket only",
			leads_to_its_own_ticket_only),
		DESK("it says that a report is closed", says_that_it_is_closed),
	};

	return cmocka_run_group_tests_name(
		"portal/reportstatus", cases, NULL, NULL);
}
