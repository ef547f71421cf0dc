/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/lookalike.h"

#include "net/hostname.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uidna.h>
#include <unicode/uspoof.h>

enum {
	FORM_MAX = 512, /* octets of a form; a longer one is like nothing */
	WORD_MAX = 128, /* octets of a word of a text */
	WORDS_MAX = 32,
	SHORT = 4, /* a shorter label is like too many others */
	LONG = 6 /* from here on one letter is little */
};

/* What is compared of a label. "": there is no such form. */
struct forms {
	char plain[FORM_MAX]; /* UTF-8, ASCII folded */
	char skeleton[FORM_MAX];
	char letters[FORM_MAX]; /* the skeleton with letters for digits */
	char bare[FORM_MAX]; /* plain without hyphens */
	bool is_ascii;
};

/* One protected name: the organisation's, and its label. */
struct guarded {
	char name[HOSTNAME_MAX];
	struct slice end; /* of name: what stands behind the label */
	struct forms label;
};

struct lookalike {
	USpoofChecker *spoof;
	UIDNA *idna;
	size_t count;
	struct guarded item[];
};

/* ---- names ---- */

/* A second level below which organisations of a country register. */
static bool is_second_level(struct slice label)
{
	static const char *const known[] = { "co", "com", "org", "net", "ac",
		"gov", "gob", "edu", "or", "ne", "go", "nom" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_is_equal(label, slice_of(known[i])))
			return true;
	return false;
}

/* The last labels of a name, from the dot before *at on; *at moves to it. */
static bool step_back(struct slice name, size_t *at)
{
	size_t dot = slice_find_last(slice_part(name, 0, *at), '.');

	if (dot == *at)
		return false;
	*at = dot;
	return true;
}

/* False: it has no label that somebody registered. */
static bool split(struct slice name, struct slice *label, struct slice *end)
{
	size_t tld = name.len, from, to;

	if (!step_back(name, &tld))
		return false;
	to = tld;
	from = to;
	if (!step_back(name, &from)) {
		*label = slice_part(name, 0, to);
		*end = slice_part(name, to + 1, name.len);
		return true;
	}
	if (name.len - tld == 3 &&
		is_second_level(slice_part(name, from + 1, to - from - 1))) {
		to = from;
		if (!step_back(name, &from)) {
			*label = slice_part(name, 0, to);
			*end = slice_part(name, to + 1, name.len);
			return true;
		}
	}
	*label = slice_part(name, from + 1, to - from - 1);
	*end = slice_part(name, to + 1, name.len);
	return true;
}

struct slice lookalike_label(struct slice domain)
{
	struct slice label, end;

	return split(domain, &label, &end) ? label : slice_of("");
}

const char *lookalike_kind_text(enum lookalike_kind k)
{
	switch (k) {
	case LOOKALIKE_NO:
		return "is not like";
	case LOOKALIKE_SELF:
		return "is";
	case LOOKALIKE_CONFUSABLE:
		return "looks the same as";
	case LOOKALIKE_DIGITS:
		return "has digits in place of letters of";
	case LOOKALIKE_FRONT:
		return "begins with";
	case LOOKALIKE_TYPO:
		return "is one letter away from";
	case LOOKALIKE_HYPHEN:
		return "differs by hyphens only from";
	case LOOKALIKE_ENDING:
		return "has another top level than";
	}
	return "";
}

/* ---- forms ---- */

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void fold_all(char *text)
{
	for (; *text != '\0'; text++)
		*text = fold(*text);
}

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text > 0x7f)
			return false;
	return true;
}

static void skeleton_once(
	const struct lookalike *l, const char *text, char *out)
{
	UErrorCode status = U_ZERO_ERROR;
	int32_t len = uspoof_getSkeletonUTF8(
		l->spoof, 0, text, -1, out, FORM_MAX, &status);

	if (U_FAILURE(status) || len >= FORM_MAX || len < 0)
		len = 0;
	out[len] = '\0';
}

/* Capitals are alike to other letters than small ones are ("I" and "l"), so
 * once as it came and once more folded. */
static void skeleton(const struct lookalike *l, const char *text, char *out)
{
	char first[FORM_MAX];

	skeleton_once(l, text, first);
	fold_all(first);
	skeleton_once(l, first, out);
	fold_all(out);
}

static void read_digits(const char *from, char *to)
{
	static const char digits[] = "0134578i9";
	static const char letters[] = "oleastblg";

	for (; *from != '\0'; from++) {
		const char *found = strchr(digits, *from);

		*to++ = found != NULL ? letters[found - digits] : *from;
	}
	*to = '\0';
}

static void drop_hyphens(const char *from, char *to)
{
	for (; *from != '\0'; from++)
		if (*from != '-')
			*to++ = *from;
	*to = '\0';
}

/* text: with a NUL, UTF-8, shorter than FORM_MAX. */
static void make_forms(
	const struct lookalike *l, const char *text, struct forms *out)
{
	out->is_ascii = is_ascii(text);
	memcpy(out->plain, text, strlen(text) + 1);
	fold_all(out->plain);
	skeleton(l, text, out->skeleton);
	read_digits(out->skeleton, out->letters);
	drop_hyphens(out->plain, out->bare);
}

/* Of a label with A-labels undone. */
static void make_label(
	const struct lookalike *l, struct slice label, struct forms *out)
{
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UErrorCode status = U_ZERO_ERROR;
	char text[FORM_MAX];
	int32_t len = uidna_labelToUnicodeUTF8(l->idna, label.at,
		(int32_t)label.len, text, FORM_MAX - 1, &info, &status);

	if (U_FAILURE(status) || len < 0 || len >= FORM_MAX)
		len = 0;
	text[len] = '\0';
	make_forms(l, text, out);
}

/* ---- the set ---- */

static bool add(struct lookalike *l, const char *text)
{
	struct guarded *g = &l->item[l->count];
	struct slice label;
	size_t len;

	if (hostname_parse(slice_of(text), g->name, &len) != RES_OK ||
		!split(slice_make(g->name, len), &label, &g->end))
		return false;
	/* The organisation's name is what all below it belongs to. */
	memmove(g->name, label.at, strlen(label.at) + 1);
	len = strlen(g->name);
	g->end = slice_part(slice_make(g->name, len), label.len + 1, len);
	make_label(l, slice_make(g->name, label.len), &g->label);
	return true;
}

enum result lookalike_open(
	const char *const *names, size_t count, struct lookalike **out)
{
	struct lookalike *l =
		calloc(1, sizeof(*l) + count * sizeof(l->item[0]));
	UErrorCode status = U_ZERO_ERROR;

	*out = NULL;
	if (l == NULL)
		return RES_NOMEM;
	l->spoof = uspoof_open(&status);
	if (U_SUCCESS(status))
		l->idna = uidna_openUTS46(
			UIDNA_NONTRANSITIONAL_TO_UNICODE, &status);
	if (U_FAILURE(status)) {
		lookalike_close(l);
		return status == U_MEMORY_ALLOCATION_ERROR ? RES_NOMEM
							   : RES_DOWN;
	}
	for (size_t i = 0; i < count; i++)
		l->count += add(l, names[i]);
	*out = l;
	return RES_OK;
}

void lookalike_close(struct lookalike *l)
{
	if (l == NULL)
		return;
	if (l->spoof != NULL)
		uspoof_close(l->spoof);
	if (l->idna != NULL)
		uidna_close(l->idna);
	free(l);
}

/* ---- comparing ---- */

static bool is_one_swap(const char *a, const char *b)
{
	return a[0] == b[1] && a[1] == b[0] && strcmp(a + 2, b + 2) == 0;
}

/* A number in another name of the same series is no slip. */
static bool is_letter_changed(char a, char b)
{
	return !(a >= '0' && a <= '9') || !(b >= '0' && b <= '9');
}

/* One octet more, less or other, or two neighbours swapped. */
static bool is_one_away(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b), i = 0;

	while (a[i] != '\0' && a[i] == b[i])
		i++;
	if (a_len == b_len)
		return a[i] != '\0' &&
			((is_letter_changed(a[i], b[i]) &&
				 strcmp(a + i + 1, b + i + 1) == 0) ||
				(a[i + 1] != '\0' &&
					is_one_swap(a + i, b + i)));
	if (a_len == b_len + 1)
		return is_letter_changed(a[i], '0') &&
			strcmp(a + i + 1, b + i) == 0;
	return b_len == a_len + 1 && is_letter_changed(b[i], '0') &&
		strcmp(a + i, b + i + 1) == 0;
}

static bool is_same(const char *a, const char *b)
{
	return a[0] != '\0' && strcmp(a, b) == 0;
}

/* Of labels that are not the same. */
static enum lookalike_kind compare_looks(
	const struct forms *a, const struct forms *g)
{
	size_t len = strlen(g->plain);

	if (len >= SHORT && is_same(a->skeleton, g->skeleton))
		return LOOKALIKE_CONFUSABLE;
	if (len >= LONG && is_same(a->letters, g->letters))
		return a->is_ascii ? LOOKALIKE_DIGITS : LOOKALIKE_CONFUSABLE;
	return LOOKALIKE_NO;
}

static enum lookalike_kind compare_labels(
	const struct forms *a, const struct forms *g, bool has_same_end)
{
	size_t len = strlen(g->plain);
	enum lookalike_kind looks;

	if (is_same(a->plain, g->plain))
		return len >= LONG && !has_same_end ? LOOKALIKE_ENDING
						    : LOOKALIKE_NO;
	looks = compare_looks(a, g);
	if (looks != LOOKALIKE_NO || !has_same_end || len < LONG)
		return looks;
	if (is_same(a->bare, g->bare))
		return LOOKALIKE_HYPHEN;
	if (a->is_ascii && g->is_ascii && is_one_away(a->plain, g->plain))
		return LOOKALIKE_TYPO;
	return LOOKALIKE_NO;
}

/* Does name hold the other one as labels, but not at its end? */
static bool stands_in_front(struct slice name, struct slice other)
{
	for (size_t at = 0; at + other.len < name.len; at++) {
		if (at > 0 && name.at[at - 1] != '.')
			continue;
		if (name.at[at + other.len] == '.' &&
			memcmp(name.at + at, other.at, other.len) == 0)
			return true;
	}
	return false;
}

static bool is_self(const struct lookalike *l, struct slice domain)
{
	for (size_t i = 0; i < l->count; i++)
		if (hostname_is_within(domain, slice_of(l->item[i].name)))
			return true;
	return false;
}

struct lookalike_match lookalike_domain(
	const struct lookalike *l, struct slice domain)
{
	struct lookalike_match best = { LOOKALIKE_NO, { "", 0 } };
	struct forms forms;
	struct slice label, end;

	if (l->count == 0 || domain.len >= HOSTNAME_MAX ||
		!split(domain, &label, &end))
		return best;
	if (is_self(l, domain)) {
		best.kind = LOOKALIKE_SELF;
		return best;
	}
	make_label(l, label, &forms);
	for (size_t i = 0; i < l->count; i++) {
		const struct guarded *g = &l->item[i];
		struct slice name = slice_of(g->name);
		enum lookalike_kind kind = compare_labels(
			&forms, &g->label, slice_is_equal(end, g->end));

		if (kind == LOOKALIKE_NO && stands_in_front(domain, name) &&
			!is_same(forms.plain, g->label.plain))
			kind = LOOKALIKE_FRONT;
		if (kind == LOOKALIKE_NO ||
			(best.kind != LOOKALIKE_NO && kind >= best.kind))
			continue;
		best = (struct lookalike_match){ kind, name };
	}
	return best;
}

/* ---- texts ---- */

/* Octets of a character that is not seen, at the front of s; 0: none. */
static size_t unseen(struct slice s)
{
	static const char *const known[] = { "\xc2\xad", "\xe2\x80\x8b",
		"\xe2\x80\x8c", "\xe2\x80\x8d", "\xe2\x80\x8e", "\xe2\x80\x8f",
		"\xe2\x81\xa0", "\xef\xbb\xbf" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_has_prefix(s, slice_of(known[i])))
			return strlen(known[i]);
	return 0;
}

static bool is_word(char c)
{
	return (unsigned char)c > 0x7f || c == '.' || c == '-' ||
		(c >= '0' && c <= '9') || (fold(c) >= 'a' && fold(c) <= 'z');
}

/* The next word of *rest without what is not seen; "": a word too long. */
static bool next_word(struct slice *rest, char out[WORD_MAX])
{
	size_t len = 0, at = 0;

	while (at < rest->len && !is_word(rest->at[at]))
		at++;
	if (at == rest->len)
		return false;
	while (at < rest->len && is_word(rest->at[at])) {
		size_t skip = unseen(slice_part(*rest, at, rest->len));

		if (skip == 0 && len < WORD_MAX)
			out[len++] = rest->at[at];
		at += skip == 0 ? 1 : skip;
	}
	*rest = slice_part(*rest, at, rest->len);
	if (len == WORD_MAX)
		len = 0;
	while (len > 0 && out[len - 1] == '.')
		len--;
	out[len] = '\0';
	return true;
}

/* A word as a label, and what stands behind its last dot. */
struct word {
	struct forms forms;
	struct slice end; /* "": it has no dot */
	bool has_digit;
};

static void read_word(const struct lookalike *l, char *text, struct word *out)
{
	char *dot = strrchr(text, '.');

	out->end = slice_of(dot == NULL ? "" : dot + 1);
	out->has_digit = strpbrk(text, "0123456789") != NULL;
	if (dot != NULL)
		*dot = '\0';
	make_forms(l, text, &out->forms);
}

static enum lookalike_kind compare_word(
	const struct word *w, const struct guarded *g)
{
	enum lookalike_kind kind;

	if (!slice_is_empty(w->end) && !slice_is_equal_nocase(w->end, g->end))
		return LOOKALIKE_NO;
	if (is_same(w->forms.plain, g->label.plain))
		return LOOKALIKE_NO;
	kind = compare_looks(&w->forms, &g->label);
	/* "i" for "l" is for names, where nobody writes what he likes. */
	return kind == LOOKALIKE_DIGITS && !w->has_digit ? LOOKALIKE_NO : kind;
}

struct lookalike_match lookalike_text(
	const struct lookalike *l, struct slice text)
{
	struct lookalike_match none = { LOOKALIKE_NO, { "", 0 } };
	struct slice rest = text;
	char text_of[WORD_MAX];
	struct word w;

	for (size_t n = 0;
		l->count > 0 && n < WORDS_MAX && next_word(&rest, text_of);
		n++) {
		if (strlen(text_of) < SHORT)
			continue;
		read_word(l, text_of, &w);
		for (size_t i = 0; i < l->count; i++) {
			enum lookalike_kind kind =
				compare_word(&w, &l->item[i]);

			if (kind != LOOKALIKE_NO)
				return (struct lookalike_match){ kind,
					slice_of(l->item[i].name) };
		}
	}
	return none;
}
