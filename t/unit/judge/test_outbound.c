/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/outbound.h"

#include "base/clock.h"
#include "conf/conf.h"
#include "judge/pipeline.h"
#include "judge/record.h"
#include "judge/session.h"
#include "judge/telemetry.h"
#include "support/case.h"
#include "support/fake_mta.h"
#include "web/metrics.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS = 8, PAIR_MAX = 128 };

/* Who wrote to whom, as "user other"; names are their numbers here. */
struct memory {
	char pair[PAIRS][PAIR_MAX];
	unsigned count;
	bool wrote[PAIRS];
	unsigned asked;
	unsigned told;
	enum result result;
};

struct world {
	struct pipeline pipeline;
	struct casework work;
	struct telemetry telemetry;
	struct memory memory;
	struct correspondents correspondents;
	struct session_env env;
	struct conf *conf;
	struct session *session;
	struct fake_mta mta;
};

/* ---- fakes ---- */

static void ask(const struct check_input *in, struct findings *out)
{
	(void)in;
	findings_add(out, "blocked")->outcome = OUTCOME_HIT;
}

static const struct pipeline_step steps[] = {
	{ STAGE_RCPT, false, SERVICE_NONE, ask },
};

static enum check_progress find_spam(
	const struct check_input *in, struct findings *out)
{
	(void)in;
	if (out != NULL) {
		struct finding *f = findings_add(out, "attach");

		f->outcome = OUTCOME_HIT;
		f->detail = "executable";
	}
	return CHECK_DONE;
}

static const struct pipeline_check checks[] = {
	{ .name = "attach",
		.begin = STAGE_END,
		.await = STAGE_END,
		.step = find_spam },
};

static void refer(void *at, const struct ipaddr *ip, const char *code,
	struct slice subject, char ref[CASE_REF_MAX], bool *is_new)
{
	(void)at;
	(void)ip;
	(void)code;
	(void)subject;
	*is_new = true;
	snprintf(ref, CASE_REF_MAX, "%s", "7K3M9QXB2HTD4FZ6T");
}

static enum result record(void *at, const char ref[CASE_REF_MAX], bool is_new,
	const struct case_facts *facts)
{
	(void)at;
	(void)ref;
	(void)is_new;
	(void)facts;
	return RES_OK;
}

static enum result name(void *at, struct slice user, struct slice other,
	struct correspond_name *out)
{
	struct memory *m = at;
	char pair[PAIR_MAX];
	unsigned i = 0;

	snprintf(pair, sizeof(pair), "%.*s %.*s", SLICE_ARG(user),
		SLICE_ARG(other));
	while (i < m->count && strcmp(m->pair[i], pair) != 0)
		i++;
	assert_true(i < PAIRS);
	if (i == m->count)
		snprintf(m->pair[m->count++], PAIR_MAX, "%s", pair);
	snprintf(out->text, sizeof(out->text), "%u", i);
	return RES_OK;
}

static void wrote(void *at, const struct conf *conf,
	const struct correspond_name *names, size_t count)
{
	struct memory *m = at;

	(void)conf;
	for (size_t i = 0; i < count; i++)
		m->wrote[names[i].text[0] - '0'] = true;
}

static enum result find(void *at, const struct conf *conf,
	const struct correspond_name *names, size_t count, bool *found)
{
	struct memory *m = at;

	(void)conf;
	m->asked++;
	*found = false;
	for (size_t i = 0; i < count && m->result == RES_OK; i++)
		*found = *found || m->wrote[names[i].text[0] - '0'];
	return m->result;
}

static bool tell(void *at, const struct ipaddr *client, const char *ref)
{
	struct memory *m = at;

	(void)client;
	assert_string_equal(ref, "7K3M9QXB2HTD4FZ6T");
	m->told++;
	return true;
}

/* ---- a world ---- */

static struct world *world_new(const char *conf)
{
	struct world *w = calloc(1, sizeof(*w));
	struct buf errors;
	char text[2048];

	assert_non_null(w);
	snprintf(text, sizeof(text),
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"unix:/run/x/s\" "
		"trusted = {\"198.51.100.0/24\"} }\n"
		"redis { servers = {\"unix:/run/x/r\"} }\n"
		"auth { enabled = no }\n%s\n",
		conf);
	buf_init(&errors, 8192);
	if (conf_load_text("test", slice_of(text), &w->conf, &errors) != RES_OK)
		fail_msg("%s", buf_text(&errors));
	buf_clear(&errors);
	w->pipeline = (struct pipeline){
		.steps = steps, .count = 1, .checks = checks, .check_count = 1
	};
	w->work = (struct casework){ refer, record, w };
	w->correspondents =
		(struct correspondents){ name, wrote, find, tell, &w->memory };
	assert_int_equal(telemetry_init(&w->telemetry), RES_OK);
	w->env = (struct session_env){ .clock = clock_system(),
		.pipeline = &w->pipeline,
		.cases = &w->work,
		.telemetry = &w->telemetry,
		.correspondents = &w->correspondents };
	w->session = session_new(&w->env, w->conf);
	assert_non_null(w->session);
	fake_mta_init(&w->mta);
	return w;
}

static void world_free(struct world *w)
{
	session_free(w->session);
	conf_release(w->conf);
	telemetry_clear(&w->telemetry);
	fake_mta_clear(&w->mta);
	free(w);
}

static void greet(struct world *w, const char *ip)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons(4321) };
	struct session_peer peer = { .sa = (const struct sockaddr *)&sa };

	assert_int_equal(inet_pton(AF_INET, ip, &sa.sin_addr), 1);
	session_connect(w->session, &peer);
}

static enum answer rcpt(struct world *w, const char *to)
{
	return session_rcpt(w->session, slice_of(to), &w->mta.mta);
}

static enum answer end(struct world *w)
{
	return session_end(w->session, &w->mta.mta);
}

/* A whole message of an authenticated user. */
static void deliver(struct world *w, const char *from, const char *to)
{
	greet(w, "192.0.2.9");
	session_mail(
		w->session, slice_of(from), slice_of("PLAIN"), slice_of("ann"));
	assert_int_equal(rcpt(w, to), ANSWER_CONTINUE);
	assert_int_equal(end(w), ANSWER_CONTINUE);
}

static void come(struct world *w, const char *from)
{
	greet(w, "192.0.2.1");
	session_mail(w->session, slice_of(from), slice_of(""), slice_of(""));
}

static void assert_said(struct world *w, const char *part)
{
	if (strstr(buf_text(&w->mta.said), part) == NULL)
		fail_msg("no \"%s\" in \"%s\"", part, buf_text(&w->mta.said));
}

/* ---- tests ---- */

static void who_was_written_to_waits(void **state)
{
	struct world *w = world_new("");

	(void)state;
	deliver(w, "<ann@example.net>", "<joe@sender.example>");
	come(w, "<joe@sender.example>");
	assert_int_equal(rcpt(w, "<ann@example.net>"), ANSWER_TEMPFAIL);
	assert_said(w,
		"reply 451 4.7.0 Access deferred, you have been written "
		"to from here");
	assert_int_equal(w->memory.told, 1);
	assert_int_equal(rcpt(w, "<bob@example.net>"), ANSWER_REJECT);
	assert_int_equal(w->memory.told, 1);
	come(w, "<jim@sender.example>");
	assert_int_equal(rcpt(w, "<ann@example.net>"), ANSWER_REJECT);
	world_free(w);
}

static void at_the_end_one_recipient_is_enough(void **state)
{
	struct world *w =
		world_new("check \"blocked\" { hit = \"ignore\" }\n"
			  "check \"attach\" { executable = \"score 20\" }\n");

	(void)state;
	deliver(w, "<ann@example.net>", "<joe@sender.example>");
	come(w, "<joe@sender.example>");
	assert_int_equal(rcpt(w, "<bob@example.net>"), ANSWER_CONTINUE);
	assert_int_equal(rcpt(w, "<ann@example.net>"), ANSWER_CONTINUE);
	assert_int_equal(w->memory.asked, 0);
	assert_int_equal(end(w), ANSWER_TEMPFAIL);
	assert_said(w, "reply 451 4.7.0 Message deferred, you have been");
	assert_int_equal(w->memory.asked, 1);
	come(w, "<joe@sender.example>");
	assert_int_equal(rcpt(w, "<bob@example.net>"), ANSWER_CONTINUE);
	assert_int_equal(end(w), ANSWER_REJECT);
	world_free(w);
}

struct row {
	const char *conf;
	const char *from;
	enum result result; /* of asking */
};

static void is_refused_all_the_same(void **state)
{
	const struct row *row = *state;
	struct world *w = world_new(row->conf);

	deliver(w, "<ann@example.net>", "<joe@sender.example>");
	w->memory.result = row->result;
	come(w, row->from);
	if (rcpt(w, "<ann@example.net>") == ANSWER_CONTINUE)
		assert_int_equal(end(w), ANSWER_REJECT);
	assert_null(strstr(buf_text(&w->mta.said), "written"));
	world_free(w);
}

static void only_users_write(void **state)
{
	struct world *w =
		world_new("check \"blocked\" { hit = \"ignore\" }\n"
			  "check \"attach\" { executable = \"ignore\" }\n"
			  "portal { local_domains = {\"example.net\"} }\n");

	(void)state;
	come(w, "<joe@sender.example>");
	assert_int_equal(rcpt(w, "<ann@example.net>"), ANSWER_CONTINUE);
	assert_int_equal(end(w), ANSWER_CONTINUE);
	/* Mail among our own, a bounce, a message that was given up. */
	deliver(w, "<ann@example.net>", "<bob@Example.Net>");
	deliver(w, "<>", "<joe@sender.example>");
	greet(w, "198.51.100.1");
	session_mail(w->session, slice_of("<ann@example.net>"), slice_of(""),
		slice_of(""));
	assert_int_equal(rcpt(w, "<joe@sender.example>"), ANSWER_CONTINUE);
	session_abort(w->session);
	for (unsigned i = 0; i < PAIRS; i++)
		assert_false(w->memory.wrote[i]);
	/* From a network that is trusted. */
	session_mail(w->session, slice_of("<ann@example.net>"), slice_of(""),
		slice_of(""));
	assert_int_equal(rcpt(w, "<joe@sender.example>"), ANSWER_CONTINUE);
	assert_int_equal(end(w), ANSWER_CONTINUE);
	assert_true(w->memory.wrote[0]);
	world_free(w);
}

static void answers_are_counted(void **state)
{
	struct world *w = world_new("");
	struct buf out;

	(void)state;
	buf_init(&out, 65536);
	deliver(w, "<ann@example.net>", "<joe@sender.example>");
	come(w, "<joe@sender.example>");
	assert_int_equal(rcpt(w, "<ann@example.net>"), ANSWER_TEMPFAIL);
	assert_int_equal(rcpt(w, "<bob@example.net>"), ANSWER_REJECT);
	w->memory.result = RES_TIMEOUT;
	assert_int_equal(rcpt(w, "<ann@example.net>"), ANSWER_REJECT);
	metrics_format(w->telemetry.metrics, &out);
	for (int i = 0; i < 3; i++) {
		static const char *const words[] = { "unknown", "no", "yes" };
		char line[80];

		snprintf(line, sizeof(line),
			"reprieve_correspondents_total{known=\"%s\"} 1\n",
			words[i]);
		assert_non_null(strstr(buf_text(&out), line));
	}
	buf_clear(&out);
	world_free(w);
}

int main(void)
{
	static const struct row unknown = { "", "<joe@sender.example>",
		RES_TIMEOUT };
	static const struct row busy = { "", "<joe@sender.example>", RES_FULL };
	static const struct row off = { "correspondents { enabled = no }\n",
		"<joe@sender.example>", RES_OK };
	static const struct row bounce = { "", "<>", RES_OK };
	static const struct row rule = {
		"check \"blocked\" { hit = \"ignore\" }\n"
		"check \"attach\" { executable = \"reject\" }\n",
		"<joe@sender.example>", RES_OK
	};
	const struct CMUnitTest cases[] = {
		CASE("who was written to lately is put off, not refused",
			who_was_written_to_waits, NULL),
		CASE("at the end one recipient who wrote is enough",
			at_the_end_one_recipient_is_enough, NULL),
		CASE("when Redis could not tell nobody is known",
			is_refused_all_the_same, &unknown),
		CASE("when too many are asked for nobody is known",
			is_refused_all_the_same, &busy),
		CASE("who wants it otherwise refuses", is_refused_all_the_same,
			&off),
		CASE("a bounce has no correspondent", is_refused_all_the_same,
			&bounce),
		CASE("a rule that refuses is meant as it stands",
			is_refused_all_the_same, &rule),
		CASE("only what our users send to others makes correspondents",
			only_users_write, NULL),
		CASE("the metrics show how often it was so",
			answers_are_counted, NULL),
	};

	return cmocka_run_group_tests_name("judge/outbound", cases, NULL, NULL);
}
