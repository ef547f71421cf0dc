/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/dictionary.h"

#include "conf/conf.h"
#include "support/case.h"

#include <string.h>

/* Those of codes.def have their words there. */
static bool is_of_codes(const char *check)
{
	static const char *const names[] = { "blocked", "allowed", "iprev",
		"spf", "spf-helo", "dkim", "arc", "dmarc", "dmarc-modes",
		"from" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(check, names[i]) == 0)
			return true;
	return false;
}

static const struct built_in {
	const char *check;
	const char *word;
	double score;
	enum conf_action action;
} built_in[] = {
#define CONF_CHECK(name, action, score)
#define CONF_RESULT(name, id, action, score) \
	{ name, #id, score, CONF_ACTION_##action },
#include "conf/checks.def"
#undef CONF_CHECK
#undef CONF_RESULT
};
enum { BUILT_IN = sizeof(built_in) / sizeof(built_in[0]) };

static const char *const all_checks[] = {
#define CONF_CHECK(name, action, score) name,
#define CONF_RESULT(name, id, action, score)
#include "conf/checks.def"
#undef CONF_CHECK
#undef CONF_RESULT
};

/* The id of a word of conf, as checks.def writes it. */
static const char *word_of(const char *id)
{
	static const struct {
		const char *id;
		const char *name;
	} table[] = {
#define CONF_WORD(id, name, help) { #id, name },
#include "conf/words.def"
#undef CONF_WORD
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].id, id) == 0)
			return table[i].name;
	return "";
}

static void every_word_has_its_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < BUILT_IN; i++) {
		const struct built_in *b = &built_in[i];

		if (is_of_codes(b->check))
			continue;
		if (dictionary_find(slice_of(b->check),
			    slice_of(word_of(b->word))) == NULL)
			fail_msg("dictionary.def has no row for %s %s",
				b->check, b->word);
	}
}

static void every_check_says_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(all_checks) / sizeof(all_checks[0]); i++)
		if (!is_of_codes(all_checks[i]) &&
			dictionary_check_find(slice_of(all_checks[i])) == NULL)
			fail_msg("dictionary.def does not say what %s is",
				all_checks[i]);
}

static const struct built_in *find_built_in(const struct dictionary_row *row)
{
	for (size_t i = 0; i < BUILT_IN; i++)
		if (strcmp(built_in[i].check, row->check) == 0 &&
			strcmp(word_of(built_in[i].word), row->word) == 0)
			return &built_in[i];
	return NULL;
}

static void no_row_is_of_no_word(void **state)
{
	const struct dictionary_row *row;

	(void)state;
	for (size_t i = 0; (row = dictionary_row(i)) != NULL; i++) {
		if (find_built_in(row) == NULL)
			fail_msg("check %s has no word %s", row->check,
				row->word);
		if (dictionary_find(
			    slice_of(row->check), slice_of(row->word)) != row)
			fail_msg("%s %s stands there twice", row->check,
				row->word);
	}
}

static void what_is_held_against_somebody_can_be_changed(void **state)
{
	const struct dictionary_row *row;

	(void)state;
	for (size_t i = 0; (row = dictionary_row(i)) != NULL; i++) {
		const struct built_in *b = find_built_in(row);

		assert_non_null(b);
		if (row->change == NULL &&
			!(b->action == CONF_ACTION_SCORE && b->score < 0))
			fail_msg("%s %s does not say what to change",
				row->check, row->word);
	}
}

static void is_a_sentence(const char *text, const char *check, const char *word)
{
	size_t len = strlen(text);

	if (len == 0 || text[len - 1] != '.' || text[0] < 'A' || text[0] > 'Z')
		fail_msg("%s %s: no sentence: %s", check, word, text);
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~' || text[i] == '{' ||
			text[i] == '<')
			fail_msg("%s %s: no plain text: %s", check, word, text);
}

static void all_are_plain_sentences(void **state)
{
	const struct dictionary_row *row;
	const struct dictionary_check *check;

	(void)state;
	for (size_t i = 0; (row = dictionary_row(i)) != NULL; i++) {
		is_a_sentence(row->seen, row->check, row->word);
		if (row->change != NULL)
			is_a_sentence(row->change, row->check, row->word);
	}
	for (size_t i = 0; (check = dictionary_check(i)) != NULL; i++)
		is_a_sentence(check->about, check->name, "");
}

static void other_words_have_no_row(void **state)
{
	(void)state;
	assert_null(dictionary_find(slice_of("helo"), slice_of("")));
	assert_null(dictionary_find(slice_of("helo"), slice_of("spam")));
	assert_null(dictionary_find(slice_of("spf"), slice_of("fail")));
	assert_null(dictionary_check_find(slice_of("spf")));
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("every word of a heuristic check is told in a sentence",
			every_word_has_its_row, NULL),
		CASE("every heuristic check says what it looks at",
			every_check_says_what_it_is, NULL),
		CASE("no sentence is of a word that no check comes to",
			no_row_is_of_no_word, NULL),
		CASE("whoever has something held against him is told what to "
		     "change",
			what_is_held_against_somebody_can_be_changed, NULL),
		CASE("all are plain sentences", all_are_plain_sentences, NULL),
		CASE("other words have no row", other_words_have_no_row, NULL),
	};

	return cmocka_run_group_tests_name(
		"policy/dictionary", cases, NULL, NULL);
}
