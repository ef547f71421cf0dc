/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/templateread.h"

#include <stdlib.h>
#include <string.h>

struct reading {
	char *text;
	size_t len;
	size_t at; /* what is before it, is in nodes */
	struct nodes nodes;
	size_t size;
	size_t open[NODE_DEPTH_MAX]; /* indexes of sections without an end */
	size_t depth;
	size_t line; /* of counted */
	size_t counted;
	struct buf *why;
};

/* ---- what is said of a fault ---- */

static enum result fault(
	const struct reading *r, const char *words, struct slice name)
{
	if (r->why != NULL && name.len > 0)
		buf_add_format(r->why, "line %zu: %s: %.*s", r->line, words,
			SLICE_ARG(slice_part(name, 0, NODE_NAME_MAX)));
	else if (r->why != NULL)
		buf_add_format(r->why, "line %zu: %s", r->line, words);
	return RES_SYNTAX;
}

static enum result plain_fault(const struct reading *r, const char *words)
{
	return fault(r, words, slice_of(""));
}

/* ---- nodes ---- */

static enum result add_node(
	struct reading *r, enum node_kind kind, struct slice text)
{
	if (r->nodes.count == r->size) {
		const size_t size = r->size * 2 + 16;
		struct node *grown =
			realloc(r->nodes.node, size * sizeof(*grown));

		if (grown == NULL)
			return RES_NOMEM;
		r->nodes.node = grown;
		r->size = size;
	}
	r->nodes.node[r->nodes.count++] =
		(struct node){ .kind = kind, .text = text };
	return RES_OK;
}

static enum result add_raw(struct reading *r, size_t from, size_t to)
{
	if (from >= to)
		return RES_OK;
	return add_node(r, NODE_RAW, slice_make(r->text + from, to - from));
}

static enum result add_section(
	struct reading *r, enum node_kind kind, struct slice name)
{
	if (r->depth == NODE_DEPTH_MAX)
		return fault(r, "too many sections within each other", name);
	r->open[r->depth++] = r->nodes.count;
	return add_node(r, kind, name);
}

static enum result end_section(struct reading *r, struct slice name)
{
	enum result res;
	size_t begin;

	if (r->depth == 0)
		return fault(r, "no section is open", name);
	begin = r->open[r->depth - 1];
	if (!slice_is_equal(r->nodes.node[begin].text, name))
		return fault(r, "another section is open",
			r->nodes.node[begin].text);
	r->depth--;
	res = add_node(r, NODE_END, name);
	if (res != RES_OK)
		return res;
	r->nodes.node[begin].jump = r->nodes.count - 1;
	r->nodes.node[r->nodes.count - 1].jump = begin;
	return RES_OK;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* How a text is broken into lines is not part of it. In place. */
static enum result add_words(struct reading *r, struct slice text)
{
	char *to;
	size_t len = 0;

	text = slice_trim(text);
	if (text.len == 0)
		return plain_fault(r, "a text is empty");
	to = r->text + (text.at - r->text);
	for (size_t i = 0; i < text.len; i++) {
		const bool is_blank = is_space(to[i]);

		if (is_blank && is_space(to[len - 1]))
			continue;
		to[len++] = is_blank ? ' ' : to[i];
	}
	return add_node(r, NODE_WORDS, slice_make(to, len));
}

/* ---- tags ---- */

bool templateread_is_name(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '_' || c == '-'))
			return false;
	}
	return text.len > 0 && text.len <= NODE_NAME_MAX;
}

static enum result add_named(
	struct reading *r, enum node_kind kind, struct slice inside)
{
	const struct slice name = slice_trim(inside);

	if (!templateread_is_name(name))
		return fault(r, "not a name", name);
	switch (kind) {
	case NODE_SECTION:
	case NODE_INVERTED:
		return add_section(r, kind, name);
	case NODE_END:
		return end_section(r, name);
	case NODE_NONE:
	case NODE_RAW:
	case NODE_VALUE:
	case NODE_MARKUP:
	case NODE_INCLUDE:
	case NODE_WORDS:
		break;
	}
	return add_node(r, kind, name);
}

static enum node_kind kind_of(char sign)
{
	static const struct {
		char sign;
		enum node_kind kind;
	} signs[] = {
		{ '&', NODE_MARKUP },
		{ '#', NODE_SECTION },
		{ '^', NODE_INVERTED },
		{ '/', NODE_END },
		{ '>', NODE_INCLUDE },
		{ '_', NODE_WORDS },
		{ '!', NODE_NONE },
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (signs[i].sign == sign)
			return signs[i].kind;
	return NODE_VALUE;
}

static enum result add_tag(
	struct reading *r, enum node_kind kind, struct slice inside)
{
	if (kind == NODE_NONE)
		return RES_OK;
	if (kind != NODE_VALUE)
		inside = slice_part(inside, 1, inside.len);
	if (kind == NODE_WORDS)
		return add_words(r, inside);
	return add_named(r, kind, inside);
}

static size_t find_pair(const struct reading *r, size_t from, char c)
{
	for (size_t i = from; i + 1 < r->len; i++)
		if (r->text[i] == c && r->text[i + 1] == c)
			return i;
	return r->len;
}

/* The end of the tag that begins at from; a text may end in "{name}", so the
 * last two of three braces are it. */
static size_t find_end(const struct reading *r, size_t from, bool is_words)
{
	size_t end = find_pair(r, from, '}');

	while (is_words && end + 2 < r->len && r->text[end + 2] == '}')
		end++;
	return end;
}

/* ---- lines ---- */

/* The line's beginning, when only blanks are between it and at. */
static bool is_first(const struct reading *r, size_t at, size_t *begin)
{
	while (at > 0 && (r->text[at - 1] == ' ' || r->text[at - 1] == '\t'))
		at--;
	*begin = at;
	return at == 0 || r->text[at - 1] == '\n';
}

/* Where the next line begins, when only blanks are before it. */
static bool is_last(const struct reading *r, size_t at, size_t *next)
{
	while (at < r->len && r->text[at] != '\n' && is_space(r->text[at]))
		at++;
	*next = at < r->len ? at + 1 : at;
	return at == r->len || r->text[at] == '\n';
}

static bool leaves_no_line(enum node_kind kind)
{
	return kind != NODE_VALUE && kind != NODE_MARKUP && kind != NODE_WORDS;
}

static size_t count_lines(const struct reading *r, size_t from, size_t to)
{
	size_t lines = 0;

	for (size_t i = from; i < to; i++)
		if (r->text[i] == '\n')
			lines++;
	return lines;
}

/* What lies between r->at and the tag, and where to go on behind it. */
static enum result add_before(
	struct reading *r, enum node_kind kind, size_t begin, size_t end)
{
	size_t line_begin = begin;
	size_t line_next = end;
	const size_t from = r->at;

	r->at = end;
	if (leaves_no_line(kind) && is_first(r, begin, &line_begin) &&
		is_last(r, end, &line_next)) {
		r->at = line_next;
		return add_raw(r, from, line_begin);
	}
	return add_raw(r, from, begin);
}

static enum result read_tag(struct reading *r, size_t begin)
{
	const enum node_kind kind =
		begin + 2 < r->len ? kind_of(r->text[begin + 2]) : NODE_VALUE;
	const size_t end = find_end(r, begin + 2, kind == NODE_WORDS);
	/* Before add_words moves what it has read. */
	const size_t lines = count_lines(r, begin, end);
	enum result res;

	if (end == r->len)
		return plain_fault(r, "a tag has no end");
	if (kind != NODE_NONE && find_pair(r, begin + 2, '{') < end)
		return plain_fault(r, "a tag begins within a tag");
	res = add_before(r, kind, begin, end + 2);
	if (res == RES_OK)
		res = add_tag(r, kind,
			slice_make(r->text + begin + 2, end - begin - 2));
	if (res == RES_OK) {
		r->line += lines;
		r->counted = end;
	}
	return res;
}

static enum result read_all(struct reading *r)
{
	enum result res = RES_OK;
	size_t begin = 0;

	while (res == RES_OK) {
		begin = find_pair(r, r->at, '{');
		r->line += count_lines(r, r->counted, begin);
		r->counted = begin;
		if (begin == r->len)
			break;
		res = read_tag(r, begin);
	}
	if (res != RES_OK)
		return res;
	if (r->depth > 0)
		return fault(r, "a section has no end",
			r->nodes.node[r->open[r->depth - 1]].text);
	return add_raw(r, r->at, r->len);
}

enum result templateread_parse(
	struct nodes *out, char *text, size_t len, struct buf *why)
{
	struct reading r = { .text = text, .len = len, .line = 1, .why = why };
	const enum result res = read_all(&r);

	if (res != RES_OK)
		templateread_clear(&r.nodes);
	*out = r.nodes;
	return res;
}

void templateread_clear(struct nodes *n)
{
	free(n->node);
	n->node = NULL;
	n->count = 0;
}
