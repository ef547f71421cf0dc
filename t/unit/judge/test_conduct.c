/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/conduct.h"

#include "base/buf.h"
#include "conf/conf.h"
#include "judge/record.h"
#include "policy/rules.h"
#include "support/case.h"

/* One finding of the end of a message, and what it says of its sender. */
struct row {
	const char *check;
	const char *detail;
	enum outcome outcome;
	enum conduct_word want;
};

/* content: what stands in the section of that check. */
static struct conf *load(const char *content)
{
	struct conf *conf = NULL;
	struct buf text, errors;

	buf_init(&text, 4096);
	buf_init(&errors, 4096);
	buf_add_format(&text,
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"inet:8894@127.0.0.1\" }\n"
		"redis { servers = {\"unix:/nowhere\"} }\n"
		"policy { mark_at = 5 quarantine_at = 10 reject_at = 15 }\n"
		"check \"dmarc\" { fail_reject = \"reject\" }\n"
		"check \"rate\" { address = \"reject\" }\n"
		"check \"dnsbl\" { listed = \"score 20\" }\n"
		"check \"reputation\" { bad = \"score 4\" }\n"
		"check \"content\" { spam = \"score 9\" %s }\n",
		content);
	assert_int_equal(
		conf_load_text("test", buf_slice(&text), &conf, &errors),
		RES_OK);
	buf_clear(&text);
	buf_clear(&errors);
	return conf;
}

static const char *const words[] = { "neither", "good", "bad" };

static const char *judge(const struct conf *conf, struct findings *found,
	const char *stage, enum conn_kind kind)
{
	const struct rules_input in = {
		.conf = conf, .findings = found, .stage = RULES_END
	};
	struct envelope envelope = { .rcpt_accepted = 1 };
	struct conn conn = { .kind = kind };
	struct verdict v;
	struct record r = { .stage = stage,
		.scope = { .conf = conf },
		.conn = &conn,
		.envelope = &envelope,
		.verdict = &v,
		.findings = found,
		.ref = "" };

	rules_decide(&in, &v);
	return words[conduct_of(&r)];
}

static void add(struct findings *found, const struct row *row)
{
	struct finding *f = findings_add(found, row->check);

	f->outcome = row->outcome;
	f->detail = row->detail;
}

static void judges(void **state)
{
	const struct row *row = *state;
	struct findings found = { .count = 0 };
	struct conf *conf = load("");

	add(&found, row);
	assert_string_equal(
		judge(conf, &found, "eom", CONN_REMOTE), words[row->want]);
	conf_release(conf);
}

static void only_whole_messages_of_others_count(void **state)
{
	const struct row bad = { "content", "spam", OUTCOME_HIT, CONDUCT_BAD };
	struct findings found = { .count = 0 };
	struct conf *conf = load("");

	(void)state;
	add(&found, &bad);
	assert_string_equal(judge(conf, &found, "eom", CONN_REMOTE), "bad");
	assert_string_equal(
		judge(conf, &found, "rcpt", CONN_REMOTE), "neither");
	assert_string_equal(judge(conf, &found, "eom", CONN_LOCAL), "neither");
	conf_release(conf);
}

static void what_is_in_shadow_does_not_count(void **state)
{
	const struct row bad = { "content", "spam", OUTCOME_HIT, CONDUCT_BAD };
	struct findings found = { .count = 0 };
	struct conf *conf = load("shadow = yes");

	(void)state;
	add(&found, &bad);
	assert_string_equal(judge(conf, &found, "eom", CONN_REMOTE), "neither");
	conf_release(conf);
}

static void a_bad_reputation_does_not_feed_itself(void **state)
{
	const struct row reputation = { "reputation", "bad", OUTCOME_HIT,
		CONDUCT_NEITHER };
	const struct row little = { "headers", "missing_date", OUTCOME_HIT,
		CONDUCT_NEITHER };
	struct findings found = { .count = 0 };
	struct conf *conf = load("");

	(void)state;
	/* Together they are marked; what it did this time is not enough. */
	add(&found, &reputation);
	add(&found, &little);
	assert_string_equal(judge(conf, &found, "eom", CONN_REMOTE), "neither");
	conf_release(conf);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a clean message is good", judges,
			&((const struct row){
				"spf", "pass", OUTCOME_MISS, CONDUCT_GOOD })),
		CASE("a little is forgiven", judges,
			&((const struct row){ "headers", "missing_date",
				OUTCOME_HIT, CONDUCT_GOOD })),
		CASE("bad content is bad", judges,
			&((const struct row){
				"content", "spam", OUTCOME_HIT, CONDUCT_BAD })),
		CASE("a refusal by authentication is bad", judges,
			&((const struct row){ "dmarc", "fail_reject",
				OUTCOME_HIT, CONDUCT_BAD })),
		CASE("what could not be told is not held against it", judges,
			&((const struct row){ "dmarc", "temperror",
				OUTCOME_UNKNOWN, CONDUCT_GOOD })),
		CASE("a list says nothing of the message", judges,
			&((const struct row){ "dnsbl", "listed", OUTCOME_HIT,
				CONDUCT_NEITHER })),
		CASE("who sends too much is not bad for it", judges,
			&((const struct row){ "rate", "address", OUTCOME_HIT,
				CONDUCT_NEITHER })),
		CASE("a failure of ours says nothing", judges,
			&((const struct row){ "session", "internal",
				OUTCOME_UNKNOWN, CONDUCT_NEITHER })),
		cmocka_unit_test(only_whole_messages_of_others_count),
		cmocka_unit_test(what_is_in_shadow_does_not_count),
		cmocka_unit_test(a_bad_reputation_does_not_feed_itself),
	};

	return cmocka_run_group_tests_name("judge/conduct", cases, NULL, NULL);
}
