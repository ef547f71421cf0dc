/* SPDX-License-Identifier: BSD-2-Clause */
/* portal/reportjobs: what is handed to the intake, and the letter of thanks. */
#include "portal/jobs.h"

#include "base/arena.h"
#include "conf/conf.h"
#include "store/case.h"
#include "store/report.h"
#include "store/secret.h"
#include "store/upload.h"
#include "support/case.h"
#include "support/smtp_server.h"
#include "unit/portal/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARENA_MAX = 1024 * 1024, CONF_MAX = 1024, FILE_MAX = 4096 };

struct desk {
	struct site site;
	struct smtp_server *mta;
	struct context_view view;
	struct context_loan *loan;
	struct arena *arena;
	char folder[64];
	char intake[128]; /* a program of the test's own */
	char seen[128]; /* what it was given */
};

static void write_intake(struct desk *d, const char *script)
{
	FILE *f = fopen(d->intake, "w");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\nseen=%s\n%s\n", d->seen, script);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(d->intake, 0700), 0);
}

static int set_up(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));
	char more[CONF_MAX];

	assert_non_null(d);
	d->mta = smtp_server_start();
	snprintf(d->folder, sizeof(d->folder), "/tmp/reportjobs.XXXXXX");
	assert_non_null(mkdtemp(d->folder));
	snprintf(d->intake, sizeof(d->intake), "%s/intake", d->folder);
	snprintf(d->seen, sizeof(d->seen), "%s/seen", d->folder);
	snprintf(more, sizeof(more),
		"portal { smtp = \"127.0.0.1:%u\" mail_host = "
		"\"mail.example.net\" }\n"
		"reports { intake = \"%s\" }\n",
		(unsigned)smtp_server_port(d->mta), d->intake);
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
	unlink(d->intake);
	unlink(d->seen);
	rmdir(d->folder);
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

	assert_non_null(function);
	return result_name(function(&j));
}

/* ---- report-upload ---- */

static void add(struct desk *d, const char *id)
{
	const struct upload u = { slice_of(id), slice_of("junk"),
		slice_of("From: a\n\nthe mail\n") };

	assert_int_equal(
		upload_add(redis(d), slice_of("rp:"), &u, d->site.now_ms),
		RES_OK);
}

static bool waits(struct desk *d, const char *id)
{
	bool found = false;

	assert_int_equal(
		upload_has(redis(d), slice_of("rp:"), slice_of(id), &found),
		RES_OK);
	return found;
}

static const char *seen(struct desk *d, char out[FILE_MAX])
{
	FILE *f = fopen(d->seen, "r");
	size_t len = 0;

	if (f != NULL) {
		len = fread(out, 1, FILE_MAX - 1, f);
		fclose(f);
	}
	out[len] = '\0';
	return out;
}

static void the_intake_gets_it(void **state)
{
	struct desk *d = *state;
	char got[FILE_MAX], id[CASE_REF_MAX], want[FILE_MAX];

	case_ref_new(id);
	add(d, id);
	write_intake(d, "echo \"$@\" >$seen; cat >>$seen");
	assert_string_equal(run(d, "report-upload", id, "junk"), "ok");
	snprintf(want, sizeof(want),
		"-c %s -u %s -r junk@mail.example.net\nFrom: a\n\nthe mail\n",
		d->view.conf->path, id);
	assert_string_equal(seen(d, got), want);
	assert_false(waits(d, id));
}

static void what_it_cannot_take_now_stays(void **state)
{
	static const char *const scripts[] = { "exit 75", "cat; exit 75",
		"kill -9 $$" };
	struct desk *d = *state;
	char id[CASE_REF_MAX];

	case_ref_new(id);
	add(d, id);
	/* Not there at all. */
	assert_string_equal(run(d, "report-upload", id, "junk"), "down");
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		write_intake(d, scripts[i]);
		assert_string_equal(
			run(d, "report-upload", id, "junk"), "down");
		assert_true(waits(d, id));
	}
	write_intake(d, "cat >/dev/null");
	assert_string_equal(run(d, "report-upload", id, "junk"), "ok");
}

static void what_it_refuses_is_given_up(void **state)
{
	struct desk *d = *state;
	char id[CASE_REF_MAX];

	case_ref_new(id);
	add(d, id);
	write_intake(d, "echo no mail; exit 65");
	assert_string_equal(run(d, "report-upload", id, "junk"), "denied");
	assert_false(waits(d, id));
}

static void what_was_handed_on_is_done(void **state)
{
	struct desk *d = *state;
	struct report_filed filed;
	struct report_filing f = { .text = slice_of("hello"),
		.language = slice_of("en") };
	char got[FILE_MAX], id[CASE_REF_MAX];

	case_ref_new(id);
	f.id = slice_of(id);
	assert_int_equal(report_file(redis(d), d->view.conf, d->view.secret,
				 d->site.now_ms, &f, &filed),
		RES_OK);
	write_intake(d, "echo once more >$seen");
	assert_string_equal(run(d, "report-upload", id, "junk"), "missing");
	assert_string_equal(seen(d, got), "");
}

/* ---- report-ack ---- */

static void file(struct desk *d, const char *reporter, enum report_proof proof,
	char id[CASE_REF_MAX])
{
	struct report_filed filed;
	const struct report_filing f = {
		.reporter = slice_of(reporter),
		.proof = proof,
		.text = slice_of("buy my pills\nplease"),
		.language = slice_of("es"),
	};

	assert_int_equal(report_file(redis(d), d->view.conf, d->view.secret,
				 d->site.now_ms, &f, &filed),
		RES_OK);
	snprintf(id, CASE_REF_MAX, "%s", filed.id);
}

static void who_is_known_is_thanked(void **state)
{
	struct desk *d = *state;
	struct smtp_letter letter;
	char id[CASE_REF_MAX], part[256];

	file(d, "joe@example.org", REPORT_AUTHENTICATED, id);
	assert_string_equal(run(d, "report-ack", id, ""), "ok");
	smtp_server_last(d->mta, &letter);
	assert_string_equal(letter.sender, "<>");
	assert_string_equal(letter.rcpt, "<joe@example.org>");
	snprintf(part, sizeof(part), "Message-ID: <report-ack.%s@", id);
	assert_non_null(strstr(letter.text, part));
	snprintf(part, sizeof(part), "/report/%s?lang=3Des", id);
	assert_non_null(strstr(letter.text, part));
	assert_non_null(strstr(letter.text, "Auto-Submitted: auto-replied"));
	assert_non_null(strstr(letter.text, "Content-Language: es"));
	assert_null(strstr(letter.text, "pills"));
}

static void nobody_else_is(void **state)
{
	struct desk *d = *state;
	char id[CASE_REF_MAX];

	file(d, "joe@example.org", REPORT_UNPROVEN, id);
	assert_string_equal(run(d, "report-ack", id, ""), "missing");
	file(d, "", REPORT_AUTHENTICATED, id);
	assert_string_equal(run(d, "report-ack", id, ""), "missing");
	case_ref_new(id);
	assert_string_equal(run(d, "report-ack", id, ""), "missing");
	assert_string_equal(run(d, "report-ack", "x", ""), "missing");
	assert_int_equal(smtp_server_count(d->mta), 0);
}

#define DESK(text, function)                                                   \
	{                                                                      \
		.name = (text), .test_func = (function), .setup_func = set_up, \
		.teardown_func = tear_down                                     \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		DESK("the intake gets an upload as it was kept",
			the_intake_gets_it),
		DESK("what it cannot take now stays",
			what_it_cannot_take_now_stays),
		DESK("what it refuses is given up",
			what_it_refuses_is_given_up),
		DESK("what was handed on before is done",
			what_was_handed_on_is_done),
		DESK("who is known is thanked, in his language",
			who_is_known_is_thanked),
		DESK("nobody else is written to", nobody_else_is),
	};

	return cmocka_run_group_tests_name(
		"portal/reportjobs", cases, NULL, NULL);
}
