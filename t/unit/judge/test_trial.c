/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/trial.h"

#include "base/log.h"
#include "conf/conf.h"
#include "judge/pipeline.h"
#include "support/case.h"

#include <string.h>
#include <unistd.h>

/* ---- fakes ---- */

/* Every client is listed. */
static void find_listed(const struct check_input *in, struct findings *out)
{
	unsigned *asked = in->service;
	struct finding *f = findings_add(out, "blocked");

	(*asked)++;
	f->outcome = OUTCOME_HIT;
	f->detail = "self";
	f->evidence = slice_of("spam run");
}

/* Finds SPF of the sender to pass, and asks nobody for it. */
static enum check_progress find_spf(
	const struct check_input *in, struct findings *out)
{
	struct finding *f;

	if (out == NULL)
		return CHECK_DONE;
	in->auth->mailfrom = (struct spf_fact){ .result = AUTH_PASS,
		.domain = in->envelope->sender.domain };
	f = findings_add(out, "spf");
	f->outcome = OUTCOME_MISS;
	f->detail = "pass";
	return CHECK_DONE;
}

static const struct pipeline_step steps[] = {
	{ STAGE_RCPT, false, SERVICE_BLOCKLIST, find_listed },
};

static const struct pipeline_check checks[] = {
	{ .name = "spf",
		.begin = STAGE_MAIL,
		.await = STAGE_END,
		.step = find_spf },
};

static void hand_header(void *ctx,
	void (*field)(void *to, struct slice name, struct slice value),
	void *to)
{
	(void)ctx;
	field(to, slice_of("From"), slice_of(" test@example.org"));
}

static const char conf_text[] = "host = \"mx.example.net\"\n"
				"portal_url = \"https://example.net\"\n"
				"milter { socket = \"unix:/nowhere\" }\n"
				"redis { servers = {\"unix:/nowhere\"} }\n";

struct play {
	struct conf *conf;
	unsigned asked;
	struct trial trial;
};

static void run(struct play *s, bool is_without_lists)
{
	const struct trial_mail mail = { .header = hand_header };
	struct pipeline pipeline = { .steps = steps,
		.count = 1,
		.checks = checks,
		.check_count = 1,
		.service = { [SERVICE_BLOCKLIST] = &s->asked } };
	struct trial_question q = { .pipeline = &pipeline,
		.mail = &mail,
		.is_without_lists = is_without_lists,
		.helo = "mail.example.org",
		.from = "test@example.org",
		.rcpt = "somebody@mx.example.net" };
	struct buf errors;

	buf_init(&errors, 4096);
	assert_int_equal(
		conf_load_text("test", slice_of(conf_text), &q.conf, &errors),
		RES_OK);
	buf_clear(&errors);
	s->conf = q.conf;
	assert_int_equal(ipaddr_parse(&q.ip, slice_of("192.0.2.7")), RES_OK);
	assert_int_equal(trial_run(&s->trial, &q), RES_OK);
}

static void end(struct play *s)
{
	trial_clear(&s->trial);
	conf_release(s->conf);
}

/* ---- what a trial says ---- */

static void tells_refusal(void **state)
{
	struct play s = { .asked = 0 };

	(void)state;
	run(&s, false);
	assert_true(s.trial.rcpt.is_refused);
	assert_string_equal(s.trial.rcpt.code, "BLOCKED_SELF");
	assert_non_null(strstr(buf_text(&s.trial.rcpt.reply), TRIAL_REF));
	end(&s);
}

static void goes_on(void **state)
{
	struct play s = { .asked = 0 };

	(void)state;
	run(&s, false);
	assert_true(s.trial.end.is_judged);
	assert_string_equal(buf_text(&s.trial.auth[CASEAUTH_SPF]), "pass");
	end(&s);
}

static void leaves_lists_alone(void **state)
{
	struct play s = { .asked = 0 };

	(void)state;
	run(&s, true);
	assert_int_equal(s.asked, 0);
	assert_true(s.trial.rcpt.is_judged);
	assert_false(s.trial.rcpt.is_refused);
	assert_false(s.trial.rcpt.is_unchecked);
	assert_string_equal(s.trial.end.action, "accept");
	end(&s);
}

/* All that is written goes to standard error, here a pipe. */
static void writes_no_log(void **state)
{
	const struct log_options log = { .ident = "test",
		.target = LOG_TO_STDERR,
		.level = LOG_LEVEL_INFO };
	struct play s = { .asked = 0 };
	int old = dup(STDERR_FILENO);
	char text[4096];
	ssize_t got;
	int fd[2];

	(void)state;
	log_open(&log);
	assert_int_equal(pipe(fd), 0);
	assert_true(dup2(fd[1], STDERR_FILENO) >= 0);
	run(&s, false);
	log_message(LOG_LEVEL_INFO, "mark", "the last line");
	assert_true(dup2(old, STDERR_FILENO) >= 0);
	got = read(fd[0], text, sizeof(text) - 1);
	assert_true(got > 0);
	text[got] = '\0';
	assert_non_null(strstr(text, "the last line"));
	assert_null(strstr(text, "verdict"));
	(void)close(fd[0]);
	(void)close(fd[1]);
	(void)close(old);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a refused recipient has the reply of the milter",
			tells_refusal, NULL),
		CASE("the message is judged though its recipient was refused",
			goes_on, NULL),
		CASE("without lists nothing hangs on the client's listing",
			leaves_lists_alone, NULL),
		CASE("a trial leaves no verdict in the log", writes_no_log,
			NULL),
	};

	return cmocka_run_group_tests_name("judge/trial", cases, NULL, NULL);
}
