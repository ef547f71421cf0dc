/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/htmllook.h"

#include "base/ascii.h"
#include "base/hex.h"
#include "mail/html.h"

#include <string.h>

enum {
	WHITE = 0xffffff,
	CLOSE_MAX = 24, /* sum of what red, green and blue differ */
	THOUSAND = 1000,
	NUMBER_MAX = 1000000000,
	FAR_AWAY = -500 * THOUSAND,
	TINY_PX = THOUSAND, /* px, pt */
	TINY_EM = 100, /* 0.1 em */
	TINY_PERCENT = 10 * THOUSAND
};

/* A style attribute as far as it was read. */
struct style {
	struct htmllook *look;
	bool is_flat; /* no height or no width, */
	bool is_clipped; /* and what does not fit in is not shown */
};

/* ---- values ---- */

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct slice first_word(struct slice v)
{
	size_t len = 0;

	while (len < v.len && !is_blank(v.at[len]) && v.at[len] != '!')
		len++;
	return slice_part(v, 0, len);
}

/* Digits at the front of *v, which is moved behind them: what they are worth,
 * in thousandths. */
static int64_t read_digits(struct slice *v, bool is_fraction)
{
	int64_t number = 0, worth = THOUSAND;
	size_t at = 0;

	for (; at < v->len && ascii_is_digit(v->at[at]); at++) {
		const int64_t digit = v->at[at] - '0';

		if (is_fraction) {
			worth /= 10;
			number += worth * digit;
		} else if (number < NUMBER_MAX) {
			number = number * 10 + THOUSAND * digit;
		}
	}
	*v = slice_part(*v, at, v->len);
	return number;
}

/* A number in thousandths at the front of v; the unit is what follows. */
static bool read_number(
	struct slice v, int64_t *thousandths, struct slice *unit)
{
	const bool is_negative = v.len > 0 && v.at[0] == '-';
	int64_t number;
	size_t len;

	if (is_negative || (v.len > 0 && v.at[0] == '+'))
		v = slice_part(v, 1, v.len);
	len = v.len;
	number = read_digits(&v, false);
	if (v.len > 0 && v.at[0] == '.') {
		v = slice_part(v, 1, v.len);
		number += read_digits(&v, true);
	}
	if (v.len == len)
		return false;
	*thousandths = is_negative ? -number : number;
	*unit = v;
	return true;
}

static uint32_t hex_colour(struct slice digits)
{
	uint32_t colour = 0;

	if (digits.len != 3 && digits.len != 6)
		return HTMLLOOK_UNKNOWN;
	for (size_t i = 0; i < digits.len; i++) {
		const int digit = hex_value(digits.at[i]);

		if (digit < 0)
			return HTMLLOOK_UNKNOWN;
		colour = colour << 4 | (uint32_t)digit;
		if (digits.len == 3)
			colour = colour << 4 | (uint32_t)digit;
	}
	return colour;
}

/* rgb() and rgba(), with commas or blanks. */
static uint32_t function_colour(struct slice v)
{
	uint32_t colour = 0;
	int64_t number = 0;
	unsigned count = 0;

	v = slice_part(v, slice_find(v, '('), v.len);
	while (v.len > 1 && count < 4) {
		v = slice_part(v, 1, v.len);
		if (!ascii_is_digit(v.at[0]) && v.at[0] != '.')
			continue;
		if (!read_number(v, &number, &v))
			break;
		if (count < 3)
			colour = colour << 8 |
				(uint32_t)(number > 255 * THOUSAND
						? 255
						: number / THOUSAND);
		count++;
	}
	if (count == 4 && number == 0)
		return HTMLLOOK_CLEAR;
	return count < 3 ? (uint32_t)HTMLLOOK_UNKNOWN : colour;
}

static uint32_t read_colour(struct slice v)
{
	static const struct {
		const char *name;
		uint32_t colour;
	} names[] = {
		{ "white", WHITE },
		{ "black", 0 },
		{ "transparent", HTMLLOOK_CLEAR },
		{ "snow", 0xfffafa },
		{ "ivory", 0xfffff0 },
		{ "whitesmoke", 0xf5f5f5 },
		{ "ghostwhite", 0xf8f8ff },
		{ "floralwhite", 0xfffaf0 },
		{ "red", 0xff0000 },
		{ "green", 0x008000 },
		{ "blue", 0x0000ff },
		{ "yellow", 0xffff00 },
		{ "gray", 0x808080 },
		{ "silver", 0xc0c0c0 },
		{ "navy", 0x000080 },
	};

	v = slice_trim(v);
	if (v.len > 0 && v.at[0] == '#')
		return hex_colour(first_word(slice_part(v, 1, v.len)));
	if (slice_has_prefix_nocase(v, slice_of("rgb")))
		return function_colour(v);
	v = first_word(v);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_is_equal_nocase(v, slice_of(names[i].name)))
			return names[i].colour;
	return HTMLLOOK_UNKNOWN;
}

static bool is_word(struct slice v, const char *word)
{
	return slice_is_equal_nocase(first_word(v), slice_of(word));
}

/* ---- properties ---- */

static void set_display(struct style *s, struct slice v)
{
	s->look->is_gone = s->look->is_gone || is_word(v, "none");
}

static void set_visibility(struct style *s, struct slice v)
{
	s->look->is_invisible = is_word(v, "hidden") || is_word(v, "collapse");
}

static void set_opacity(struct style *s, struct slice v)
{
	int64_t number;
	struct slice unit;

	if (read_number(v, &number, &unit) && number <= 10)
		s->look->is_gone = true;
}

static void set_size(struct style *s, struct slice v)
{
	int64_t number;
	struct slice unit;
	bool is_tiny;

	if (!read_number(v, &number, &unit)) {
		s->look->is_tiny = false; /* small, medium ... */
		return;
	}
	if (slice_has_prefix(unit, slice_of("%")))
		is_tiny = s->look->is_tiny || number <= TINY_PERCENT;
	else if (slice_has_prefix_nocase(unit, slice_of("em")))
		is_tiny = s->look->is_tiny || number <= TINY_EM;
	else if (slice_has_prefix_nocase(unit, slice_of("rem")))
		is_tiny = number <= TINY_EM;
	else
		is_tiny = number <= TINY_PX;
	s->look->is_tiny = is_tiny;
}

static bool is_weight(struct slice word)
{
	return word.len == 3 && ascii_is_digit(word.at[1]) &&
		ascii_is_digit(word.at[2]);
}

/* The size is the first of its words that begins with a digit and is no
 * weight (100 to 900). */
static void set_font(struct style *s, struct slice v)
{
	while (v.len > 0) {
		const struct slice word = first_word(v);

		if (word.len > 0 &&
			(ascii_is_digit(word.at[0]) || word.at[0] == '.') &&
			!is_weight(word)) {
			set_size(s, word);
			return;
		}
		v = slice_part(v, word.len + 1, v.len);
	}
}

static void set_colour(struct style *s, struct slice v)
{
	if (!is_word(v, "inherit"))
		s->look->color = read_colour(v);
}

static void set_background(struct style *s, struct slice v)
{
	uint32_t colour;

	v = slice_trim(v);
	if (v.len == 0 || is_word(v, "inherit"))
		return;
	colour = read_colour(v);
	/* "none" and "transparent" show the one below. */
	if (colour == HTMLLOOK_CLEAR || is_word(v, "none"))
		return;
	if (slice_find(v, '(') < v.len &&
		!slice_has_prefix_nocase(v, slice_of("rgb")))
		colour = HTMLLOOK_UNKNOWN; /* an image over it */
	s->look->background = colour;
}

static void set_extent(struct style *s, struct slice v)
{
	int64_t number;
	struct slice unit;

	if (read_number(v, &number, &unit) && number == 0)
		s->is_flat = true;
}

static void set_overflow(struct style *s, struct slice v)
{
	s->is_clipped = is_word(v, "hidden") || is_word(v, "clip");
}

static void set_place(struct style *s, struct slice v)
{
	int64_t number;
	struct slice unit;

	if (read_number(v, &number, &unit) && number <= FAR_AWAY)
		s->look->is_gone = true;
}

static const struct property {
	const char *name;
	void (*set)(struct style *s, struct slice value);
} properties[] = {
	{ "color", set_colour },
	{ "font-size", set_size },
	{ "width", set_extent },
	{ "height", set_extent },
	{ "background-color", set_background },
	{ "background", set_background },
	{ "display", set_display },
	{ "font", set_font },
	{ "max-height", set_extent },
	{ "max-width", set_extent },
	{ "overflow", set_overflow },
	{ "visibility", set_visibility },
	{ "opacity", set_opacity },
	{ "left", set_place },
	{ "top", set_place },
	{ "text-indent", set_place },
	{ "margin-left", set_place },
	{ "margin-top", set_place },
};

static void set_property(struct style *s, struct slice name, struct slice value)
{
	if (name.len == 0)
		return;
	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
		/* One letter tells most of them apart, and quickly. */
		if ((name.at[0] | 0x20) == properties[i].name[0] &&
			slice_is_equal_nocase(
				name, slice_of(properties[i].name))) {
			properties[i].set(s, value);
			return;
		}
}

static void read_style(struct htmllook *look, struct slice text)
{
	struct style style = { .look = look };
	struct slice declaration;

	while (slice_cut(&text, ';', &declaration)) {
		const size_t colon = slice_find(declaration, ':');

		set_property(&style,
			slice_trim(slice_part(declaration, 0, colon)),
			slice_trim(slice_part(
				declaration, colon + 1, declaration.len)));
	}
	if (style.is_flat && style.is_clipped)
		look->is_gone = true;
}

/* As in HTML 3.2: "#ffffff", "ffffff" or a name. */
static uint32_t old_colour(struct slice v)
{
	const uint32_t colour = hex_colour(slice_trim(v));

	return colour == HTMLLOOK_UNKNOWN ? read_colour(v) : colour;
}

/* ---- elements ---- */

void htmllook_init(struct htmllook *look)
{
	*look = (struct htmllook){
		.color = HTMLLOOK_UNKNOWN,
		.background = HTMLLOOK_PAGE,
	};
}

/* Attributes of HTML 3.2, and hidden. */
static void set_attribute(
	struct htmllook *look, struct slice name, struct slice value)
{
	/* Most are none of these. */
	if (name.len < 4 || strchr("hctb", name.at[0]) == NULL)
		return;
	if (slice_is_equal(name, slice_of("hidden")))
		look->is_gone = true;
	else if (slice_is_equal(name, slice_of("color")) ||
		slice_is_equal(name, slice_of("text")))
		look->color = old_colour(value);
	else if (slice_is_equal(name, slice_of("bgcolor")))
		look->background = old_colour(value);
	else if (slice_is_equal(name, slice_of("background")))
		look->background = HTMLLOOK_UNKNOWN;
}

void htmllook_enter(struct htmllook *look, const struct html_token *open)
{
	const bool was_gone = look->is_gone;

	/* A link has a colour of its own. */
	if (slice_is_equal(open->name, slice_of("a")))
		look->color = HTMLLOOK_UNKNOWN;
	for (size_t i = 0; i < open->attribute_count; i++)
		set_attribute(look, open->attributes[i].name,
			open->attributes[i].value);
	/* CSS goes over the old attributes, whichever comes first. */
	read_style(look, html_value(open, "style"));
	if (look->is_gone && !was_gone)
		look->is_named = html_value(open, "class").len > 0 ||
			html_value(open, "id").len > 0;
}

static unsigned differ(uint32_t a, uint32_t b, unsigned shift)
{
	const int x = (int)(a >> shift & 0xff), y = (int)(b >> shift & 0xff);

	return (unsigned)(x > y ? x - y : y - x);
}

static bool is_same_colour(uint32_t a, uint32_t b)
{
	if (a > WHITE || b > WHITE)
		return false;
	return differ(a, b, 0) + differ(a, b, 8) + differ(a, b, 16) <=
		CLOSE_MAX;
}

bool htmllook_is_hidden(const struct htmllook *look, bool has_sheet)
{
	uint32_t background = look->background;

	if (background == HTMLLOOK_PAGE && !has_sheet)
		background = WHITE;
	return look->is_gone || look->is_invisible || look->is_tiny ||
		look->color == HTMLLOOK_CLEAR ||
		is_same_colour(look->color, background);
}
