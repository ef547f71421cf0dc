/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/language.h"

enum { ACCEPT_MAX = 512, Q_MAX = 1000, TAG_MAX = 35 };

/* A q-value in thousandths; NONE: the visitor did not speak of it. */
enum { Q_NONE = -1 };

static const struct {
	const char *tag;
	const char *name;
	const char *primary;
} languages[LANGUAGE_COUNT] = {
	[LANGUAGE_EN] = { "en", "English", "en" },
	[LANGUAGE_ES] = { "es", "Espa\xc3\xb1ol", "es" },
	[LANGUAGE_PT_BR] = { "pt-BR", "Portugu\xc3\xaas", "pt" },
};

const char *language_tag(enum language l)
{
	return languages[l].tag;
}

const char *language_name(enum language l)
{
	return languages[l].name;
}

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9');
}

/* RFC 5646 s2.1: subtags of one to eight letters and digits. */
static bool is_tag(struct slice tag)
{
	size_t len = 0;

	if (tag.len > TAG_MAX)
		return false;
	for (size_t i = 0; i < tag.len; i++) {
		const bool is_mark = tag.at[i] == '-' || tag.at[i] == '_';

		if (is_mark ? len == 0 : !is_alphanumeric(tag.at[i]))
			return false;
		len = is_mark ? 0 : len + 1;
		if (len > 8)
			return false;
	}
	return len > 0;
}

static struct slice primary_of(struct slice tag)
{
	size_t len = 0;

	while (len < tag.len && is_alphanumeric(tag.at[len]))
		len++;
	return slice_part(tag, 0, len);
}

bool language_parse(struct slice tag, enum language *out)
{
	if (!is_tag(tag))
		return false;
	for (size_t i = 0; i < LANGUAGE_COUNT; i++) {
		if (slice_is_equal_nocase(
			    primary_of(tag), slice_of(languages[i].primary))) {
			*out = (enum language)i;
			return true;
		}
	}
	return false;
}

/* RFC 9110 s12.4.2: "0" or "1", and up to three digits behind a point; of 1
 * they are 0. */
static bool read_q(struct slice text, int *q)
{
	int value = 0;
	int unit = Q_MAX / 10;

	if (text.len == 0 || text.len > 5 || text.at[0] < '0' ||
		text.at[0] > '1' || (text.len > 1 && text.at[1] != '.'))
		return false;
	value = text.at[0] == '1' ? Q_MAX : 0;
	for (size_t i = 2; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		value += unit * (text.at[i] - '0');
		unit /= 10;
	}
	if (value > Q_MAX)
		return false;
	*q = value;
	return true;
}

/* One element, "range [;q=value]". False: not of the grammar. */
static bool read_element(struct slice element, struct slice *range, int *q)
{
	const size_t mark = slice_find(element, ';');
	const struct slice weight =
		slice_trim(slice_part(element, mark + 1, element.len));

	*range = slice_trim(slice_part(element, 0, mark));
	*q = Q_MAX;
	if (!slice_is_equal(*range, slice_of("*")) && !is_tag(*range))
		return false;
	if (mark == element.len)
		return true;
	return slice_has_prefix_nocase(weight, slice_of("q=")) &&
		read_q(slice_part(weight, 2, weight.len), q);
}

/* What the visitor says of one of our languages. */
struct wish {
	int q;
	size_t place; /* of the element that says it */
	bool is_never;
};

/* A browser lists "es-MX, es;q=0.8": the greater of both is what es is worth.
 * But "pt-BR;q=0" beside "pt" means any but that one. */
static void note(struct wish *w, int q, size_t place, bool is_exact)
{
	if (is_exact && q == 0)
		w->is_never = true;
	if (q > w->q) {
		w->q = q;
		w->place = place;
	}
	if (w->is_never)
		w->q = 0;
}

static void note_range(struct wish wishes[LANGUAGE_COUNT], struct slice range,
	int q, size_t place)
{
	enum language l = LANGUAGE_EN;

	if (language_parse(range, &l))
		note(&wishes[l], q, place,
			slice_is_equal_nocase(
				range, slice_of(languages[l].tag)));
}

static void read_accept(struct wish wishes[LANGUAGE_COUNT], struct slice accept)
{
	struct slice rest = accept;
	struct slice element = { 0 };
	struct slice range = { 0 };
	struct wish any = { .q = Q_NONE };
	int q = 0;

	for (size_t place = 0; slice_cut(&rest, ',', &element); place++) {
		if (!read_element(element, &range, &q))
			continue;
		if (slice_is_equal(range, slice_of("*")))
			note(&any, q, place, false);
		else
			note_range(wishes, range, q, place);
	}
	for (size_t i = 0; i < LANGUAGE_COUNT; i++)
		if (wishes[i].q == Q_NONE)
			wishes[i] = any;
}

/* Of two that are worth the same, what was named first; "*" names the
 * fallback first. */
static bool is_better(const struct wish *a, const struct wish *b)
{
	return a->q > b->q || (a->q == b->q && a->place < b->place);
}

static enum language best_of(
	const struct wish wishes[LANGUAGE_COUNT], enum language fallback)
{
	enum language best = fallback;

	for (size_t i = 0; i < LANGUAGE_COUNT; i++)
		if (is_better(&wishes[i], &wishes[best]))
			best = (enum language)i;
	if (wishes[best].q > 0 || wishes[fallback].q == Q_NONE)
		return wishes[best].q > 0 ? best : fallback;
	/* The fallback is what is never wanted: any other, if there is one. */
	for (size_t i = 0; i < LANGUAGE_COUNT; i++)
		if (wishes[i].q == Q_NONE)
			return (enum language)i;
	return fallback;
}

enum language language_choose(
	struct slice wanted, struct slice accept, enum language fallback)
{
	struct wish wishes[LANGUAGE_COUNT];
	enum language l = LANGUAGE_EN;

	if (language_parse(wanted, &l))
		return l;
	/* A half element would say something else than the whole. */
	if (accept.len > ACCEPT_MAX) {
		accept = slice_part(accept, 0, ACCEPT_MAX);
		accept = slice_part(accept, 0, slice_find_last(accept, ','));
	}
	for (size_t i = 0; i < LANGUAGE_COUNT; i++)
		wishes[i] = (struct wish){ .q = Q_NONE };
	read_accept(wishes, accept);
	return best_of(wishes, fallback);
}
