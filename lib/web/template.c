/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/template.h"

#include "base/utf8.h"
#include "web/catalog.h"
#include "web/html.h"
#include "web/templateread.h"
#include "web/view.h"

#include <stdlib.h>
#include <string.h>

enum {
	INCLUDES_MAX = 8,
	FRAMES_MAX = INCLUDES_MAX + 1,
	SECTIONS_MAX = FRAMES_MAX * NODE_DEPTH_MAX
};

struct template
{
	char *name;
	char *text; /* nodes point into it */
	struct nodes nodes;
	enum template_kind kind;
};

struct templates {
	struct template *template;
	size_t count;
	size_t size;
};

/* A template that is being printed. */
struct frame {
	const struct template *template;
	size_t at; /* the next node */
};

struct section {
	const struct view *outer;
	const struct view *item; /* NULL: it is no list */
};

struct printing {
	const struct templates *set;
	const struct catalog *catalog;
	enum template_kind kind;
	const struct view *view;
	struct frame frame[FRAMES_MAX];
	size_t frames;
	struct section section[SECTIONS_MAX];
	size_t sections;
	struct buf *out;
};

/* ---- the set ---- */

struct templates *templates_new(void)
{
	return calloc(1, sizeof(struct templates));
}

static void clear_template(struct template *t)
{
	templateread_clear(&t->nodes);
	free(t->name);
	free(t->text);
}

void templates_free(struct templates *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count; i++)
		clear_template(&t->template[i]);
	free(t->template);
	free(t);
}

static struct template *find(const struct templates *t, struct slice name)
{
	for (size_t i = 0; i < t->count; i++)
		if (slice_is_equal(slice_of(t->template[i].name), name))
			return &t->template[i];
	return NULL;
}

bool templates_has(const struct templates *t, struct slice name)
{
	return find(t, name) != NULL;
}

static char *copy_of(struct slice s)
{
	char *copy = malloc(s.len + 1);

	if (copy == NULL)
		return NULL;
	if (s.len > 0)
		memcpy(copy, s.at, s.len);
	copy[s.len] = '\0';
	return copy;
}

/* made is given. */
static enum result keep(struct templates *t, struct template *made)
{
	struct template *old = find(t, slice_of(made->name));

	if (old != NULL) {
		clear_template(old);
		*old = *made;
		return RES_OK;
	}
	if (t->count == t->size) {
		const size_t size = t->size * 2 + 16;
		struct template *grown =
			realloc(t->template, size * sizeof(*grown));

		if (grown == NULL) {
			clear_template(made);
			return RES_NOMEM;
		}
		t->template = grown;
		t->size = size;
	}
	t->template[t->count++] = *made;
	return RES_OK;
}

enum result templates_add(struct templates *t, struct slice name,
	enum template_kind kind, struct slice text, struct buf *why)
{
	struct template made = { .kind = kind };
	enum result res;

	if (!templateread_is_name(name)) {
		if (why != NULL)
			buf_add_text(why, "not a name of a template");
		return RES_SYNTAX;
	}
	made.name = copy_of(name);
	made.text = copy_of(text);
	if (made.name == NULL || made.text == NULL) {
		clear_template(&made);
		return RES_NOMEM;
	}
	res = templateread_parse(&made.nodes, made.text, text.len, why);
	if (res != RES_OK) {
		clear_template(&made);
		return res;
	}
	return keep(t, &made);
}

void templates_texts(const struct templates *t,
	void (*each)(void *ctx, struct slice template, struct slice text),
	void *ctx)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct nodes *n = &t->template[i].nodes;

		for (size_t k = 0; k < n->count; k++)
			if (n->node[k].kind == NODE_WORDS)
				each(ctx, slice_of(t->template[i].name),
					n->node[k].text);
	}
}

/* ---- text ---- */

/* For a letter: what is no line end and no character that is shown, goes. */
static void add_plain(struct buf *out, struct slice text)
{
	while (text.len > 0) {
		uint32_t c = 0;
		size_t len = utf8_read(text, &c);

		if (c == '\n')
			buf_add_char(out, '\n');
		else if (len > 0 && (c < 0x20 || c == 0x7f))
			buf_add_char(out, ' ');
		else if (len == 0 || utf8_is_hidden(c))
			buf_add_text(out, "\xef\xbf\xbd"); /* U+FFFD */
		else
			buf_add(out, slice_part(text, 0, len));
		text = slice_part(text, len > 0 ? len : 1, text.len);
	}
}

static void add_safe(
	const struct printing *p, struct buf *out, struct slice text)
{
	if (p->kind == TEMPLATE_TEXT)
		add_plain(out, text);
	else
		html_add(out, text);
}

/* A value within words: words in it are translated, but no more looked into. */
static void add_inner(
	const struct printing *p, struct buf *out, struct slice name)
{
	const struct view_value value = view_find(p->view, name);

	switch (value.kind) {
	case VIEW_WORDS:
		add_safe(p, out, catalog_find(p->catalog, value.text));
		break;
	case VIEW_TEXT:
	case VIEW_MARKUP:
		add_safe(p, out, value.text);
		break;
	case VIEW_NONE:
	case VIEW_FLAG:
	case VIEW_LIST:
		break;
	}
}

static void add_piece(const struct printing *p, struct buf *out,
	struct slice text, bool is_markup)
{
	if (is_markup)
		buf_add(out, text);
	else
		add_safe(p, out, text);
}

/* English words of ours in the reader's language, with their values. */
static void add_words(const struct printing *p, struct buf *out,
	struct slice english, bool is_markup)
{
	struct slice rest = catalog_find(p->catalog, english);

	while (rest.len > 0) {
		const size_t begin = slice_find(rest, '{');
		const struct slice inside =
			slice_part(rest, begin + 1, rest.len);
		const struct slice name =
			slice_part(inside, 0, slice_find(inside, '}'));
		const bool is_value =
			name.len < inside.len && templateread_is_name(name);
		const size_t raw = is_value ? begin : begin + 1;

		add_piece(p, out, slice_part(rest, 0, raw), is_markup);
		if (is_value)
			add_inner(p, out, name);
		rest = slice_part(
			rest, is_value ? begin + name.len + 2 : raw, rest.len);
	}
}

/* ---- lines of a letter ---- */

static size_t characters(struct slice s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.len; i++)
		if (((unsigned char)s.at[i] & 0xc0U) != 0x80U)
			count++;
	return count;
}

/* The column behind the word, which may hold line ends of a value. */
static size_t add_word(struct buf *out, struct slice word, size_t column)
{
	const size_t end = slice_find_last(word, '\n');

	buf_add(out, word);
	if (end < word.len)
		return characters(slice_part(word, end + 1, word.len));
	return column + characters(word);
}

/* Adds the paragraph word by word; a word is never broken. */
static void add_filled(struct buf *out, struct slice text)
{
	const struct slice before = buf_slice(out);
	const size_t line = slice_find_last(before, '\n');
	size_t column = characters(slice_part(before, line + 1, before.len));
	bool is_first = true;

	if (line == before.len) { /* the subject */
		buf_add(out, text);
		return;
	}
	while (text.len > 0) {
		const struct slice word =
			slice_part(text, 0, slice_find(text, ' '));
		const struct slice head =
			slice_part(word, 0, slice_find(word, '\n'));
		const bool is_long =
			column + 1 + characters(head) > TEMPLATE_WIDTH;

		if (!is_first) {
			buf_add_char(out, is_long ? '\n' : ' ');
			column = is_long ? 0 : column + 1;
		}
		column = add_word(out, word, column);
		text = slice_part(text, word.len + 1, text.len);
		is_first = false;
	}
}

static void print_words(
	struct printing *p, struct slice english, bool is_markup)
{
	struct buf paragraph;

	if (p->kind == TEMPLATE_HTML) {
		add_words(p, p->out, english, is_markup);
		return;
	}
	buf_init(&paragraph, p->out->max);
	add_words(p, &paragraph, english, is_markup);
	add_filled(p->out, buf_slice(&paragraph));
	if (buf_result(&paragraph) != RES_OK)
		p->out->failed = buf_result(&paragraph);
	buf_clear(&paragraph);
}

/* ---- nodes ---- */

static void print_value(struct printing *p, struct slice name, bool is_markup)
{
	const struct view_value value = view_find(p->view, name);

	switch (value.kind) {
	case VIEW_WORDS:
		print_words(p, value.text, is_markup);
		break;
	case VIEW_MARKUP:
		add_piece(p, p->out, value.text, is_markup);
		break;
	case VIEW_TEXT:
		add_safe(p, p->out, value.text);
		break;
	case VIEW_NONE:
	case VIEW_FLAG:
	case VIEW_LIST:
		break;
	}
}

static void begin_section(
	struct printing *p, struct frame *f, const struct node *n)
{
	const struct view_value value = view_find(p->view, n->text);
	const bool is_wanted = value.is_so == (n->kind == NODE_SECTION);
	const struct view *item = NULL;

	if (!is_wanted) {
		f->at = n->jump + 1;
		return;
	}
	if (n->kind == NODE_SECTION && value.kind == VIEW_LIST)
		item = value.first;
	p->section[p->sections++] =
		(struct section){ .outer = p->view, .item = item };
	if (item != NULL)
		p->view = item;
}

static void end_section(
	struct printing *p, struct frame *f, const struct node *n)
{
	struct section *s = &p->section[p->sections - 1];

	s->item = view_next(s->item);
	if (s->item != NULL) {
		p->view = s->item;
		f->at = n->jump + 1;
		return;
	}
	p->view = s->outer;
	p->sections--;
}

static enum result enter(struct printing *p, struct slice name)
{
	const struct template *t = find(p->set, name);

	if (t == NULL)
		return RES_MISSING;
	for (size_t i = 0; i < p->frames; i++)
		if (p->frame[i].template == t)
			return RES_SYNTAX;
	if (p->frames == FRAMES_MAX)
		return RES_TOOBIG;
	p->frame[p->frames++] = (struct frame){ .template = t };
	return RES_OK;
}

static enum result print_node(
	struct printing *p, struct frame *f, const struct node *n)
{
	switch (n->kind) {
	case NODE_NONE:
		break;
	case NODE_RAW:
		buf_add(p->out, n->text);
		break;
	case NODE_VALUE:
		print_value(p, n->text, false);
		break;
	case NODE_MARKUP:
		print_value(p, n->text, true);
		break;
	case NODE_SECTION:
	case NODE_INVERTED:
		begin_section(p, f, n);
		break;
	case NODE_END:
		end_section(p, f, n);
		break;
	case NODE_INCLUDE:
		return enter(p, n->text);
	case NODE_WORDS:
		print_words(p, n->text, true);
		break;
	}
	return RES_OK;
}

static enum result print_all(struct printing *p)
{
	size_t steps = 0;
	enum result res = RES_OK;

	while (p->frames > 0 && res == RES_OK) {
		struct frame *f = &p->frame[p->frames - 1];

		if (f->at == f->template->nodes.count) {
			p->frames--;
			continue;
		}
		if (++steps > TEMPLATE_STEPS_MAX)
			return RES_TOOBIG;
		res = print_node(p, f, &f->template->nodes.node[f->at++]);
		if (res == RES_OK)
			res = buf_result(p->out);
	}
	return res;
}

enum result template_render(const struct templates *t, struct slice name,
	const struct view *v, const struct catalog *c, struct buf *out)
{
	struct printing p = {
		.set = t,
		.catalog = c,
		.view = v,
		.out = out,
	};
	enum result res;

	if (!view_is_whole(v))
		return RES_NOMEM;
	res = enter(&p, name);
	if (res != RES_OK)
		return res;
	p.kind = p.frame[0].template->kind;
	return print_all(&p);
}
