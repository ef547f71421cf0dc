/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts that a milter keeps, and judging them again. */
#include "base/clock.h"
#include "base/file.h"
#include "conf/conf.h"
#include "judge/factlog.h"
#include "judge/record.h"
#include "judge/replay.h"
#include "support/case.h"
#include "support/folder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 86400000, FILE_MAX = 1 << 20 };

#define START                                               \
	"host = \"mx.example.net\"\n"                       \
	"portal_url = \"https://postmaster.example.net\"\n" \
	"milter { socket = \"unix:/run/x/s\" }\n"           \
	"redis { servers = {\"unix:/run/x/r\"} }\n"

static struct conf *load(const char *more)
{
	struct conf *conf = NULL;
	struct buf text, errors;

	buf_init(&text, 4096);
	buf_init(&errors, 4096);
	buf_add_format(&text, START "%s", more);
	if (conf_load_text("test", buf_slice(&text), &conf, &errors) != RES_OK)
		fail_msg("%s", buf_text(&errors));
	buf_clear(&text);
	buf_clear(&errors);
	return conf;
}

/* ---- judging again ---- */

struct found {
	const char *check;
	const char *detail;
	enum outcome outcome;
	bool shadow;
};

static const struct found nothing = { NULL, NULL, OUTCOME_UNKNOWN, false };

static void make(struct fact *f, enum fact_stage stage, struct found one)
{
	memset(f, 0, sizeof(*f));
	f->wall_ms = 1764000000000;
	f->session = 7;
	f->stage = stage;
	f->action = ACTION_ACCEPT;
	snprintf(f->rcpt_domain, sizeof(f->rcpt_domain), "example.org");
	if (one.check == NULL)
		return;
	*findings_add(&f->findings, one.check) = (struct finding){
		.check = one.check,
		.detail = one.detail,
		.outcome = one.outcome,
		.shadow = one.shadow,
	};
}

/* What comes of a message whose recipient and whose end have seen this. */
static enum action judge(
	const char *conf_text, struct found rcpt, struct found end)
{
	struct conf *conf = load(conf_text);
	struct replay *r = replay_new(conf);
	struct fact *f = malloc(sizeof(*f));
	struct replay_result result;
	enum action action;

	make(f, FACT_RCPT, rcpt);
	replay_fact(r, f, &result);
	action = result.verdict.action;
	if (!action_is_refusal(action)) {
		make(f, FACT_END, end);
		replay_fact(r, f, &result);
		action = result.verdict.action;
		assert_true(result.is_told);
	}
	free(f);
	replay_free(r);
	conf_release(conf);
	return action;
}

static const struct found listed = { "blocked", "self", OUTCOME_HIT, false };
static const struct found spf = { "spf", "fail", OUTCOME_HIT, false };

static void test_rules_of_the_new_file(void **state)
{
	(void)state;
	assert_int_equal(judge("", listed, nothing), ACTION_REJECT);
	assert_int_equal(judge("check \"blocked\" { hit = \"tempfail\" }",
				 listed, nothing),
		ACTION_TEMPFAIL);
	assert_int_equal(
		judge("check \"blocked\" { shadow = yes }", listed, nothing),
		ACTION_ACCEPT);
	assert_int_equal(
		judge("mode = \"monitor\"", listed, nothing), ACTION_ACCEPT);
}

static void test_scores_and_thresholds(void **state)
{
	(void)state;
	assert_int_equal(judge("", nothing, spf), ACTION_ACCEPT);
	assert_int_equal(
		judge("policy { mark_at = 4 greylist_at = 0 }", nothing, spf),
		ACTION_MARK);
	assert_int_equal(
		judge("check \"spf\" { fail = \"score 20\" }", nothing, spf),
		ACTION_REJECT);
}

/* The end of a message knows what its recipients left. */
static void test_end_after_recipients(void **state)
{
	(void)state;
	assert_int_equal(judge("check \"blocked\" { hit = \"quarantine\" }",
				 listed, nothing),
		ACTION_QUARANTINE);
}

static void test_spared_recipient(void **state)
{
	struct conf *conf = load("");
	struct replay *r = replay_new(conf);
	struct fact *f = malloc(sizeof(*f));
	struct replay_result result;

	(void)state;
	make(f, FACT_RCPT, listed);
	f->is_exempt = true;
	replay_fact(r, f, &result);
	assert_int_equal(result.verdict.action, ACTION_ACCEPT);
	free(f);
	replay_free(r);
	conf_release(conf);
}

static enum action judge_correspondent(const char *conf_text)
{
	struct conf *conf = load(conf_text);
	struct replay *r = replay_new(conf);
	struct fact *f = malloc(sizeof(*f));
	struct replay_result result;

	make(f, FACT_RCPT, listed);
	f->is_correspondent = true;
	replay_fact(r, f, &result);
	free(f);
	replay_free(r);
	conf_release(conf);
	return result.verdict.action;
}

static void test_correspondent_is_put_off_again(void **state)
{
	(void)state;
	assert_int_equal(judge_correspondent(""), ACTION_TEMPFAIL);
	assert_int_equal(judge_correspondent("correspondents { enabled = no }"),
		ACTION_REJECT);
	assert_int_equal(
		judge_correspondent("mode = \"monitor\""), ACTION_ACCEPT);
}

/* ---- keeping ---- */

struct day_clock {
	int64_t wall_ms;
};

static int64_t wall(void *ctx)
{
	const struct day_clock *c = ctx;

	return c->wall_ms;
}

static int64_t mono(void *ctx)
{
	(void)ctx;
	return 1;
}

static void show(struct factlog *l, const char *stage)
{
	const struct conn conn = { .kind = CONN_REMOTE,
		.id = "00000000000000ab" };
	const struct envelope envelope = { .rcpt_accepted = 1 };
	const struct verdict verdict = { .action = ACTION_MARK,
		.would_be = ACTION_MARK,
		.mode = "enforce" };
	struct findings *findings = calloc(1, sizeof(*findings));
	const struct record r = { .stage = stage,
		.conn = &conn,
		.envelope = &envelope,
		.verdict = &verdict,
		.findings = findings,
		.rcpt_domain = slice_of("example.org"),
		.ref = "" };
	const struct session_watch *w = factlog_watch(l, NULL);

	findings_add(findings, "spf")->detail = "fail";
	w->judged(w->at, &r);
	free(findings);
}

static unsigned facts_in(const char *folder, const char *name)
{
	struct factfile_reader *r;
	struct fact *f = malloc(sizeof(*f));
	struct buf text;
	char path[600];
	unsigned count = 0;

	buf_init(&text, FILE_MAX);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(file_read(path, &text), RES_OK);
	assert_int_equal(factfile_open(&r, buf_slice(&text)), RES_OK);
	for (; factfile_next(r, f) == RES_OK; count++) {
		assert_int_equal(f->session, 0xab);
		assert_string_equal(f->rcpt_domain, "example.org");
		assert_string_equal(f->findings.item[0].check, "spf");
	}
	factfile_close(r);
	free(f);
	buf_clear(&text);
	return count;
}

/* Facts in the files of that day; *files of them. */
static unsigned facts_of(const char *folder, const char *day, unsigned *files)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	unsigned count = 0;
	char of[11];

	*files = 0;
	while ((entry = readdir(dir)) != NULL) {
		if (!factlog_is_name(entry->d_name, of) || strcmp(of, day) != 0)
			continue;
		(*files)++;
		count += facts_in(folder, entry->d_name);
	}
	closedir(dir);
	return count;
}

static struct factlog *open_log(const struct folder *folder,
	const struct clock *clock, const char *more)
{
	struct conf *conf;
	struct factlog *l = NULL;
	struct buf text;

	buf_init(&text, 1024);
	buf_add_format(
		&text, "facts { folder = \"%s\" %s }", folder->path, more);
	conf = load(buf_text(&text));
	assert_int_equal(factlog_open(&l, conf, clock), RES_OK);
	conf_release(conf);
	buf_clear(&text);
	return l;
}

static void test_a_file_a_day(void **state)
{
	struct day_clock now = { 1764028800000 }; /* 2025-11-25T00:00:00Z */
	const struct clock clock = { mono, wall, &now };
	struct folder folder;
	struct factlog *l;
	unsigned files;

	(void)state;
	folder_make(&folder);
	l = open_log(&folder, &clock, "keep_days = 1");
	show(l, "rcpt");
	show(l, "eom");
	factlog_flush(l);
	assert_int_equal(facts_of(folder.path, "2025-11-25", &files), 2);
	assert_int_equal(files, 1);
	now.wall_ms += DAY_MS;
	/* What was said at midnight may still stand in the old file. */
	show(l, "eom");
	factlog_flush(l);
	show(l, "eom");
	factlog_flush(l);
	assert_true(facts_of(folder.path, "2025-11-26", &files) >= 1);
	assert_int_equal(files, 1);
	now.wall_ms += 2 * (int64_t)DAY_MS;
	show(l, "eom");
	factlog_flush(l);
	show(l, "eom");
	factlog_close(l);
	assert_true(facts_of(folder.path, "2025-11-28", &files) >= 1);
	(void)facts_of(folder.path, "2025-11-25", &files);
	assert_int_equal(files, 0);
	folder_remove(&folder);
}

static void test_no_folder(void **state)
{
	struct conf *conf = load("facts { folder = \"/nonexistent/facts\" }");
	struct factlog *l = NULL;

	(void)state;
	assert_int_equal(factlog_open(&l, conf, clock_system()), RES_MISSING);
	assert_null(l);
	conf_release(conf);
	conf = load("");
	assert_int_equal(factlog_open(&l, conf, clock_system()), RES_OK);
	assert_null(l);
	assert_null(factlog_watch(l, NULL));
	conf_release(conf);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("facts are judged by the rules of the new file",
			test_rules_of_the_new_file, NULL),
		CASE("facts are judged by its scores and thresholds",
			test_scores_and_thresholds, NULL),
		CASE("the end of a message knows what its recipients left",
			test_end_after_recipients, NULL),
		CASE("a recipient that is always reachable stays so",
			test_spared_recipient, NULL),
		CASE("who was written to is put off again, not refused",
			test_correspondent_is_put_off_again, NULL),
		CASE("facts have a file for each day, and old ones go",
			test_a_file_a_day, NULL),
		CASE("without a folder nothing is kept, and it is said",
			test_no_folder, NULL),
	};

	return cmocka_run_group_tests_name("judge/replay", cases, NULL, NULL);
}
