/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/casefile.h"

#include "base/arena.h"
#include "support/case.h"

#include <stdio.h>
#include <string.h>

static bool is_text(struct slice s, const char *text)
{
	return slice_is_equal(s, slice_of(text));
}

/* ---- fields ---- */

static void keeps_public(void **state)
{
	struct arena *a = arena_new(1 << 16);
	struct casefile f;

	(void)state;
	casefile_init(&f, a);
	casefile_add(&f, slice_of("reply"), slice_of("554 5.7.1 no"));
	casefile_add(&f, slice_of("spf_domain"), slice_of("example.org"));
	assert_true(is_text(f.text[CASEFILE_REPLY], "554 5.7.1 no"));
	assert_true(is_text(f.auth[CASEAUTH_SPF_DOMAIN], "example.org"));
	arena_free(a);
}

static void drops_private(void **state)
{
	static const char *const names[] = { "sender_domain", "sender_hash",
		"rcpt_domain", "rcpt_hash", "session", "queue_id", "host",
		"key", "net", "arc_trusted", "anything" };
	struct arena *a = arena_new(1 << 16);
	struct casefile f;

	(void)state;
	casefile_init(&f, a);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		casefile_add(&f, slice_of(names[i]), slice_of("secret"));
	for (size_t i = 0; i < CASEFILE_TEXTS; i++)
		assert_true(slice_is_empty(f.text[i]));
	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		assert_true(slice_is_empty(f.auth[i]));
	arena_free(a);
}

static void cuts_long(void **state)
{
	static char text[CASEFILE_LINES_MAX * 2];
	struct arena *a = arena_new(1 << 16);
	struct casefile f;

	(void)state;
	memset(text, 'x', sizeof(text));
	casefile_init(&f, a);
	casefile_add(&f, slice_of("reason"), slice_make(text, sizeof(text)));
	casefile_add(&f, slice_of("findings"), slice_make(text, sizeof(text)));
	assert_int_equal(f.text[CASEFILE_REASON].len, CASEFILE_TEXT_MAX);
	assert_int_equal(f.text[CASEFILE_FINDINGS].len, CASEFILE_LINES_MAX);
	assert_false(f.is_cut);
	arena_free(a);
}

struct time_row {
	const char *text;
	int64_t ms;
};

static void reads_time(void **state)
{
	const struct time_row *row = *state;
	struct casefile f = { .text = { [CASEFILE_UNTIL] =
						slice_of(row->text) } };

	assert_int_equal(casefile_time(&f, CASEFILE_UNTIL), row->ms);
}

/* ---- findings ---- */

struct finding_row {
	const char *line;
	const char *check; /* NULL: no finding */
	const char *detail;
	const char *rule;
	const char *seen;
	int outcome;
	bool is_shadow;
};

static void reads_finding(void **state)
{
	const struct finding_row *row = *state;
	struct slice rest = slice_of(row->line);
	struct casefile_finding f;

	if (row->check == NULL) {
		assert_false(casefile_next(&rest, &f));
		return;
	}
	assert_true(casefile_next(&rest, &f));
	assert_true(is_text(f.check, row->check));
	assert_true(is_text(f.detail, row->detail));
	assert_true(is_text(f.rule, row->rule));
	assert_true(is_text(f.seen, row->seen));
	assert_int_equal(f.outcome, row->outcome);
	assert_int_equal(f.is_shadow, row->is_shadow);
	assert_false(casefile_next(&rest, &f));
}

struct score_row {
	const char *rule;
	bool is_score;
	double score;
};

static void reads_score(void **state)
{
	const struct score_row *row = *state;
	const struct casefile_finding f = { .rule = slice_of(row->rule) };
	double got = 0;

	assert_int_equal(casefile_score(&f, &got), row->is_score);
	assert_true(got == row->score);
}

static void finds_word(void **state)
{
	struct slice line =
		slice_of("fail d=example.org s=sel reason=\"d=x s=y\"");

	(void)state;
	assert_true(is_text(casefile_word(line, "d"), "example.org"));
	assert_true(is_text(casefile_word(line, "s"), "sel"));
	assert_true(is_text(casefile_word(line, "reason"), "d=x s=y"));
	assert_true(is_text(casefile_word(line, "a"), ""));
}

#define FINDING(name, ...) \
	CASE(name, reads_finding, (&(struct finding_row){ __VA_ARGS__ }))
#define TIME(name, ...) \
	CASE(name, reads_time, (&(struct time_row){ __VA_ARGS__ }))
#define SCORE(name, ...) \
	CASE(name, reads_score, (&(struct score_row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("what the sender may know is kept", keeps_public, NULL),
		CASE("what is nobody's business is never kept", drops_private,
			NULL),
		CASE("a long field is cut", cuts_long, NULL),
		TIME("a time of a case is read", "2026-11-22T20:53:32Z",
			1795380812000),
		TIME("what is no time is none", "yesterday", 0),
		TIME("month 13 is no time", "2026-13-22T20:53:32Z", 0),
		FINDING("a finding has check, word, rule and what it saw",
			"spf=hit detail=fail rule=\"score 1.5\" key=\"x.org\" "
			"seen=\"x.org does not allow\"\n",
			"spf", "fail", "score 1.5", "x.org does not allow",
			CASEFILE_HIT, false),
		FINDING("a quote within what was seen ends nothing",
			"dkim=miss detail=pass seen=\"a \\x22 rule=b\"\n",
			"dkim", "pass", "", "a \\x22 rule=b", CASEFILE_MISS,
			false),
		FINDING("what could not be told is neither",
			"iprev=unknown detail=temperror rule=\"ignore\"\n",
			"iprev", "temperror", "ignore", "",
			CASEFILE_COULD_NOT_TELL, false),
		FINDING("of our list neither key nor words are read",
			"blocked=hit detail=self rule=\"reject\" shadow=yes "
			"key=\"rp:block:192.0.2.7\" seen=\"note\"\n",
			"blocked", "self", "reject", "", CASEFILE_HIT, true),
		FINDING("whom we trust is not told",
			"arc=miss detail=pass seen=\"pass; sealed by a.org; "
			"trusted by rp:trust:arc:a.org\"\n",
			"arc", "pass", "", "pass; sealed by a.org",
			CASEFILE_MISS, false),
		FINDING("a line that is no finding is left out",
			"nonsense\n=\nspf\nspf=maybe\n", NULL, NULL, NULL, NULL,
			0, false),
		FINDING("a line that ends within a quote is read to its end",
			"spf=hit seen=\"cut off", "spf", "", "", "cut off",
			CASEFILE_HIT, false),
		SCORE("a score is a number", "score 1.5", true, 1.5),
		SCORE("a score may be taken off", "score -2.0", true, -2),
		SCORE("a refusal is no score", "reject", false, 0),
		SCORE("words behind a score are no number", "score 1 x", false,
			0),
		CASE("words in quotes are no words of the line", finds_word,
			NULL),
	};

	return cmocka_run_group_tests_name(
		"portal/casefile", cases, NULL, NULL);
}
