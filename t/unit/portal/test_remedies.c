/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/remedies.h"

#include "base/arena.h"
#include "policy/dictionary.h"
#include "support/case.h"
#include "web/view.h"

#include <string.h>

/* A step is good when it says something, to somebody. */
static void has_steps(void **state)
{
	(void)state;
	for (enum code c = CODE_NONE + 1; c < CODE_COUNT; c++) {
		const struct remedy_step *s = remedy_step(c, 0);

		if (s == NULL)
			fail_msg("%s: nothing to do", code_row(c)->name);
		for (size_t i = 0; (s = remedy_step(c, i)) != NULL; i++)
			assert_true(s->text != NULL && strlen(s->text) > 20);
	}
}

/* What a text names may be missing in a case: then it needs a plain one. */
static void has_plain(void **state)
{
	(void)state;
	for (enum code c = CODE_NONE + 1; c < CODE_COUNT; c++) {
		const struct remedy_step *s;

		for (size_t i = 0; (s = remedy_step(c, i)) != NULL; i++) {
			if (strchr(s->text, '{') != NULL && s->plain == NULL)
				fail_msg("%s: step %zu has no plain text",
					code_row(c)->name, i);
			assert_true(s->plain == NULL ||
				strchr(s->plain, '{') == NULL);
		}
	}
}

static void knows_no_other(void **state)
{
	(void)state;
	assert_null(remedy_step(CODE_NONE, 0));
	assert_null(remedy_step(CODE_COUNT, 0));
	assert_null(remedy_step(CODE_BLOCKED_SELF, 1000));
}

static struct slice first_step(const struct view *v)
{
	const struct view *who = view_find(v, slice_of("remedies")).first;
	const struct view *step = view_find(who, slice_of("steps")).first;

	return view_find(step, slice_of("step")).text;
}

/* How often is that step in the view? */
static size_t count_steps(const struct view *v, const char *text)
{
	const struct view *who = view_find(v, slice_of("remedies")).first;
	size_t count = 0;

	for (; who != NULL; who = view_next(who)) {
		const struct view *s = view_find(who, slice_of("steps")).first;

		for (; s != NULL; s = view_next(s))
			count += slice_is_equal(
				view_find(s, slice_of("step")).text,
				slice_of(text));
	}
	return count;
}

static void names_what_is_known(void **state)
{
	const enum code code = CODE_SPF_NONE;
	const struct remedy_needs needs = { .code = &code, .code_count = 1 };
	struct arena *a = arena_new(1 << 16);
	struct view *bare = view_new(a), *full = view_new(a);

	(void)state;
	remedies_show(bare, &needs);
	assert_true(slice_is_equal(
		first_step(bare), slice_of(remedy_step(code, 0)->plain)));
	view_text(full, "spf_domain", "example.org");
	view_text(full, "spf_term", "ip4:192.0.2.7");
	remedies_show(full, &needs);
	assert_true(slice_is_equal(
		first_step(full), slice_of(remedy_step(code, 0)->text)));
	arena_free(a);
}

static void tells_once(void **state)
{
	const enum code codes[] = { CODE_DKIM_NONE, CODE_DKIM_UNALIGNED,
		CODE_DMARC_FAIL };
	const struct remedy_needs needs = { .code = codes, .code_count = 3 };
	struct arena *a = arena_new(1 << 16);
	struct view *v = view_new(a);
	const struct remedy_step *last = NULL;

	(void)state;
	for (size_t i = 0; remedy_step(CODE_DKIM_NONE, i) != NULL; i++)
		last = remedy_step(CODE_DKIM_NONE, i);
	remedies_show(v, &needs);
	assert_int_equal(count_steps(v, last->text), 1);
	arena_free(a);
}

static const struct dictionary_row *row_of(const char *check, const char *word)
{
	const struct dictionary_row *row =
		dictionary_find(slice_of(check), slice_of(word));

	assert_non_null(row);
	return row;
}

static void tells_what_findings_ask_for(void **state)
{
	const struct dictionary_row *const rows[] = {
		row_of("attach", "archived"),
		row_of("attach", "executable"),
		row_of("helo", "not_host"),
	};
	const struct remedy_needs needs = { .row = rows, .row_count = 3 };
	struct arena *a = arena_new(1 << 16);
	struct view *v = view_new(a);

	(void)state;
	remedies_show(v, &needs);
	assert_true(view_find(v, slice_of("has_remedies")).is_so);
	/* Whoever runs the server comes first, and what both ask for once. */
	assert_true(slice_is_equal(first_step(v), slice_of(rows[2]->change)));
	assert_int_equal(count_steps(v, rows[0]->change), 1);
	arena_free(a);
}

static void asks_nothing_of_good_senders(void **state)
{
	const struct dictionary_row *const rows[] = { row_of(
		"dnswl", "listed") };
	const struct remedy_needs needs = { .row = rows, .row_count = 1 };
	struct arena *a = arena_new(1 << 16);
	struct view *v = view_new(a);

	(void)state;
	remedies_show(v, &needs);
	assert_false(view_find(v, slice_of("has_remedies")).is_so);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("for every code somebody is told what to do", has_steps,
			NULL),
		CASE("what names a domain can be said without it, too",
			has_plain, NULL),
		CASE("what is no code has no remedy", knows_no_other, NULL),
		CASE("a step names the domain when the case has one",
			names_what_is_known, NULL),
		CASE("what several checks ask for is told once", tells_once,
			NULL),
		CASE("a heuristic finding says what to change, by who can",
			tells_what_findings_ask_for, NULL),
		CASE("whoever is vouched for has nothing to change",
			asks_nothing_of_good_senders, NULL),
	};

	return cmocka_run_group_tests_name(
		"portal/remedies", cases, NULL, NULL);
}
