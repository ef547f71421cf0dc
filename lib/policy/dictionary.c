/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/dictionary.h"

/* One array a word: its address is constant, and a word that conf does not
 * know does not compile. */
static const struct {
#define CONF_WORD(id, name, help) char id[sizeof(name)];
#include "conf/words.def"
#undef CONF_WORD
} words = {
#define CONF_WORD(id, name, help) .id = name,
#include "conf/words.def"
#undef CONF_WORD
};

static const struct dictionary_row rows[] = {
#define ABOUT(check, title, about)
#define SEEN(check, word, who, seen, change) \
	{ check, words.word, DICTIONARY_##who, seen, change },
#include "policy/dictionary.def"
#undef SEEN
#undef ABOUT
};

static const struct dictionary_check checks[] = {
#define ABOUT(check, title, about) { check, title, about },
#define SEEN(check, word, who, seen, change)
#include "policy/dictionary.def"
#undef SEEN
#undef ABOUT
};

const struct dictionary_row *dictionary_row(size_t i)
{
	return i < sizeof(rows) / sizeof(rows[0]) ? &rows[i] : NULL;
}

const struct dictionary_check *dictionary_check(size_t i)
{
	return i < sizeof(checks) / sizeof(checks[0]) ? &checks[i] : NULL;
}

const struct dictionary_row *dictionary_find(
	struct slice check, struct slice word)
{
	const struct dictionary_row *row;

	for (size_t i = 0; (row = dictionary_row(i)) != NULL; i++)
		if (slice_is_equal(check, slice_of(row->check)) &&
			slice_is_equal(word, slice_of(row->word)))
			return row;
	return NULL;
}

const struct dictionary_check *dictionary_check_find(struct slice check)
{
	const struct dictionary_check *c;

	for (size_t i = 0; (c = dictionary_check(i)) != NULL; i++)
		if (slice_is_equal(check, slice_of(c->name)))
			return c;
	return NULL;
}
