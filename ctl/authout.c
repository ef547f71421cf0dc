/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/authout.h"

void authout_lines(struct output *o, const char *key, struct slice text)
{
	struct slice line;

	if (slice_is_empty(text))
		return;
	output_open(o, key, OUTPUT_LINES);
	while (slice_cut(&text, '\n', &line))
		if (!slice_is_empty(line))
			output_item(o, line);
	output_close(o);
}

static bool has_any(const struct slice field[CASEAUTH_COUNT])
{
	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		if (!slice_is_empty(field[i]))
			return true;
	return false;
}

void authout_say(struct output *o, const struct slice field[CASEAUTH_COUNT])
{
	if (!has_any(field))
		return;
	output_open(o, "authentication", OUTPUT_BLOCK);
	for (size_t i = 0; i < CASEAUTH_COUNT; i++) {
		if (caseauth_fields[i].is_lines)
			authout_lines(o, caseauth_fields[i].name, field[i]);
		else
			output_text(o, caseauth_fields[i].name, field[i]);
	}
	output_close(o);
}
