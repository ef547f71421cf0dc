/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/rules.h"

#include "conf/conf.h"
#include "fact/auth.h"
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
	struct seen seen[8];
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
	struct rules_input in = { .conf = conf,
		.envelope = &e,
		.findings = &f,
		.stage = row->stage };
	struct verdict v;
	char got[128];

	e.rcpt.local = slice_of(row->local == NULL ? "joe" : row->local);
	snprintf(e.rcpt_domain, sizeof(e.rcpt_domain), "%s",
		row->domain == NULL ? "example.net" : row->domain);
	in.domain = conf_domain_find(conf, slice_of(e.rcpt_domain));
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

/* At the end, with that left by RCPT. */
static struct verdict end_of(struct conf *conf, const struct verdict *carried,
	const struct seen *seen, const struct auth_facts *auth)
{
	struct findings f;
	const struct rules_input in = { .conf = conf,
		.findings = &f,
		.auth = auth,
		.carried = carried,
		.stage = RULES_END };
	struct verdict v;

	see(&f, seen);
	rules_decide(&in, &v);
	/* They are gone with f. */
	v.cause = NULL;
	return v;
}

static void scores_of_rcpt_count(void **state)
{
	static const struct seen spf[] = {
		{ "spf", OUTCOME_HIT, "fail", false }, { .check = NULL }
	};
	static const struct seen nothing[] = { { .check = NULL } };
	struct conf *conf = load("");
	struct verdict carried = verdict_of(ACTION_MARK, ACTION_MARK);
	struct verdict v;
	char got[128];

	(void)state;
	carried.score = carried.enforced_score = 11;
	v = end_of(conf, &carried, spf, NULL);
	assert_true(v.score == 15);
	assert_string_equal(format(&v, got, sizeof(got)),
		"reject reject SCORE_END enforce");
	carried.score = carried.enforced_score = 5.5;
	v = end_of(conf, &carried, spf, NULL);
	assert_true(v.score == 9.5);
	assert_int_equal(v.action, ACTION_MARK);
	v = end_of(conf, &carried, nothing, NULL);
	assert_true(v.score == 5.5);
	assert_int_equal(v.action, ACTION_MARK);
	/* What was only in shadow at RCPT enforces nothing at the end. */
	carried = verdict_of(ACTION_ACCEPT, ACTION_MARK);
	carried.mode = "shadow";
	carried.score = 11;
	carried.enforced_score = 0;
	v = end_of(conf, &carried, spf, NULL);
	assert_string_equal(
		format(&v, got, sizeof(got)), "accept reject SCORE_END shadow");
	conf_release(conf);
}

static void an_allowed_recipient_leaves_no_score(void **state)
{
	static const struct seen seen[] = { { "blocked", OUTCOME_HIT, "self",
						    false },
		{ "allowed", OUTCOME_HIT, NULL, false }, { .check = NULL } };
	struct conf *conf = load("check \"blocked\" { hit = \"score 9\" }\n");
	struct envelope e = { .rcpt_domain = "example.net" };
	struct findings f;
	const struct rules_input in = { .conf = conf,
		.envelope = &e,
		.findings = &f,
		.stage = RULES_RCPT };
	struct verdict v;

	(void)state;
	see(&f, seen);
	rules_decide(&in, &v);
	assert_true(v.is_trusted);
	assert_true(v.score == 0 && v.enforced_score == 0);
	conf_release(conf);
}

static void a_score_counts_as_often_as_its_finding_says(void **state)
{
	static const struct {
		double factor, sum;
	} cases[] = { { 0, 4 }, { 1, 4 }, { 2.5, 10 }, { 0.25, 1 } };
	struct conf *conf = load("");
	struct findings f;
	const struct rules_input in = {
		.conf = conf, .findings = &f, .stage = RULES_END
	};
	struct verdict v;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		findings_clear(&f);
		*findings_add(&f, "spf") = (struct finding){ .check = "spf",
			.outcome = OUTCOME_HIT,
			.detail = "fail",
			.factor = cases[i].factor };
		rules_decide(&in, &v);
		assert_true(v.score == cases[i].sum);
	}
	conf_release(conf);
}

static void an_unsure_check_can_be_advisory(void **state)
{
	struct conf *conf =
		load("check \"dmarc\" { temperror = \"tempfail\" }\n");
	const struct ruling_advisory advisory = { 1, { "dmarc" } };
	struct findings f;
	struct rules_input in = {
		.conf = conf, .findings = &f, .stage = RULES_END
	};
	struct finding *item;
	struct verdict v;

	(void)state;
	findings_clear(&f);
	item = findings_add(&f, "dmarc");
	item->detail = "temperror";
	rules_decide(&in, &v);
	assert_int_equal(v.action, ACTION_TEMPFAIL);
	in.advisory = &advisory;
	rules_decide(&in, &v);
	assert_int_equal(v.action, ACTION_ACCEPT);
	item->outcome = OUTCOME_HIT;
	item->detail = "fail_reject";
	rules_decide(&in, &v);
	assert_int_equal(v.action, ACTION_QUARANTINE);
	conf_release(conf);
}

/* "headers:mark spf:reject" */
static void tells_what_each_shadow_would_do(void **state)
{
	static const struct seen seen[] = { { "headers", OUTCOME_HIT,
						    "lookalike", true },
		{ "headers", OUTCOME_HIT, "missing_date", true },
		{ "spf", OUTCOME_HIT, "fail", true },
		{ "links", OUTCOME_HIT, "ip", true },
		{ "from", OUTCOME_HIT, "", false }, { .check = NULL } };
	struct conf *conf = load("policy { mark_at = 6 quarantine_at = 11 }\n"
				 "check \"spf\" { fail = \"reject\" }\n");
	struct verdict carried = verdict_of(ACTION_ACCEPT, ACTION_ACCEPT);
	struct verdict v = end_of(conf, &carried, seen, NULL);

	(void)state;
	assert_int_equal(v.action, ACTION_MARK);
	assert_int_equal(v.shadow_count, 2);
	assert_string_equal(v.shadow[0].check, "headers");
	assert_int_equal(v.shadow[0].action, ACTION_QUARANTINE);
	assert_string_equal(v.shadow[1].check, "spf");
	assert_int_equal(v.shadow[1].action, ACTION_REJECT);
	/* What RCPT left to do is done with or without them. */
	carried = verdict_of(ACTION_QUARANTINE, ACTION_QUARANTINE);
	v = end_of(conf, &carried, seen, NULL);
	assert_int_equal(v.shadow_count, 1);
	assert_string_equal(v.shadow[0].check, "spf");
	conf_release(conf);
}

static void names_the_domain(void **state)
{
	static const struct seen spf[] = {
		{ "spf", OUTCOME_HIT, "fail", false }, { .check = NULL }
	};
	static const struct seen helo[] = {
		{ "spf-helo", OUTCOME_HIT, "fail", false }, { .check = NULL }
	};
	static const struct seen dmarc[] = { { "dmarc", OUTCOME_HIT,
						     "fail_reject", false },
		{ .check = NULL } };
	static const struct seen both[] = { { "spf", OUTCOME_HIT, "fail",
						    false },
		{ "iprev", OUTCOME_HIT, "fail", false }, { .check = NULL } };
	static const struct seen none[] = { { .check = NULL } };
	struct auth_facts auth = {
		.mailfrom.domain = slice_of("mail.example"),
		.helo.domain = slice_of("helo.example"),
		.dmarc.from_domain = slice_of("author.example"),
	};
	const struct {
		const struct seen *seen;
		const char *want;
	} cases[] = { { spf, "mail.example" }, { helo, "helo.example" },
		{ dmarc, "author.example" }, { both, "author.example" },
		{ none, "" } };
	struct conf *conf =
		load("check \"spf\" { fail = \"reject\" }\n"
		     "check \"iprev\" { fail = \"reject\" }\n"
		     "check \"spf-helo\" { fail = \"reject\" }\n"
		     "check \"dmarc\" { fail_reject = \"reject\" }\n");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct verdict v = end_of(conf, NULL, cases[i].seen, &auth);

		assert_int_equal(v.domain.len, strlen(cases[i].want));
		assert_memory_equal(v.domain.at, cases[i].want, v.domain.len);
	}
	auth.dmarc.from_domain = slice_of("");
	assert_int_equal(end_of(conf, NULL, both, &auth).domain.len, 12);
	assert_int_equal(end_of(conf, NULL, dmarc, &auth).domain.len, 0);
	assert_int_equal(end_of(conf, NULL, dmarc, NULL).domain.len, 0);
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
	struct verdict other = pass, quiet = hold;
	struct verdict v;

	(void)state;
	other.policy = 1;
	assert_false(rules_mix(&none, &hold, &v));
	assert_false(rules_mix(&pass, &seen, &v));
	assert_false(rules_mix(&hold, &hold, &v));
	assert_false(rules_mix(&hold, &refuse, &v));
	assert_true(rules_mix(&hold, &pass, &v));
	assert_true(rules_mix(&pass, &hold, &v));
	assert_true(rules_mix(&pass, &other, &v));
	assert_false(rules_mix(&other, &other, &v));
	quiet.is_monitored = true;
	other.is_monitored = true;
	assert_false(rules_mix(&quiet, &other, &v));
	other.is_monitored = false;
	assert_true(rules_mix(&quiet, &other, &v));
	assert_int_equal(v.action, ACTION_TEMPFAIL);
	assert_int_equal(v.code, CODE_MIXED_POLICY);
}

#define FIRST                                           \
	{                                               \
		"greylist", OUTCOME_HIT, "first", false \
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
		{ "", { { .check = NULL } }, NULL, NULL, RULES_RCPT,
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
	{ "a detail behind a plus sign is of the same mailbox",
		{ "", HIT("self"), "delist+k7m3", NULL, RULES_RCPT,
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
	{ "an SPF that fails has the code of RFC 7372",
		{ "check \"spf\" { fail = \"reject\" }\n",
			{ { "spf", OUTCOME_HIT, "fail", false } }, NULL, NULL,
			RULES_END, "reject reject SPF_FAIL enforce" } },
	{ "a softfail that a site refuses has the same",
		{ "check \"spf\" { softfail = \"reject\" }\n",
			{ { "spf", OUTCOME_HIT, "softfail", false } }, NULL, NULL,
			RULES_END, "reject reject SPF_FAIL enforce" } },
	{ "the greeting's SPF has it, too",
		{ "check \"spf-helo\" { fail = \"reject\" }\n",
			{ { "spf-helo", OUTCOME_HIT, "fail", false } }, NULL, NULL,
			RULES_END, "reject reject SPF_FAIL enforce" } },
	{ "a site may want an SPF record",
		{ "check \"spf\" { none = \"reject\" }\n",
			{ { "spf", OUTCOME_MISS, "none", false } }, NULL, NULL,
			RULES_END, "reject reject SPF_NONE enforce" } },
	{ "an SPF record with a fault has its own code",
		{ "check \"spf\" { permerror = \"reject\" }\n",
			{ { "spf", OUTCOME_HIT, "permerror", false } }, NULL, NULL,
			RULES_END, "reject reject SPF_PERMERROR enforce" } },
	{ "an SPF that DNS could not tell may wait",
		{ "check \"spf\" { temperror = \"tempfail\" }\n",
			{ { "spf", OUTCOME_UNKNOWN, "temperror", false } }, NULL, NULL,
			RULES_END, "tempfail tempfail SPF_TEMPERROR enforce" } },
	{ "a site may want a signature",
		{ "check \"dkim\" { none = \"reject\" }\n",
			{ { "dkim", OUTCOME_MISS, "none", false } }, NULL, NULL,
			RULES_END, "reject reject DKIM_NONE enforce" } },
	{ "a site may want a signature that holds",
		{ "check \"dkim\" { fail = \"reject\" }\n",
			{ { "dkim", OUTCOME_HIT, "fail", false } }, NULL, NULL,
			RULES_END, "reject reject DKIM_FAIL enforce" } },
	{ "a key that is too short has its own code",
		{ "check \"dkim\" { policy = \"reject\" }\n",
			{ { "dkim", OUTCOME_HIT, "policy", false } }, NULL, NULL,
			RULES_END, "reject reject DKIM_UNACCEPTABLE enforce" } },
	{ "a key that DNS could not tell may wait",
		{ "check \"dkim\" { temperror = \"tempfail\" }\n",
			{ { "dkim", OUTCOME_UNKNOWN, "temperror", false } }, NULL, NULL,
			RULES_END, "tempfail tempfail DKIM_TEMPERROR enforce" } },
	{ "a chain of seals that fails has its own code",
		{ "check \"arc\" { fail = \"reject\" }\n",
			{ { "arc", OUTCOME_HIT, "fail", false } }, NULL, NULL,
			RULES_END, "reject reject ARC_FAIL enforce" } },
	{ "a seal that DNS could not tell may wait",
		{ "check \"arc\" { temperror = \"tempfail\" }\n",
			{ { "arc", OUTCOME_UNKNOWN, "temperror", false } }, NULL, NULL,
			RULES_END, "tempfail tempfail ARC_TEMPERROR enforce" } },
	{ "p=reject may be obeyed, with the word DMARC",
		{ "check \"dmarc\" { fail_reject = \"reject\" }\n",
			{ { "dmarc", OUTCOME_HIT, "fail_reject", false } }, NULL, NULL,
			RULES_END, "reject reject DMARC_FAIL enforce" } },
	{ "p=quarantine may be refused with the same",
		{ "check \"dmarc\" { fail_quarantine = \"reject\" }\n",
			{ { "dmarc", OUTCOME_HIT, "fail_quarantine", false } }, NULL, NULL,
			RULES_END, "reject reject DMARC_FAIL enforce" } },
	{ "a site may want a DMARC policy",
		{ "check \"dmarc\" { none = \"reject\" }\n",
			{ { "dmarc", OUTCOME_MISS, "none", false } }, NULL, NULL,
			RULES_END, "reject reject DMARC_NONE enforce" } },
	{ "a DMARC record with a fault has its own code",
		{ "check \"dmarc\" { permerror = \"reject\" }\n",
			{ { "dmarc", OUTCOME_HIT, "permerror", false } }, NULL, NULL,
			RULES_END, "reject reject DMARC_PERMERROR enforce" } },
	{ "a DMARC policy that DNS could not tell may wait",
		{ "check \"dmarc\" { temperror = \"tempfail\" }\n",
			{ { "dmarc", OUTCOME_UNKNOWN, "temperror", false } }, NULL, NULL,
			RULES_END, "tempfail tempfail DMARC_TEMPERROR enforce" } },
	{ "a policy that DNS kept from being applied waits",
		{ "",
			{ { "dmarc", OUTCOME_UNKNOWN, "temperror_strict", false } }, NULL, NULL,
			RULES_END, "tempfail tempfail DMARC_TEMPERROR enforce" } },
	{ "reverse DNS that could not be told may wait",
		{ "check \"iprev\" { temperror = \"tempfail\" }\n",
			{ { "iprev", OUTCOME_UNKNOWN, "temperror", false } }, NULL, NULL,
			RULES_END, "tempfail tempfail IPREV_TEMPERROR enforce" } },
	{ "reverse DNS that fails has its own code",
		{ "check \"iprev\" { fail = \"reject\" }\n",
			{ { "iprev", OUTCOME_HIT, "fail", false } }, NULL, NULL,
			RULES_END, "reject reject IPREV_FAIL enforce" } },
	{ "a failure that a site lets wait has the general code",
		{ "check \"spf\" { fail = \"tempfail\" }\n",
			{ { "spf", OUTCOME_HIT, "fail", false } }, NULL, NULL,
			RULES_END, "tempfail tempfail SCORE_LATER_END enforce" } },
	{ "a message without a From has its own code",
		{ "check \"from\" { hit = \"reject\" }\n",
			{ { "from", OUTCOME_HIT, "no From field", false } }, NULL, NULL,
			RULES_END, "reject reject FROM_NONE enforce" } },
	{ "two From fields have their own code",
		{ "check \"from\" { hit = \"reject\" }\n",
			{ { "from", OUTCOME_HIT, "several From fields", false } }, NULL, NULL,
			RULES_END, "reject reject FROM_SEVERAL enforce" } },
	{ "authors of two domains have the same",
		{ "check \"from\" { hit = \"reject\" }\n",
			{ { "from", OUTCOME_HIT, "authors of several domains", false } }, NULL, NULL,
			RULES_END, "reject reject FROM_SEVERAL enforce" } },
	{ "a From that is no address has its own code",
		{ "check \"from\" { hit = \"reject\" }\n",
			{ { "from", OUTCOME_HIT, "a From field that is no address", false } }, NULL, NULL,
			RULES_END, "reject reject FROM_UNREADABLE enforce" } },
	{ "a header that is not whole passes",
		{ "check \"from\" { hit = \"reject\" }\n",
			{ { "from", OUTCOME_UNKNOWN, "unknown", false } }, NULL, NULL,
			RULES_END, "accept accept - enforce" } },
	{ "a From that names nobody marks a message",
		{ "",
			{ { "from", OUTCOME_HIT, "no From field", false } }, NULL, NULL,
			RULES_END, "mark mark - enforce" } },
	{ "and holds it when SPF fails, too",
		{ "",
			{ { "from", OUTCOME_HIT, "no From field", false }, { "spf", OUTCOME_HIT, "fail", false } }, NULL, NULL,
			RULES_END, "quarantine quarantine - enforce" } },
	{ "who is signed by somebody else is told so",
		{ "check \"dmarc\" { fail = \"reject\" }\n",
			{ { "dkim", OUTCOME_MISS, "pass", false }, { "dmarc", OUTCOME_HIT, "fail", false } }, NULL, NULL,
			RULES_END, "reject reject DKIM_UNALIGNED enforce" } },
	{ "who is not signed at all is told of DMARC",
		{ "check \"dmarc\" { fail = \"reject\" }\n",
			{ { "dkim", OUTCOME_MISS, "none", false }, { "dmarc", OUTCOME_HIT, "fail", false } }, NULL, NULL,
			RULES_END, "reject reject DMARC_FAIL enforce" } },
	{ "DMARC and SPF together have the code for several",
		{ "check \"dmarc\" { fail_reject = \"reject\" }\n",
			{ { "spf", OUTCOME_HIT, "fail", false }, { "dkim", OUTCOME_MISS, "none", false }, { "dmarc", OUTCOME_HIT, "fail_reject", false } }, NULL, NULL,
			RULES_END, "reject reject DMARC_SEVERAL enforce" } },
	{ "a failure that the rules ignore is not counted",
		{ "check \"dmarc\" { fail_reject = \"reject\" }\n",
			{ { "dkim", OUTCOME_HIT, "fail", false }, { "arc", OUTCOME_HIT, "fail", false }, { "dmarc", OUTCOME_HIT, "fail_reject", false } }, NULL, NULL,
			RULES_END, "reject reject DMARC_FAIL enforce" } },
	{ "reverse DNS that only adds to a sum leaves SPF its code",
		{ "check \"spf\" { fail = \"reject\" }\n",
			{ { "iprev", OUTCOME_HIT, "fail", false }, { "spf", OUTCOME_HIT, "fail", false } }, NULL, NULL,
			RULES_END, "reject reject SPF_FAIL enforce" } },
	{ "SPF and reverse DNS that both refuse have the code for several",
		{ "check \"spf\" { fail = \"reject\" }\n"
			"check \"iprev\" { fail = \"reject\" }\n",
			{ { "iprev", OUTCOME_HIT, "fail", false }, { "spf", OUTCOME_HIT, "fail", false } }, NULL, NULL,
			RULES_END, "reject reject AUTH_SEVERAL enforce" } },
	{ "two evaluations of SPF are one method",
		{ "check \"spf\" { fail = \"reject\" }\n",
			{ { "spf", OUTCOME_HIT, "fail", false }, { "spf-helo", OUTCOME_HIT, "fail", false } }, NULL, NULL,
			RULES_END, "reject reject SPF_FAIL enforce" } },
	{ "what could not be told is not counted",
		{ "check \"spf\" { fail = \"reject\" }\n"
			"check \"dkim\" { temperror = \"score 1\" }\n",
			{ { "spf", OUTCOME_HIT, "fail", false }, { "dkim", OUTCOME_UNKNOWN, "temperror", false } }, NULL, NULL,
			RULES_END, "reject reject SPF_FAIL enforce" } },
	{ "p=reject alone is held, not refused",
		{ "",
			{ { "iprev", OUTCOME_MISS, "pass", false }, { "spf", OUTCOME_MISS, "pass", false }, { "spf-helo", OUTCOME_MISS, "none", false }, { "dkim", OUTCOME_HIT, "fail", false }, { "arc", OUTCOME_MISS, "none", false }, { "dmarc", OUTCOME_HIT, "fail_reject", false } }, NULL, NULL,
			RULES_END, "quarantine quarantine - enforce" } },
	{ "forwarded mail of a p=reject domain is held, not refused",
		{ "",
			{ { "iprev", OUTCOME_MISS, "pass", false }, { "spf", OUTCOME_HIT, "fail", false }, { "dkim", OUTCOME_HIT, "fail", false }, { "dmarc", OUTCOME_HIT, "fail_reject", false } }, NULL, NULL,
			RULES_END, "quarantine quarantine - enforce" } },
	{ "a forger of a p=reject domain from a host without a name is refused",
		{ "",
			{ { "iprev", OUTCOME_HIT, "permerror", false }, { "spf", OUTCOME_HIT, "fail", false }, { "dkim", OUTCOME_MISS, "none", false }, { "dmarc", OUTCOME_HIT, "fail_reject", false } }, NULL, NULL,
			RULES_END, "reject reject DMARC_SEVERAL enforce" } },
	{ "p=quarantine is marked",
		{ "",
			{ { "spf", OUTCOME_MISS, "pass", false }, { "dmarc", OUTCOME_HIT, "fail_quarantine", false } }, NULL, NULL,
			RULES_END, "mark mark - enforce" } },
	{ "a failed SPF alone passes",
		{ "",
			{ { "spf", OUTCOME_HIT, "fail", false }, { "dmarc", OUTCOME_HIT, "fail", false } }, NULL, NULL,
			RULES_END, "accept accept - enforce" } },
	{ "DNS that answers nothing refuses nobody",
		{ "",
			{ { "iprev", OUTCOME_UNKNOWN, "temperror", false }, { "spf", OUTCOME_UNKNOWN, "temperror", false }, { "spf-helo", OUTCOME_UNKNOWN, "temperror", false }, { "dkim", OUTCOME_UNKNOWN, "temperror", false }, { "arc", OUTCOME_UNKNOWN, "temperror", false }, { "dmarc", OUTCOME_UNKNOWN, "temperror", false }, { "from", OUTCOME_UNKNOWN, "unknown", false } }, NULL, NULL,
			RULES_END, "accept accept - enforce" } },
	{ "a sum that only DNS trouble brings about never refuses for good",
		{ "check \"dmarc\" { temperror = \"score 20\" }\n",
			{ { "dmarc", OUTCOME_UNKNOWN, "temperror", false } }, NULL, NULL,
			RULES_END, "tempfail tempfail DMARC_TEMPERROR enforce" } },
	{ "not even when something else is in it",
		{ "check \"dkim\" { temperror = \"score 14\" }\n",
			{ { "spf", OUTCOME_HIT, "fail", false }, { "dkim", OUTCOME_UNKNOWN, "temperror", false } }, NULL, NULL,
			RULES_END, "tempfail tempfail DKIM_TEMPERROR enforce" } },
	{ "a sum that is mostly not authentication's has the general code",
		{ "check \"from\" { hit = \"score 10\" }\n",
			{ { "from", OUTCOME_HIT, "no From field", false }, { "spf", OUTCOME_HIT, "fail", false }, { "iprev", OUTCOME_HIT, "fail", false } }, NULL, NULL,
			RULES_END, "reject reject SCORE_END enforce" } },
	{ "a sum that one method brings about has its code",
		{ "check \"dmarc\" { fail_reject = \"score 15\" }\n",
			{ { "dmarc", OUTCOME_HIT, "fail_reject", false }, { "from", OUTCOME_HIT, "several From fields", false } }, NULL, NULL,
			RULES_END, "reject reject DMARC_FAIL enforce" } },
	{ "SPF in monitor is told and refuses nobody",
		{ "mode = \"monitor\"\n"
			"check \"spf\" { fail = \"reject\" }\n",
			{ { "spf", OUTCOME_HIT, "fail", false } }, NULL, NULL,
			RULES_END, "accept reject SPF_FAIL monitor" } },
	{ "DMARC in shadow is told and refuses nobody",
		{ "check \"dmarc\" { shadow = yes fail_reject = \"reject\" }\n",
			{ { "dmarc", OUTCOME_HIT, "fail_reject", false } }, NULL, NULL,
			RULES_END, "accept reject DMARC_FAIL shadow" } },
	{ "what is in shadow does not make several of one",
		{ "check \"dmarc\" { shadow = yes fail_reject = \"reject\" }\n"
			"check \"spf\" { fail = \"reject\" }\n",
			{ { "spf", OUTCOME_HIT, "fail", false }, { "dmarc", OUTCOME_HIT, "fail_reject", false } }, NULL, NULL,
			RULES_END, "reject reject SPF_FAIL enforce" } },
	{ "the two ways to DMARC may disagree for nothing",
		{ "",
			{ { "dmarc-modes", OUTCOME_HIT, "", false } }, NULL, NULL,
			RULES_END, "accept accept - enforce" } },
	{ "a doubtful first contact comes again",
		{ "", { { "headers", OUTCOME_HIT, "lookalike", false }, FIRST }, NULL, NULL,
			RULES_END, "tempfail tempfail GREYLIST_FIRST enforce" } },
	{ "who comes too early waits on",
		{ "", { { "headers", OUTCOME_HIT, "lookalike", false },
			{ "greylist", OUTCOME_HIT, "early", false } }, NULL, NULL,
			RULES_END, "tempfail tempfail GREYLIST_FIRST enforce" } },
	{ "who is known does not come again",
		{ "", { { "headers", OUTCOME_HIT, "lookalike", false },
			{ "greylist", OUTCOME_MISS, "", false } }, NULL, NULL,
			RULES_END, "accept accept - enforce" } },
	{ "nobody comes again because Redis is away",
		{ "", { { "headers", OUTCOME_HIT, "lookalike", false },
			{ "greylist", OUTCOME_UNKNOWN, "temperror", false } }, NULL, NULL,
			RULES_END, "accept accept - enforce" } },
	{ "a first contact that nothing speaks against is taken",
		{ "", { FIRST }, NULL, NULL,
			RULES_END, "accept accept - enforce" } },
	{ "what could not be told has nobody come again",
		{ "check \"spf\" { temperror = \"score 4\" }\n",
			{ { "spf", OUTCOME_UNKNOWN, "temperror", false }, FIRST }, NULL, NULL,
			RULES_END, "accept accept - enforce" } },
	{ "a rule has a first contact come again",
		{ "policy { greylist_at = 0 }\ncheck \"iprev\" { fail = \"greylist\" }\n",
			{ { "iprev", OUTCOME_HIT, "fail", false }, FIRST }, NULL, NULL,
			RULES_END, "tempfail tempfail GREYLIST_FIRST enforce" } },
	{ "without greylist_at a sum does not",
		{ "policy { greylist_at = 0 }\n",
			{ { "headers", OUTCOME_HIT, "lookalike", false }, FIRST }, NULL, NULL,
			RULES_END, "accept accept - enforce" } },
	{ "what is marked comes again first",
		{ "", { { "dmarc", OUTCOME_HIT, "fail_quarantine", false }, FIRST }, NULL, NULL,
			RULES_END, "tempfail tempfail GREYLIST_FIRST enforce" } },
	{ "what is refused need not come again",
		{ "check \"spf\" { fail = \"score 20\" }\n",
			{ { "spf", OUTCOME_HIT, "fail", false }, FIRST }, NULL, NULL,
			RULES_END, "reject reject SPF_FAIL enforce" } },
	{ "monitor has nobody come again",
		{ "mode = \"monitor\"\n",
			{ { "headers", OUTCOME_HIT, "lookalike", false }, FIRST }, NULL, NULL,
			RULES_END, "accept tempfail GREYLIST_FIRST monitor" } },
	{ "greylisting in shadow is told only",
		{ "check \"greylist\" { shadow = yes }\n",
			{ { "headers", OUTCOME_HIT, "lookalike", false }, FIRST }, NULL, NULL,
			RULES_END, "accept tempfail GREYLIST_FIRST shadow" } },
	{ "a doubt in shadow has nobody come again",
		{ "check \"headers\" { shadow = yes }\n",
			{ { "headers", OUTCOME_HIT, "lookalike", false }, FIRST }, NULL, NULL,
			RULES_END, "accept tempfail GREYLIST_FIRST shadow" } },
	{ "who is over a limit comes later",
		{ "", { { "rate", OUTCOME_HIT, "address", false } }, NULL, NULL,
			RULES_END, "tempfail tempfail RATE_LIMIT_END enforce" } },
	{ "who is known to be over a limit hears so at once",
		{ "", { { "rate", OUTCOME_HIT, "address", false } }, NULL, NULL,
			RULES_RCPT, "tempfail tempfail RATE_LIMIT enforce" } },
	{ "a user over his limit hears that it is his",
		{ "", { { "rate", OUTCOME_HIT, "user", false } }, NULL, NULL,
			RULES_RCPT, "tempfail tempfail RATE_USER enforce" } },
	{ "who is paused waits, and hears why",
		{ "", { { "account", OUTCOME_HIT, "paused", false } }, NULL, NULL,
			RULES_RCPT, "tempfail tempfail ACCOUNT_PAUSED enforce" } },
	{ "who is paused may be refused for good",
		{ "check \"account\" { paused = \"reject\" }\n",
			{ { "account", OUTCOME_HIT, "paused", false } }, NULL, NULL,
			RULES_RCPT, "reject reject ACCOUNT_PAUSED_REJECT enforce" } },
	{ "who is paused in shadow is told of only",
		{ "", { { "account", OUTCOME_HIT, "paused", true } }, NULL, NULL,
			RULES_RCPT, "accept tempfail ACCOUNT_PAUSED shadow" } },
	{ "monitor pauses nobody",
		{ "mode = \"monitor\"\n",
			{ { "account", OUTCOME_HIT, "paused", false } }, NULL, NULL,
			RULES_RCPT, "accept tempfail ACCOUNT_PAUSED monitor" } },
	{ "a limit that could not be told holds nobody up",
		{ "", { { "rate", OUTCOME_UNKNOWN, "temperror", false } }, NULL, NULL,
			RULES_END, "accept accept - enforce" } },
	{ "a domain has rules of its own",
		{ "domain \"example.org\" { rules = {\"spf fail = reject\"} }\n",
			{ { "spf", OUTCOME_HIT, "fail", false } }, NULL, "example.org",
			RULES_END, "reject reject SPF_FAIL enforce" } },
	{ "another domain has not",
		{ "domain \"example.org\" { rules = {\"spf fail = reject\"} }\n",
			{ { "spf", OUTCOME_HIT, "fail", false } }, NULL, "example.com",
			RULES_END, "accept accept - enforce" } },
	{ "a domain has thresholds of its own",
		{ "domain \"example.org\" { reject_at = 4 }\n",
			{ { "spf", OUTCOME_HIT, "fail", false } }, NULL, "example.org",
			RULES_END, "reject reject SPF_FAIL enforce" } },
	{ "a domain has checks in shadow of its own",
		{ "check \"spf\" { fail = \"reject\" }\n"
			"domain \"example.org\" { shadow = {\"spf\"} }\n",
			{ { "spf", OUTCOME_HIT, "fail", false } }, NULL, "example.org",
			RULES_END, "accept reject SPF_FAIL shadow" } },
	{ "a check that nobody configured decides nothing",
		{ "", { { "novel", OUTCOME_HIT, NULL, false } }, NULL, NULL,
			RULES_RCPT, "accept accept - enforce" } },
};
/* clang-format on */

/* Each row of codes.def for the end can be given, and the general ones are
 * not forgotten either. */
static void no_row_is_dead(void **state)
{
	/* The last is not policy's: judge/correspondence. */
	static const char *const elsewhere[] = { "INTERNAL_END", "SCORE_END",
		"SCORE_LATER_END", "DEFERRED_CORRESPONDENT_END" };

	(void)state;
	for (enum code c = CODE_NONE + 1; c < CODE_COUNT; c++) {
		const struct code_row *code = code_row(c);
		bool given = code->stage != CODE_AT_END;

		for (size_t i = 0; i < 4; i++)
			given = given || strcmp(code->name, elsewhere[i]) == 0;
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			given = given ||
				strstr(rows[i].row.want, code->name) != NULL;
		if (!given)
			fail_msg("no rule comes to %s", code->name);
	}
}

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

int main(void)
{
	struct CMUnitTest cases[ROWS + 11];
	const struct CMUnitTest more[] = {
		CASE("an error of ours is told as one", error_of_ours, NULL),
		CASE("the worst of the recipients is carried to the end",
			carries_the_worst, NULL),
		CASE("the end keeps what the recipients left",
			end_keeps_what_rcpt_left, NULL),
		CASE("scores of RCPT and of the end add up",
			scores_of_rcpt_count, NULL),
		CASE("an allowed recipient leaves no score for the end",
			an_allowed_recipient_leaves_no_score, NULL),
		CASE("a score counts as often as its finding says",
			a_score_counts_as_often_as_its_finding_says, NULL),
		CASE("what an advisory check cannot tell counts for nothing",
			an_unsure_check_can_be_advisory, NULL),
		CASE("each check in shadow tells what it would have done",
			tells_what_each_shadow_would_do, NULL),
		CASE("a reply names the domain that the cause is about",
			names_the_domain, NULL),
		CASE("each code at the end is what some rule comes to",
			no_row_is_dead, NULL),
		CASE("a message is judged by one policy", one_policy_a_message,
			NULL),
	};

	for (size_t i = 0; i < ROWS; i++)
		cases[i] = (struct CMUnitTest)CASE(
			rows[i].name, decides, &rows[i].row);
	memcpy(cases + ROWS, more, sizeof(more));
	return cmocka_run_group_tests_name("policy/rules", cases, NULL, NULL);
}
