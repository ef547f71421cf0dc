/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/meaning.h"

#include "policy/dictionary.h"

enum { MEANING_MAX = 1024 };

/* "helo=hit detail=not_host rule=..."; NULL: it has no sentence. */
static const struct dictionary_row *row_of(struct slice line)
{
	static const char key[] = "detail=";
	struct slice check = slice_part(line, 0, slice_find(line, '='));
	struct slice word;

	(void)slice_cut(&line, ' ', &word);
	(void)slice_cut(&line, ' ', &word);
	if (!slice_has_prefix(word, slice_of(key)))
		return NULL;
	return dictionary_find(
		check, slice_part(word, sizeof(key) - 1, word.len));
}

static void say_row(struct output *o, const struct dictionary_row *row)
{
	struct buf text;

	buf_init(&text, MEANING_MAX);
	buf_add_format(&text, "%s %s: %s", row->check, row->word, row->seen);
	if (row->change != NULL)
		buf_add_format(&text, " %s", row->change);
	output_item(o, buf_slice(&text));
	buf_clear(&text);
}

void meaning_say(struct output *o, struct slice findings)
{
	struct slice line;
	bool is_open = false;

	while (slice_cut(&findings, '\n', &line)) {
		const struct dictionary_row *row = row_of(line);

		if (row == NULL)
			continue;
		if (!is_open)
			output_open(o, "meaning", OUTPUT_LINES);
		is_open = true;
		say_row(o, row);
	}
	if (is_open)
		output_close(o);
}
