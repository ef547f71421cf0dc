/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/shapehtml.h"

#include "heur/bodykind.h"
#include "heur/headernote.h"
#include "mail/html.h"
#include "mail/htmltag.h"

#include <string.h>

enum {
	COLOURS_MAX = 8, /* different ones that are told apart */
	COLOURS_MANY = 5,
	SIZE_LARGE = 5, /* of 1 to 7; 3 is that of plain text */
	STEP_LARGE = 2, /* "+2" and above */
	SHOWN_FEW = 400, /* octets of text beside an image */
	SPLIT_MIN = 2,
	TAG_MAX = 16
};

/* What all HTML of a message has. */
struct page {
	unsigned parts;
	bool has_html;
	bool has_body;
	bool has_title;
	bool is_behind; /* its end tag was there */
	bool has_text_behind;
	bool has_letter; /* text that ended in a letter is just over, */
	bool has_comment; /* and so is a comment behind it */
	unsigned splits;
	unsigned images; /* that are fetched */
	size_t shown; /* octets, blanks left aside */
	bool has_large;
	bool has_red;
	struct slice colours[COLOURS_MAX]; /* of the text of the part */
	char room[COLOURS_MAX][8];
	unsigned colour_count;
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* ---- what a token says ---- */

static void read_text(struct page *p, const struct html_token *t)
{
	size_t weight;

	if (t->text.len == 0)
		return;
	if (p->has_comment && is_letter(t->text.at[0]))
		p->splits++;
	p->has_comment = false;
	p->has_letter = is_letter(t->text.at[t->text.len - 1]);
	weight = t->is_hidden ? 0 : html_weight(t->text);
	p->shown += weight;
	p->has_text_behind = p->has_text_behind || (p->is_behind && weight > 0);
}

/* What editors write where nobody wrote one. */
static bool is_title(struct slice text)
{
	static const char *const none[] = { "", "untitled", "untitled document",
		"new page 1", "no title" };

	text = slice_trim(text);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (slice_is_equal_nocase(text, slice_of(none[i])))
			return false;
	return true;
}

static bool is_large(struct slice size)
{
	bool is_step;

	size = slice_trim(size);
	is_step = size.len > 1 && size.at[0] == '+';
	if (is_step)
		size = slice_part(size, 1, size.len);
	return size.len > 0 && size.at[0] <= '9' &&
		size.at[0] >=
		'0' + (is_step ? (int)STEP_LARGE : (int)SIZE_LARGE) &&
		(size.len == 1 || size.at[1] < '0' || size.at[1] > '9');
}

static void add_colour(struct page *p, struct slice colour)
{
	if (colour.len > 0 && colour.at[0] == '#')
		colour = slice_part(colour, 1, colour.len);
	colour = slice_part(colour, 0, sizeof(p->room[0]));
	if (colour.len == 0)
		return;
	p->has_red = p->has_red ||
		slice_is_equal_nocase(colour, slice_of("red")) ||
		slice_is_equal_nocase(colour, slice_of("ff0000"));
	for (unsigned i = 0; i < p->colour_count; i++)
		if (slice_is_equal_nocase(colour, p->colours[i]))
			return;
	if (p->colour_count == COLOURS_MAX)
		return;
	memcpy(p->room[p->colour_count], colour.at, colour.len);
	p->colours[p->colour_count] =
		slice_make(p->room[p->colour_count], colour.len);
	p->colour_count++;
}

static void read_open(struct page *p, const struct html_token *t)
{
	if (slice_is_equal(t->name, slice_of("font"))) {
		p->has_large = p->has_large || is_large(html_value(t, "size"));
		add_colour(p, slice_trim(html_value(t, "color")));
	} else if (slice_is_equal(t->name, slice_of("img"))) {
		p->images += slice_has_prefix_nocase(
			slice_trim(html_value(t, "src")), slice_of("http"));
	} else if (slice_is_equal(t->name, slice_of("html"))) {
		p->has_html = true;
	} else if (slice_is_equal(t->name, slice_of("body"))) {
		p->has_body = true;
	}
}

static bool take_token(void *ctx, const struct html_token *t)
{
	struct page *p = ctx;

	switch (t->kind) {
	case HTML_TEXT:
		read_text(p, t);
		return true;
	case HTML_COMMENT:
		p->has_comment = p->has_letter;
		return true;
	case HTML_TITLE:
		p->has_title = p->has_title || is_title(t->text);
		break;
	case HTML_OPEN:
		read_open(p, t);
		break;
	case HTML_CLOSE:
		p->is_behind = p->is_behind ||
			slice_is_equal(t->name, slice_of("html"));
		break;
	}
	p->has_letter = p->has_comment = false;
	return true;
}

/* ---- words ---- */

static bool is_read(const struct body_part *part, const char *type)
{
	return !part->is_attachment && !part->is_multipart &&
		slice_is_equal(part->type, slice_of(type));
}

static bool has_text_part(const struct body_facts *body)
{
	for (size_t i = 0; i < body->part_count; i++)
		if (is_read(&body->parts[i], "text/plain") &&
			html_weight(body->parts[i].content) > 0)
			return true;
	return false;
}

/* A "<", and the name of a tag. */
static bool begins_with_tag(struct slice text)
{
	char name[TAG_MAX];
	size_t len = 0;

	text = slice_trim(text);
	if (text.len == 0 || text.at[0] != '<')
		return false;
	text = slice_part(text, 1, text.len);
	while (len < text.len && len < sizeof(name) &&
		is_letter(text.at[len])) {
		name[len] = (char)(text.at[len] | 0x20);
		len++;
	}
	return len < text.len &&
		(text.at[len] == '>' || is_blank(text.at[len])) &&
		htmltag_find(slice_make(name, len)) != NULL;
}

/* HTML that is called text/plain: its reader sees the tags. */
static void check_type(struct headernote *n)
{
	const struct body_facts *body = n->in->body;

	for (size_t i = 0; i < body->part_count; i++) {
		const struct body_part *part = &body->parts[i];

		if (is_read(part, "text/plain") &&
			(bodykind_of(part->content) == BODY_HTML ||
				begins_with_tag(part->content))) {
			headernote_add(n, "markup_as_text", 1,
				"a part says text/plain and is HTML");
			return;
		}
	}
}

/* A document has html, body and title; lists put text behind its end, and a
 * part beside a text part is often the piece of an editor. */
static void check_whole(
	struct headernote *n, const struct page *p, bool is_alone)
{
	if (p->has_text_behind)
		headernote_add(n, "broken_html", 1,
			"text stands behind the end of the HTML document");
	else if (is_alone && (!p->has_html || !p->has_body || !p->has_title))
		headernote_add(n, "broken_html", 1,
			"the HTML is no whole document: it has no %s",
			!p->has_html	       ? "html element"
				: !p->has_body ? "body element"
					       : "title");
}

static void check_loud(struct headernote *n, const struct page *p)
{
	const bool is_colourful =
		p->has_red || p->colour_count >= (unsigned)COLOURS_MANY;

	if (p->has_large || is_colourful)
		headernote_add(n, "loud_html",
			p->has_large && is_colourful ? 1 : 0.5,
			"font elements with %s%s%s",
			p->has_large ? "very large letters" : "",
			p->has_large && is_colourful ? " and " : "",
			!is_colourful	     ? ""
				: p->has_red ? "red letters"
					     : "many colours");
}

void shapehtml_run(struct headernote *n)
{
	const struct body_facts *body = n->in->body;
	struct page p = { .parts = 0 };
	bool is_alone;

	check_type(n);
	for (size_t i = 0; i < body->part_count; i++) {
		if (!is_read(&body->parts[i], "text/html"))
			continue;
		p.parts++;
		p.is_behind = p.has_letter = p.has_comment = false;
		(void)!html_walk(body->parts[i].content, take_token, &p);
	}
	if (p.parts == 0)
		return;
	is_alone = !has_text_part(body);
	if (is_alone)
		headernote_add(
			n, "html_only", 1, "an HTML part, and no text part");
	check_whole(n, &p, is_alone && !body->is_cut);
	check_loud(n, &p);
	if (is_alone && p.images > 0 && p.shown < SHOWN_FEW && !body->is_cut)
		headernote_add(n, "image_only", 1,
			"images from elsewhere, and hardly any text");
	if (p.splits >= SPLIT_MIN)
		headernote_add(n, "split_words", 1,
			"comments stand within words, %u times", p.splits);
}
