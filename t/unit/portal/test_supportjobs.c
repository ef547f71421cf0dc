/* SPDX-License-Identifier: BSD-2-Clause */
/* Letters of portal/supportjobs, as an MTA is handed them. */
#include "portal/jobs.h"

#include "base/arena.h"
#include "conf/conf.h"
#include "store/case.h"
#include "store/redis.h"
#include "store/sponsor.h"
#include "store/tagged.h"
#include "store/ticket.h"
#include "support/case.h"
#include "support/smtp_server.h"
#include "unit/portal/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 1024 * 1024, CONF_MAX = 256 };

struct desk {
	struct site site;
	struct smtp_server *mta;
	struct context_view view;
	struct context_loan *loan;
	struct arena *arena;
	struct smtp_letter letter;
	char id[CASE_REF_MAX];
};

static int set_up(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));
	char more[CONF_MAX];

	assert_non_null(d);
	d->mta = smtp_server_start();
	snprintf(more, sizeof(more),
		"portal { smtp = \"127.0.0.1:%u\" }\n"
		"support { admin = \"help@example.net\" }\n",
		(unsigned)smtp_server_port(d->mta));
	site_open(&d->site, more);
	context_enter(d->site.context, &d->view);
	assert_int_equal(context_take(d->site.context, &d->loan), RES_OK);
	d->arena = arena_new(ARENA_MAX);
	assert_non_null(d->arena);
	*state = d;
	return 0;
}

static int tear_down(void **state)
{
	struct desk *d = *state;

	arena_free(d->arena);
	context_give(d->site.context, d->loan);
	context_leave(&d->view);
	site_close(&d->site);
	smtp_server_stop(d->mta);
	free(d);
	return 0;
}

static struct redis *redis(struct desk *d)
{
	return context_redis(d->loan);
}

static const char *run(
	struct desk *d, const char *kind, const char *id, const char *more)
{
	const struct mailq_job job = { .kind = slice_of(kind),
		.id = slice_of(id),
		.more = slice_of(more) };
	struct job j = { .site = &d->view,
		.redis = redis(d),
		.arena = d->arena,
		.job = &job,
		.now_ms = d->site.now_ms };
	job_function *function = job_find(slice_of(kind));
	enum result res;

	assert_non_null(function);
	res = function(&j);
	smtp_server_last(d->mta, &d->letter);
	return result_name(res);
}

/* Without the soft breaks of quoted-printable, so that a link is whole. */
static void join(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		if (strncmp(from, "=\r\n", 3) == 0)
			from += 2;
		else
			*to++ = *from;
	}
	*to = '\0';
}

static void wants(struct desk *d, const char *part)
{
	join(d->letter.text);
	if (strstr(d->letter.text, part) == NULL)
		print_message("# %s\n# is not in\n%s\n", part, d->letter.text);
	assert_non_null(strstr(d->letter.text, part));
}

static void wants_no(struct desk *d, const char *part)
{
	join(d->letter.text);
	assert_null(strstr(d->letter.text, part));
}

static void file(struct desk *d, const char *ref, const char *rid)
{
	const struct ticket_form form = { .mail = slice_of("joe@example.org"),
		.language = slice_of("en"),
		.subject = slice_of("refused"),
		.text = slice_of("buy my pills\nplease"),
		.ref = slice_of(ref),
		.rid = slice_of(rid) };
	struct ticket_filed filed;

	assert_int_equal(ticket_file(redis(d), d->view.conf, d->view.secret,
				 d->site.now_ms, &form, &filed),
		RES_OK);
	snprintf(d->id, sizeof(d->id), "%s", filed.id);
}

static void add(struct desk *d, const char *who, const char *text,
	enum ticket_state to, const char *outcome)
{
	const struct ticket_entry e = { .id = slice_of(d->id),
		.who = slice_of(who),
		.text = slice_of(text),
		.to = to,
		.outcome = slice_of(outcome) };

	assert_int_equal(
		ticket_add(redis(d), d->view.conf, &e, d->site.now_ms), RES_OK);
}

static void a_link_holds_nothing_of_a_stranger(void **state)
{
	struct desk *d = *state;
	char token[TOKEN_TEXT_MAX], link[128];

	file(d, "", "");
	assert_string_equal(run(d, "ticket-link", d->id, ""), "ok");
	assert_string_equal(d->letter.sender, "<>");
	assert_string_equal(d->letter.rcpt, "<joe@example.org>");
	assert_int_equal(token_make(d->view.secret, TOKEN_TICKET,
				 slice_of(d->id), token),
		RES_OK);
	snprintf(link, sizeof(link), "%s/tc/%s", d->view.conf->portal_url,
		token);
	wants(d, link);
	wants(d, "Auto-Submitted: auto-");
	wants_no(d, "pills");
	wants_no(d, "Reply-To:");
}

static void the_admin_hears_of_a_correspondent(void **state)
{
	struct desk *d = *state;
	char ref[CASE_REF_MAX], key[64], link[128];
	struct redis_reply reply;

	case_ref_new(ref);
	snprintf(key, sizeof(key), "rp:case:%s", ref);
	{
		const struct slice argv[] = { slice_of("HSET"), slice_of(key),
			slice_of("code"), slice_of("DEFERRED_CORRESPONDENT"),
			slice_of("ip"), slice_of("192.0.2.7"),
			slice_of("reason"), slice_of("spam run") };

		assert_int_equal(
			redis_command(redis(d), argv, 8, &reply), RES_OK);
	}
	assert_string_equal(run(d, "correspondent", ref, ""), "ok");
	assert_string_equal(d->letter.rcpt, "<help@example.net>");
	wants(d, "192.0.2.7");
	wants(d, "spam run");
	snprintf(link, sizeof(link), "%s/r/%s", d->view.conf->portal_url, ref);
	wants(d, link);
	case_ref_new(ref);
	assert_string_equal(run(d, "correspondent", ref, ""), "missing");
	assert_string_equal(run(d, "correspondent", "x", ""), "missing");
}

static void a_link_goes_once(void **state)
{
	struct desk *d = *state;

	file(d, "", "");
	add(d, "ann", "", TICKET_SPAM, "");
	assert_string_equal(run(d, "ticket-link", d->id, ""), "missing");
	assert_int_equal(smtp_server_count(d->mta), 0);
}

static void an_answer_can_be_answered(void **state)
{
	struct desk *d = *state;
	char address[TAGGED_MAX], field[TAGGED_MAX + 16];

	file(d, "", "7K3M9QXB2HTD4FZ6T");
	add(d, "ann", "Which address?", TICKET_WAITING, "");
	assert_string_equal(run(d, "ticket-answer", d->id, "1"), "ok");
	assert_string_equal(d->letter.rcpt, "<joe@example.org>");
	wants(d, "Which address?");
	wants(d, "We wait for your answer");
	assert_int_equal(ticket_address(d->view.secret, slice_of(d->id),
				 d->view.conf->host, address),
		RES_OK);
	snprintf(field, sizeof(field), "<%s>", address);
	wants(d, "Reply-To: ");
	wants(d, field);
	wants_no(d, "ann");
	wants_no(d, "pills");
}

static void an_end_is_told(void **state)
{
	struct desk *d = *state;

	file(d, "", "7K3M9QXB2HTD4FZ6T");
	add(d, "ann", "", TICKET_RESOLVED, "granted");
	assert_string_equal(run(d, "ticket-answer", d->id, "1"), "ok");
	wants(d, "State of the ticket: Resolved (Granted)");
}

static void the_admin_reads_it_all(void **state)
{
	struct desk *d = *state;
	char ref[CASE_REF_MAX], part[128];

	case_ref_new(ref);
	file(d, ref, "7K3M9QXB2HTD4FZ6T");
	assert_string_equal(run(d, "ticket-admin", d->id, "0"), "ok");
	assert_string_equal(d->letter.rcpt, "<help@example.net>");
	wants(d, "buy my pills\r\nplease");
	wants(d, "From: joe@example.org");
	wants(d, "To be answered until: ");
	wants(d, "About: My mail is refused");
	snprintf(part, sizeof(part), "Case: %s/r/%s", d->view.conf->portal_url,
		ref);
	wants(d, part);
	snprintf(part, sizeof(part), "reprievectl tickets show %s", d->id);
	wants(d, part);
}

static void a_recipient_is_asked(void **state)
{
	struct desk *d = *state;
	char ref[CASE_REF_MAX], token[TOKEN_TEXT_MAX], sid[CASE_REF_MAX];
	struct sponsor_form form = { .mailbox = slice_of("ann@example.net"),
		.language = slice_of("en") };
	struct sponsor_filed filed;

	case_ref_new(ref);
	form.ref = slice_of(ref);
	assert_int_equal(
		ipaddr_parse(&form.ip, slice_of("198.51.100.7")), RES_OK);
	assert_int_equal(sponsor_file(redis(d), d->view.conf, d->view.secret,
				 d->site.now_ms, &form, &filed),
		RES_OK);
	assert_string_equal(run(d, "sponsor-link", filed.sid, ""), "ok");
	assert_string_equal(d->letter.rcpt, "<ann@example.net>");
	assert_int_equal(token_make(d->view.secret, TOKEN_SPONSOR,
				 slice_of(filed.sid), token),
		RES_OK);
	wants(d, token);
	wants(d, "198.51.100.7");
	wants(d, "3 days");
	assert_int_equal(sponsor_confirm(redis(d), d->view.conf, d->view.secret,
				 slice_of(token), d->site.now_ms, sid),
		RES_OK);
	assert_string_equal(run(d, "sponsor-link", filed.sid, ""), "missing");
}

static void what_is_gone_is_done(void **state)
{
	static const char *const kinds[] = { "ticket-link", "ticket-answer",
		"ticket-admin", "sponsor-link" };
	struct desk *d = *state;
	char id[CASE_REF_MAX];

	case_ref_new(id);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		assert_string_equal(run(d, kinds[i], id, "0"), "missing");
		assert_string_equal(run(d, kinds[i], "x", "0"), "missing");
	}
	assert_int_equal(smtp_server_count(d->mta), 0);
}

static void an_mta_that_waits_keeps_the_job(void **state)
{
	struct desk *d = *state;

	file(d, "", "");
	smtp_server_mood(d->mta, SMTP_LATER);
	assert_string_equal(run(d, "ticket-link", d->id, ""), "down");
	smtp_server_mood(d->mta, SMTP_TAKES);
	assert_string_equal(run(d, "ticket-link", d->id, ""), "ok");
}

#define DESK(text, function)                                                   \
	{                                                                      \
		.name = (text), .test_func = (function), .setup_func = set_up, \
		.teardown_func = tear_down                                     \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		DESK("the letter with the link holds nothing of a stranger",
			a_link_holds_nothing_of_a_stranger),
		DESK("no link goes for a ticket that waits for none",
			a_link_goes_once),
		DESK("an answer can be answered, and names nobody of us",
			an_answer_can_be_answered),
		DESK("the end of a ticket is told", an_end_is_told),
		DESK("the admin reads all of it, and how to answer",
			the_admin_reads_it_all),
		DESK("the admin hears of a correspondent who was put off",
			the_admin_hears_of_a_correspondent),
		DESK("a recipient is asked once", a_recipient_is_asked),
		DESK("a job for what is gone is done", what_is_gone_is_done),
		DESK("an MTA that says later keeps the job",
			an_mta_that_waits_keeps_the_job),
	};

	return cmocka_run_group_tests_name(
		"portal/supportjobs", cases, NULL, NULL);
}
