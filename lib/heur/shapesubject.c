/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/shapesubject.h"

#include "base/ascii.h"
#include "heur/headernote.h"
#include "mail/encodedword.h"

#include <string.h>

enum {
	SUBJECT_MAX = 1024,
	LETTERS_MIN = 8, /* below it capitals say nothing */
	GAP_MIN = 5, /* blanks in a row */
	TOKEN_MIN = 5
};

static struct slice skip(struct slice s, size_t count)
{
	return slice_trim(slice_part(s, count, s.len));
}

/* Without "Re:" and the like, and without the tag of a list. */
static struct slice bare(struct slice s)
{
	static const char *const marks[] = {
		"re:", "fw:", "fwd:", "aw:", "wg:", "res:", "rv:", "enc:"
	};

	for (bool is_more = true; is_more && s.len > 0;) {
		const size_t end = slice_find(s, ']');

		is_more = s.at[0] == '[' && end < s.len;
		if (is_more)
			s = skip(s, end + 1);
		for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
			if (slice_has_prefix_nocase(s, slice_of(marks[i]))) {
				s = skip(s, strlen(marks[i]));
				is_more = true;
			}
	}
	return s;
}

/* ---- capitals ---- */

static void check_capitals(struct headernote *n, struct slice s)
{
	size_t upper = 0, letters = 0;

	for (size_t i = 0; i < s.len; i++) {
		upper += ascii_is_upper(s.at[i]);
		letters += ascii_is_upper(s.at[i]) || ascii_is_lower(s.at[i]) ||
			(s.at[i] & 0x80) != 0;
	}
	if (letters >= LETTERS_MIN && upper * 5 > letters * 4)
		headernote_add(n, "subject_capitals", 1,
			"Subject is written in capitals");
}

/* ---- marks ---- */

static bool begins_with_mark(struct slice s)
{
	return s.len > 0 && s.at[0] > ' ' && !ascii_is_upper(s.at[0]) &&
		!ascii_is_lower(s.at[0]) && !ascii_is_digit(s.at[0]) &&
		strchr("_[\"'(", s.at[0]) == NULL;
}

/* "!" and "?" side by side. */
static bool has_marks_in_row(struct slice s)
{
	for (size_t i = 0; i + 1 < s.len; i++)
		if ((s.at[i] == '!' || s.at[i] == '?') &&
			(s.at[i + 1] == '!' || s.at[i + 1] == '?'))
			return true;
	return false;
}

static void check_marks(struct headernote *n, struct slice s)
{
	unsigned marks = 0;

	for (size_t i = 0; i < s.len; i++)
		marks += s.at[i] == '!';
	if (marks >= 2 || has_marks_in_row(s) || slice_find(s, '$') < s.len)
		headernote_add(n, "subject_marks", 1,
			"Subject has several \"!\" or \"?\", or a \"$\"");
	else if (begins_with_mark(s) || marks > 0)
		headernote_add(n, "subject_marks", 0.3,
			marks > 0 ? "Subject has a \"!\""
				  : "Subject begins with a mark");
}

/* ---- what stands behind it ---- */

/* Letters and digits in turn: no word of any language. */
static bool is_random(struct slice token)
{
	unsigned turns = 0;

	for (size_t i = 0; i < token.len; i++) {
		const bool is_number = ascii_is_digit(token.at[i]);

		if (!is_number && !ascii_is_upper(token.at[i]) &&
			!ascii_is_lower(token.at[i]))
			return false;
		turns += i > 0 && is_number != ascii_is_digit(token.at[i - 1]);
	}
	return token.len >= TOKEN_MIN && turns >= 3;
}

static void check_tail(struct headernote *n, struct slice s)
{
	const size_t last = slice_find_last(s, ' ');
	size_t gap = 0;

	if (last == s.len)
		return;
	while (gap < last && s.at[last - gap] == ' ')
		gap++;
	if (gap >= GAP_MIN)
		headernote_add(n, "subject_tail", 1,
			"something stands far behind the Subject, after %zu "
			"blanks",
			gap);
	else if (is_random(slice_part(s, last + 1, s.len)))
		headernote_add(n, "subject_tail", 1,
			"Subject ends in letters and digits that are no word");
}

void shapesubject_run(struct headernote *n)
{
	const struct field *f = headernote_field(n->in->message, "Subject");
	struct buf text;
	struct slice s;

	if (f == NULL || f->is_cut)
		return;
	buf_init(&text, SUBJECT_MAX);
	(void)!encodedword_decode(
		slice_part(f->value, 0, SUBJECT_MAX), &text, NULL);
	s = bare(slice_trim(buf_slice(&text)));
	check_capitals(n, s);
	check_marks(n, s);
	check_tail(n, s);
	buf_clear(&text);
}
