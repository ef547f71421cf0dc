/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/pasted.h"

#include "base/ascii.h"
#include "base/buf.h"

#include <string.h>

enum {
	SYMBOLS = CASE_REF_MAX - 1,
	TEXT_MAX = 64, /* of a reference with its dashes */
	BREAK_MAX = 24, /* octets between the halves of a broken one */
	PIECE_MIN = 12 /* octets of a reply that are no chance */
};

static bool is_word(char c)
{
	return ascii_is_digit(c) || (c >= 'a' && c <= 'z') ||
		(c >= 'A' && c <= 'Z');
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char at(struct slice text, size_t i)
{
	return i < text.len ? text.at[i] : '\0';
}

/* ---- references ---- */

/* What a mail program puts where it breaks a line: blanks, "=", "> ". */
static size_t skip_break(struct slice text, size_t i)
{
	size_t end = i;

	while (end - i < BREAK_MAX && end < text.len &&
		(is_blank(text.at[end]) || text.at[end] == '>' ||
			(text.at[end] == '=' &&
				(at(text, end + 1) == '\n' ||
					at(text, end + 1) == '\r'))))
		end++;
	return end;
}

/* Gathers as many symbols as a reference has, from i on. False: there are not
 * as many, or more. */
static bool gather(struct slice text, size_t i, bool is_broken,
	char out[TEXT_MAX], size_t *end)
{
	size_t count = 0, symbols = 0;

	while (symbols < SYMBOLS && i < text.len && count < TEXT_MAX - 1) {
		size_t next =
			is_broken && symbols > 0 ? skip_break(text, i) : i;

		if (next > i) {
			i = next;
			continue;
		}
		if (text.at[i] != '-' && !is_word(text.at[i]))
			return false;
		if (text.at[i] != '-') {
			out[count++] = text.at[i];
			symbols++;
		}
		i++;
	}
	out[count] = '\0';
	*end = i;
	return symbols == SYMBOLS && !is_word(at(text, i));
}

static void add_ref(struct pasted *out, const char *ref, bool is_first)
{
	for (size_t i = 0; i < out->ref_count; i++)
		if (strcmp(out->ref[i], ref) == 0)
			return;
	if (out->ref_count == PASTED_REFS_MAX)
		return;
	if (is_first) {
		memmove(out->ref[1], out->ref[0],
			out->ref_count * sizeof(out->ref[0]));
		memcpy(out->ref[0], ref, CASE_REF_MAX);
	} else {
		memcpy(out->ref[out->ref_count], ref, CASE_REF_MAX);
	}
	out->ref_count++;
}

static void find_refs(struct pasted *out, struct slice text, bool is_broken)
{
	char symbols[TEXT_MAX];
	char ref[CASE_REF_MAX];
	size_t end = 0;

	for (size_t i = 0; i < text.len; i++) {
		bool is_start = is_word(text.at[i]) &&
			(i == 0 ||
				(!is_word(text.at[i - 1]) &&
					text.at[i - 1] != '-'));

		if (!is_start || !gather(text, i, is_broken, symbols, &end) ||
			case_ref_parse(slice_of(symbols), ref) != RES_OK)
			continue;
		/* Behind "/r/" it is meant as one. */
		add_ref(out, ref,
			!is_broken && i >= 3 &&
				slice_is_equal(slice_part(text, i - 3, 3),
					slice_of("/r/")));
	}
	if (!is_broken)
		out->ref_whole = out->ref_count;
}

/* ---- codes ---- */

static void add_code(struct pasted *out, enum code code)
{
	for (size_t i = 0; i < out->code_count; i++)
		if (out->code[i] == code)
			return;
	if (out->code_count < CODE_COUNT)
		out->code[out->code_count++] = code;
}

/* One to three digits; the number of them. */
static size_t digits(struct slice text, size_t i)
{
	size_t n = 0;

	while (n < 4 && ascii_is_digit(at(text, i + n)))
		n++;
	return n <= 3 ? n : 0;
}

/* Does a number begin or end here, and no longer name or number? */
static bool begins(struct slice text, size_t i)
{
	return i == 0 || (!is_word(text.at[i - 1]) && text.at[i - 1] != '.');
}

static bool ends(struct slice text, size_t i)
{
	return !is_word(at(text, i)) &&
		!(at(text, i) == '.' && ascii_is_digit(at(text, i + 1)));
}

/* Length of an enhanced status code at i, 0: there is none. An IPv4 address
 * has one part more. */
static size_t xcode_at(struct slice text, size_t i)
{
	size_t second, third;

	if (!begins(text, i) || digits(text, i) != 1 ||
		strchr("245", text.at[i]) == NULL || at(text, i + 1) != '.')
		return 0;
	second = digits(text, i + 2);
	if (second == 0 || at(text, i + 2 + second) != '.')
		return 0;
	third = digits(text, i + 3 + second);
	return third > 0 && ends(text, i + 3 + second + third)
		? 3 + second + third
		: 0;
}

/* The three digits that stand before an enhanced status code; empty: none. */
static struct slice smtp_before(struct slice text, size_t i)
{
	size_t end = i;

	while (end > 0 &&
		(is_blank(text.at[end - 1]) || text.at[end - 1] == '-'))
		end--;
	if (end == i || end < 3 || digits(text, end - 3) != 3 ||
		(end > 3 && is_word(text.at[end - 4])))
		return slice_of("");
	return slice_part(text, end - 3, 3);
}

static void add_rows(struct pasted *out, struct slice xcode, struct slice smtp)
{
	for (unsigned c = CODE_NONE + 1; c < CODE_COUNT; c++) {
		const struct code_row *row = code_row((enum code)c);

		if (slice_is_equal(xcode, slice_of(row->xcode)) &&
			(smtp.len == 0 ||
				slice_is_equal(smtp, slice_of(row->smtp))))
			add_code(out, (enum code)c);
	}
}

static void find_xcodes(struct pasted *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		size_t len = xcode_at(text, i);
		struct slice xcode = slice_part(text, i, len);

		if (len == 0)
			continue;
		if (out->xcode[0] == '\0')
			memcpy(out->xcode, xcode.at, xcode.len);
		add_rows(out, xcode, smtp_before(text, i));
		i += len;
	}
}

static bool contains(struct slice text, struct slice what)
{
	for (size_t i = 0; i + what.len <= text.len; i++)
		if (slice_is_equal_nocase(slice_part(text, i, what.len), what))
			return true;
	return false;
}

/* Does every fixed piece of the reply stand in the text? */
static bool reads_like(struct slice text, const struct code_row *row)
{
	struct slice rest = slice_of(row->text);
	struct slice piece;
	size_t longest = 0;

	while (rest.len > 0) {
		size_t brace = slice_find(rest, '{');

		piece = slice_trim(slice_part(rest, 0, brace));
		rest = slice_part(rest, brace, rest.len);
		rest = slice_part(rest, slice_find(rest, '}') + 1, rest.len);
		if (!contains(text, piece))
			return false;
		longest = piece.len > longest ? piece.len : longest;
	}
	return longest >= PIECE_MIN;
}

/* A name of ours as a word. One without a "_" may be any word. */
static bool names(struct slice text, const char *name)
{
	struct slice want = slice_of(name);

	if (strchr(name, '_') == NULL)
		return false;
	for (size_t i = 0; i + want.len <= text.len; i++)
		if (slice_is_equal(slice_part(text, i, want.len), want) &&
			(i == 0 || !is_word(text.at[i - 1])) &&
			!is_word(at(text, i + want.len)) &&
			at(text, i + want.len) != '_' &&
			(i == 0 || text.at[i - 1] != '_'))
			return true;
	return false;
}

static bool find_surely(struct pasted *out, struct slice text)
{
	for (unsigned c = CODE_NONE + 1; c < CODE_COUNT; c++)
		if (names(text, code_row((enum code)c)->name))
			add_code(out, (enum code)c);
	for (unsigned c = CODE_NONE + 1; c < CODE_COUNT; c++)
		if (reads_like(text, code_row((enum code)c)))
			add_code(out, (enum code)c);
	return out->code_count > 0;
}

/* Each run of blanks and quote marks as one blank. */
static void flatten(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		size_t end = skip_break(text, i);

		if (end == i) {
			buf_add_char(out, text.at[i]);
			continue;
		}
		if (text.at[i] != '=')
			buf_add_char(out, ' ');
		i = end - 1;
	}
}

void pasted_read(struct pasted *out, struct slice text)
{
	struct buf flat;

	*out = (struct pasted){ .ref_count = 0 };
	text = slice_part(text, 0, PASTED_TEXT_MAX);
	find_refs(out, text, false);
	find_refs(out, text, true);
	buf_init(&flat, PASTED_TEXT_MAX);
	flatten(&flat, text);
	if (!find_surely(out, buf_slice(&flat)))
		find_xcodes(out, buf_slice(&flat));
	buf_clear(&flat);
}
