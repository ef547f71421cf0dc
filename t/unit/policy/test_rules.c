/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/rules.h"

#include "conf/conf.h"
#include "fact/envelope.h"
#include "support/case.h"

#include <stdio.h>
#include <string.h>

/* One finding; check NULL ends the list. */
struct seen {
	const char *check;
	enum outcome outcome;
	const char *detail;
	bool shadow;
};

struct row {
	const char *conf; /* added to what every file needs */
	struct seen seen[4];
	const char *local;
	const char *domain;
	enum rules_stage stage;
	const char *want; /* action would_be code mode */
};

static struct conf *load(const char *more)
{
	struct conf *conf = NULL;
	struct buf errors;
	char text[2048];

	snprintf(text, sizeof(text),
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"redis { servers = {\"unix:/run/x/r\"} }\n%s%s\n",
		strstr(more, "milter {") != NULL
			? ""
			: "milter { socket = \"unix:/run/x/s\" }\n",
		more);
	buf_init(&errors, 8192);
	if (conf_load_text("test", slice_of(text), &conf, &errors) != RES_OK)
		fail_msg("%s", buf_text(&errors));
	buf_clear(&errors);
	return conf;
}

static void see(struct findings *f, const struct seen *seen)
{
	findings_clear(f);
	for (; seen->check != NULL; seen++) {
		struct finding *item = findings_add(f, seen->check);

		item->outcome = seen->outcome;
		item->detail = seen->detail == NULL ? "" : seen->detail;
		item->shadow = seen->shadow;
	}
}

static const char *format(const struct verdict *v, char *out, size_t size)
{
	const struct code_row *code = code_row(v->code);

	snprintf(out, size, "%s %s %s %s%s%s", action_name(v->action),
		action_name(v->would_be), code == NULL ? "-" : code->name,
		v->mode, v->is_exempt ? " exempt" : "",
		v->unchecked ? " unchecked" : "");
	return out;
}

static void decides(void **state)
{
	const struct row *row = *state;
	struct conf *conf = load(row->conf);
	struct envelope e = { .rcpt_domain = "" };
	struct findings f;
	const struct rules_input in = { .conf = conf,
		.envelope = &e,
		.findings = &f,
		.stage = row->stage };
	struct verdict v;
	char got[128];

	e.rcpt.local = slice_of(row->local == NULL ? "joe" : row->local);
	snprintf(e.rcpt_domain, sizeof(e.rcpt_domain), "%s",
		row->domain == NULL ? "example.net" : row->domain);
	see(&f, row->seen);
	rules_decide(&in, &v);
	assert_string_equal(format(&v, got, sizeof(got)), row->want);
	conf_release(conf);
}

static void error_of_ours(void **state)
{
	struct conf *conf = load("");
	struct verdict v;
	char got[128];

	(void)state;
	rules_internal_error(conf, RULES_END, &v);
	assert_string_equal(format(&v, got, sizeof(got)),
		"tempfail tempfail INTERNAL_END enforce unchecked");
	conf_release(conf);
	conf = load("mode = \"monitor\"\n");
	rules_internal_error(conf, RULES_RCPT, &v);
	assert_string_equal(format(&v, got, sizeof(got)),
		"accept tempfail INTERNAL monitor unchecked");
	conf_release(conf);
}

static struct verdict verdict_of(enum action action, enum action would_be)
{
	return (struct verdict){
		.action = action, .would_be = would_be, .mode = "enforce"
	};
}

static void carries_the_worst(void **state)
{
	struct verdict carried = { .action = ACTION_NONE };
	struct verdict v = verdict_of(ACTION_ACCEPT, ACTION_ACCEPT);

	(void)state;
	v.unchecked = true;
	rules_carry(&carried, &v);
	assert_int_equal(carried.action, ACTION_ACCEPT);
	v = verdict_of(ACTION_ACCEPT, ACTION_REJECT);
	rules_carry(&carried, &v);
	assert_int_equal(carried.would_be, ACTION_REJECT);
	v = verdict_of(ACTION_QUARANTINE, ACTION_QUARANTINE);
	rules_carry(&carried, &v);
	v = verdict_of(ACTION_MARK, ACTION_MARK);
	rules_carry(&carried, &v);
	assert_int_equal(carried.action, ACTION_QUARANTINE);
	assert_true(carried.unchecked);
}

static void end_keeps_what_rcpt_left(void **state)
{
	struct conf *conf = load("");
	struct verdict carried =
		verdict_of(ACTION_QUARANTINE, ACTION_QUARANTINE);
	struct envelope e = { .rcpt_domain = "" };
	struct findings f;
	const struct rules_input in = { .conf = conf,
		.envelope = &e,
		.findings = &f,
		.carried = &carried,
		.stage = RULES_END };
	struct verdict v;

	(void)state;
	findings_clear(&f);
	rules_decide(&in, &v);
	assert_int_equal(v.action, ACTION_QUARANTINE);
	findings_add(&f, "session")->detail = "internal";
	rules_decide(&in, &v);
	assert_int_equal(v.action, ACTION_TEMPFAIL);
	assert_int_equal(v.code, CODE_INTERNAL_END);
	conf_release(conf);
}

static void one_policy_a_message(void **state)
{
	const struct verdict none = { .action = ACTION_NONE };
	const struct verdict pass = verdict_of(ACTION_ACCEPT, ACTION_ACCEPT);
	const struct verdict seen = verdict_of(ACTION_ACCEPT, ACTION_REJECT);
	const struct verdict hold =
		verdict_of(ACTION_QUARANTINE, ACTION_QUARANTINE);
	const struct verdict refuse = verdict_of(ACTION_REJECT, ACTION_REJECT);
	struct verdict v;

	(void)state;
	assert_false(rules_mix(&none, &hold, &v));
	assert_false(rules_mix(&pass, &seen, &v));
	assert_false(rules_mix(&hold, &hold, &v));
	assert_false(rules_mix(&hold, &refuse, &v));
	assert_true(rules_mix(&hold, &pass, &v));
	assert_true(rules_mix(&pass, &hold, &v));
	assert_int_equal(v.action, ACTION_TEMPFAIL);
	assert_int_equal(v.code, CODE_MIXED_POLICY);
}

#define HIT(class)                                           \
	{                                                    \
		{ "blocked", OUTCOME_HIT, class, false },    \
		{                                            \
			"allowed", OUTCOME_MISS, NULL, false \
		}                                            \
	}
#define UNKNOWN                                                 \
	{                                                       \
		{ "blocked", OUTCOME_UNKNOWN, NULL, false },    \
		{                                               \
			"allowed", OUTCOME_UNKNOWN, NULL, false \
		}                                               \
	}

/* clang-format off */
static const struct {
	const char *name;
	struct row row;
} rows[] = {
	{ "nothing seen is accepted",
		{ "", { { NULL } }, NULL, NULL, RULES_RCPT,
			"accept accept - enforce" } },
	{ "a miss is accepted",
		{ "", { { "blocked", OUTCOME_MISS, NULL, false } }, NULL, NULL,
			RULES_RCPT, "accept accept - enforce" } },
	{ "a listing of class self is refused with its code",
		{ "", HIT("self"), NULL, NULL, RULES_RCPT,
			"reject reject BLOCKED_SELF enforce" } },
	{ "a listing of class policy has its own code",
		{ "", HIT("policy"), NULL, NULL, RULES_RCPT,
			"reject reject BLOCKED_POLICY enforce" } },
	{ "a listing of class review has its own code",
		{ "", HIT("review"), NULL, NULL, RULES_RCPT,
			"reject reject BLOCKED_REVIEW enforce" } },
	{ "a listing of class feed has its own code",
		{ "", HIT("feed"), NULL, NULL, RULES_RCPT,
			"reject reject BLOCKED_FEED enforce" } },
	{ "a class that nobody knows is one the sender can undo",
		{ "", HIT("what"), NULL, NULL, RULES_RCPT,
			"reject reject BLOCKED_SELF enforce" } },
	{ "a hit may be set to wait",
		{ "check \"blocked\" { hit = \"tempfail\" }\n", HIT("self"),
			NULL, NULL, RULES_RCPT,
			"tempfail tempfail BLOCKED_LATER enforce" } },
	{ "a hit may be set to be held, with no code to tell",
		{ "check \"blocked\" { hit = \"quarantine\" }\n", HIT("self"),
			NULL, NULL, RULES_RCPT,
			"quarantine quarantine - enforce" } },
	{ "a hit may be set to be marked",
		{ "check \"blocked\" { hit = \"mark\" }\n", HIT("self"), NULL,
			NULL, RULES_RCPT, "mark mark - enforce" } },
	{ "a hit may be set to be ignored",
		{ "check \"blocked\" { hit = \"ignore\" }\n", HIT("self"),
			NULL, NULL, RULES_RCPT, "accept accept - enforce" } },
	{ "a score below every threshold passes",
		{ "check \"blocked\" { hit = \"score 4.9\" }\n"
			"policy { mark_at = 5 quarantine_at = 10 "
			"reject_at = 15 }\n", HIT("self"), NULL, NULL,
			RULES_RCPT, "accept accept - enforce" } },
	{ "a score at mark_at marks",
		{ "check \"blocked\" { hit = \"score 5\" }\n"
			"policy { mark_at = 5 quarantine_at = 10 "
			"reject_at = 15 }\n", HIT("self"), NULL, NULL,
			RULES_RCPT, "mark mark - enforce" } },
	{ "a score at quarantine_at holds",
		{ "check \"blocked\" { hit = \"score 10\" }\n"
			"policy { mark_at = 5 quarantine_at = 10 "
			"reject_at = 15 }\n", HIT("self"), NULL, NULL,
			RULES_RCPT, "quarantine quarantine - enforce" } },
	{ "scores add up to a refusal, whose code tells of checks",
		{ "check \"blocked\" { hit = \"score 10\" }\n"
			"check \"allowed\" { miss = \"score 5\" }\n"
			"policy { mark_at = 5 quarantine_at = 10 "
			"reject_at = 15 }\n", HIT("self"), NULL, NULL,
			RULES_RCPT, "reject reject SCORE_ENVELOPE enforce" } },
	{ "a sum at the end of the message has the code of the end",
		{ "check \"blocked\" { hit = \"score 15\" }\n"
			"policy { mark_at = 5 quarantine_at = 10 "
			"reject_at = 15 }\n", HIT("self"), NULL, NULL,
			RULES_END, "reject reject SCORE_END enforce" } },
	{ "a negative score takes away",
		{ "check \"blocked\" { hit = \"score 15\" }\n"
			"check \"allowed\" { miss = \"score -11\" }\n"
			"policy { mark_at = 5 quarantine_at = 10 "
			"reject_at = 15 }\n", HIT("self"), NULL, NULL,
			RULES_RCPT, "accept accept - enforce" } },
	{ "allow beats block",
		{ "", { { "blocked", OUTCOME_HIT, "self", false },
			{ "allowed", OUTCOME_HIT, NULL, false } }, NULL, NULL,
			RULES_RCPT, "accept accept - enforce" } },
	{ "allow beats a sum of scores, too",
		{ "check \"blocked\" { hit = \"score 100\" }\n",
			{ { "allowed", OUTCOME_HIT, NULL, false },
			{ "blocked", OUTCOME_HIT, "self", false } }, NULL,
			NULL, RULES_RCPT, "accept accept - enforce" } },
	{ "postmaster is reachable from a listed address",
		{ "", HIT("self"), "postmaster", NULL, RULES_RCPT,
			"accept accept - enforce exempt" } },
	{ "PostMaster without a domain is reachable",
		{ "", HIT("self"), "PostMaster", "", RULES_RCPT,
			"accept accept - enforce exempt" } },
	{ "postmaster is reachable even when lists.exempt forgets it",
		{ "lists { exempt = {\"help\"} }\n", HIT("self"), "postmaster",
			NULL, RULES_RCPT, "accept accept - enforce exempt" } },
	{ "abuse is reachable",
		{ "", HIT("self"), "abuse", NULL, RULES_RCPT,
			"accept accept - enforce exempt" } },
	{ "a configured mailbox is reachable in any case",
		{ "lists { exempt = {\"help\"} }\n", HIT("self"), "HELP", NULL,
			RULES_RCPT, "accept accept - enforce exempt" } },
	{ "a mailbox that only begins like postmaster is not",
		{ "", HIT("self"), "postmaster2", NULL, RULES_RCPT,
			"reject reject BLOCKED_SELF enforce" } },
	{ "an empty local part is not exempt",
		{ "", HIT("self"), "", NULL, RULES_RCPT,
			"reject reject BLOCKED_SELF enforce" } },
	{ "lists that cannot be read let mail pass, unchecked",
		{ "", UNKNOWN, NULL, NULL, RULES_RCPT,
			"accept accept - enforce unchecked" } },
	{ "a strict site lets it wait",
		{ "lists { on_redis_error = \"tempfail\" }\n", UNKNOWN, NULL,
			NULL, RULES_RCPT,
			"tempfail tempfail LISTS_UNKNOWN enforce unchecked" } },
	{ "the rule of the check for unknown goes first",
		{ "lists { on_redis_error = \"tempfail\" }\n"
			"check \"blocked\" { unknown = \"mark\" }\n", UNKNOWN,
			NULL, NULL, RULES_RCPT,
			"mark mark - enforce unchecked" } },
	{ "even a site that is strict lets postmaster in",
		{ "lists { on_redis_error = \"tempfail\" }\n", UNKNOWN,
			"postmaster", NULL, RULES_RCPT,
			"accept accept - enforce exempt unchecked" } },
	{ "an entry in shadow refuses nobody and is told",
		{ "", { { "blocked", OUTCOME_HIT, "self", true } }, NULL, NULL,
			RULES_RCPT, "accept reject BLOCKED_SELF shadow" } },
	{ "a check in shadow refuses nobody and is told",
		{ "check \"blocked\" { shadow = true }\n", HIT("review"), NULL,
			NULL, RULES_RCPT,
			"accept reject BLOCKED_REVIEW shadow" } },
	{ "mode monitor refuses nobody and is told",
		{ "mode = \"monitor\"\n", HIT("self"), NULL, NULL, RULES_RCPT,
			"accept reject BLOCKED_SELF monitor" } },
	{ "mode monitor holds nobody",
		{ "mode = \"monitor\"\n"
			"check \"blocked\" { hit = \"quarantine\" }\n",
			HIT("self"), NULL, NULL, RULES_RCPT,
			"accept quarantine - monitor" } },
	{ "mode monitor still marks",
		{ "mode = \"monitor\"\n"
			"check \"blocked\" { hit = \"mark\" }\n", HIT("self"),
			NULL, NULL, RULES_RCPT, "mark mark - monitor" } },
	{ "one recipient domain may be in monitor",
		{ "domain \"example.org\" { mode = \"monitor\" }\n",
			HIT("self"), NULL, "example.org", RULES_RCPT,
			"accept reject BLOCKED_SELF monitor" } },
	{ "its neighbour is not",
		{ "domain \"example.org\" { mode = \"monitor\" }\n",
			HIT("self"), NULL, "example.net", RULES_RCPT,
			"reject reject BLOCKED_SELF enforce" } },
	{ "a check that broke is an internal error, not a listing",
		{ "", { { "blocked", OUTCOME_UNKNOWN, "internal", false } },
			NULL, NULL, RULES_RCPT,
			"tempfail tempfail INTERNAL enforce unchecked" } },
	{ "on_internal_error may accept",
		{ "milter { socket = \"unix:/run/x/s\" "
			"on_internal_error = \"accept\" }\n",
			{ { "session", OUTCOME_UNKNOWN, "internal", false } },
			NULL, NULL, RULES_RCPT,
			"accept accept - enforce unchecked" } },
	{ "postmaster is reachable through an internal error",
		{ "", { { "session", OUTCOME_UNKNOWN, "internal", false } },
			"postmaster", NULL, RULES_RCPT,
			"accept accept - enforce exempt unchecked" } },
	{ "a check that nobody configured decides nothing",
		{ "", { { "novel", OUTCOME_HIT, NULL, false } }, NULL, NULL,
			RULES_RCPT, "accept accept - enforce" } },
};
/* clang-format on */

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

int main(void)
{
	struct CMUnitTest cases[ROWS + 4];
	const struct CMUnitTest more[] = {
		CASE("an error of ours is told as one", error_of_ours, NULL),
		CASE("the worst of the recipients is carried to the end",
			carries_the_worst, NULL),
		CASE("the end keeps what the recipients left",
			end_keeps_what_rcpt_left, NULL),
		CASE("a message is judged by one policy", one_policy_a_message,
			NULL),
	};

	for (size_t i = 0; i < ROWS; i++)
		cases[i] = (struct CMUnitTest)CASE(
			rows[i].name, decides, &rows[i].row);
	memcpy(cases + ROWS, more, sizeof(more));
	return cmocka_run_group_tests_name("policy/rules", cases, NULL, NULL);
}
