/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/mime.h"

#include "base/arena.h"
#include "mail/param.h"

#include <string.h>

enum { FIRST_PARTS = 16, BOUNDARY_MAX = 250 };

/* A multipart whose end has not come. */
struct frame {
	struct slice boundary;
	size_t part;
};

struct parser {
	struct slice body;
	size_t at; /* begin of the next line */
	const struct mime_limits *limits;
	struct arena *a;
	struct mime_part *parts;
	size_t count, room;
	struct frame *frames; /* depth_max + 1 */
	size_t depth;
	int current; /* the part whose lines come in, -1: between parts */
	bool is_over;
	struct mime *out;
};

/* ---- lines ---- */

/* The line at p->at without its end; *next begins the one behind. */
static struct slice line_at(const struct parser *p, size_t *next)
{
	const struct slice rest = slice_part(p->body, p->at, p->body.len);
	const char *end =
		rest.len == 0 ? NULL : memchr(rest.at, '\n', rest.len);
	size_t len = end == NULL ? rest.len : (size_t)(end - rest.at);

	*next = p->at + (end == NULL ? len : len + 1);
	if (end != NULL && len > 0 && rest.at[len - 1] == '\r')
		len--;
	return slice_part(rest, 0, len);
}

/* The end of the content before the line at that index: the line end there is
 * part of the boundary (RFC 2046 s5.1.1). */
static size_t content_end(struct slice body, size_t from, size_t at)
{
	if (at > from && body.at[at - 1] == '\n')
		at--;
	if (at > from && body.at[at - 1] == '\r')
		at--;
	return at;
}

/* Which frame that line belongs to, or p->depth; *is_end: its last one. */
static size_t find_frame(
	const struct parser *p, struct slice line, bool *is_end)
{
	size_t i = p->depth;

	if (line.len < 2 || line.at[0] != '-' || line.at[1] != '-')
		return p->depth;
	line = slice_part(line, 2, line.len);
	while (i-- > 0) {
		struct slice rest;

		if (!slice_has_prefix(line, p->frames[i].boundary))
			continue;
		rest = slice_trim(
			slice_part(line, p->frames[i].boundary.len, line.len));
		*is_end = slice_is_equal(rest, slice_of("--"));
		if (rest.len == 0 || *is_end)
			return i;
	}
	return p->depth;
}

/* ---- parts ---- */

static enum result make_room(struct parser *p)
{
	struct mime_part *more;

	if (p->count < p->room)
		return RES_OK;
	p->room = p->room == 0 ? FIRST_PARTS : 2 * p->room;
	more = arena_alloc(p->a, p->room * sizeof(*more));
	if (more == NULL)
		return RES_NOMEM;
	if (p->count > 0)
		memcpy(more, p->parts, p->count * sizeof(*more));
	p->parts = more;
	return RES_OK;
}

static enum result fold(struct arena *a, struct slice text, struct slice *out)
{
	char *to = arena_alloc(a, text.len + 1);

	if (to == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.at[i];

		to[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	*out = slice_make(to, text.len);
	return RES_OK;
}

/* RFC 2045 s5.2, RFC 2046 s5.1.5. */
static struct slice type_of(
	const struct parser *p, const struct mime_part *part)
{
	const struct slice type = param_value(part->head.type);

	if (slice_find(type, '/') < type.len)
		return type;
	if (part->parent >= 0 &&
		slice_is_equal(p->parts[part->parent].type,
			slice_of("multipart/digest")))
		return slice_of("message/rfc822");
	return slice_of("text/plain");
}

/* A part whose content begins at p->at. */
static enum result add_part(
	struct parser *p, const struct mime_head *head, int parent)
{
	struct mime_part part = { .head = *head, .parent = parent };
	enum result res = make_room(p);

	if (res != RES_OK)
		return res;
	if (parent >= 0)
		part.depth = p->parts[parent].depth + 1;
	res = fold(p->a, type_of(p, &part), &part.type);
	if (res == RES_OK)
		res = fold(p->a, param_value(head->encoding), &part.encoding);
	part.raw = slice_part(p->body, p->at, p->body.len);
	p->current = (int)p->count;
	p->parts[p->count++] = part;
	return res;
}

/* Ends the current part and those around it, up to and without that one. */
static void end_parts(struct parser *p, int outer)
{
	while (p->current != outer && p->current >= 0) {
		struct mime_part *part = &p->parts[p->current];
		const size_t begin = (size_t)(part->raw.at - p->body.at);

		part->raw.len = content_end(p->body, begin, p->at) - begin;
		p->current = part->parent;
	}
}

/* RES_MISSING: a multipart that does not say its boundary. */
static enum result push_frame(struct parser *p, size_t part)
{
	struct slice boundary;
	enum result res;
	struct buf text;

	buf_init(&text, BOUNDARY_MAX);
	res = param_find(p->parts[part].head.type, "boundary", &text);
	if (res == RES_OK)
		res = arena_copy(p->a, slice_trim(buf_slice(&text)), &boundary);
	buf_clear(&text);
	if (res == RES_OK && boundary.len == 0)
		res = RES_MISSING;
	if (res == RES_OK)
		p->frames[p->depth++] = (struct frame){ boundary, part };
	return res;
}

static bool is_message_type(struct slice type)
{
	return slice_is_equal(type, slice_of("message/rfc822")) ||
		slice_is_equal(type, slice_of("message/global")) ||
		slice_is_equal(type, slice_of("message/news"));
}

/* None may be used here but those that change nothing (RFC 2046 s5.1, s5.2.1).
 * Of a multipart readers of mail pass over it; a message they decode. */
static bool is_encoded(struct slice encoding)
{
	return slice_is_equal(encoding, slice_of("base64")) ||
		slice_is_equal(encoding, slice_of("quoted-printable"));
}

/* ---- header of a part ---- */

static void take_field(
	struct mime_head *head, struct slice name, struct slice value)
{
	const struct {
		const char *name;
		struct slice *value;
	} wanted[] = {
		{ "Content-Type", &head->type },
		{ "Content-Transfer-Encoding", &head->encoding },
		{ "Content-Disposition", &head->disposition },
	};

	name = slice_trim(name);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (wanted[i].value->len == 0 &&
			slice_is_equal_nocase(name, slice_of(wanted[i].name)))
			*wanted[i].value = value;
}

static bool is_folded(const struct parser *p)
{
	return p->at < p->body.len &&
		(p->body.at[p->at] == ' ' || p->body.at[p->at] == '\t');
}

/* One field with its folds. False: there is none, the header ends here. */
static bool read_field(struct parser *p, struct mime_head *head)
{
	const size_t begin = p->at;
	struct slice line, field;
	size_t next, colon;

	line = line_at(p, &next);
	colon = slice_find(line, ':');
	if (colon == line.len)
		return false;
	p->at = next;
	while (is_folded(p)) {
		(void)line_at(p, &next);
		p->at = next;
	}
	field = slice_part(p->body, begin, p->at - begin);
	take_field(head, slice_part(field, 0, colon),
		slice_trim(slice_part(field, colon + 1, field.len)));
	return true;
}

/* Up to the empty line, a boundary, or what is no field. */
static void read_head(struct parser *p, struct mime_head *head)
{
	size_t next;

	*head = (struct mime_head){ .type = slice_of(""),
		.encoding = slice_of(""),
		.disposition = slice_of("") };
	while (p->at < p->body.len) {
		const struct slice line = line_at(p, &next);
		bool is_end;

		if (line.len == 0) {
			p->at = next;
			return;
		}
		if (find_frame(p, line, &is_end) < p->depth)
			return;
		if (!read_field(p, head)) {
			p->out->is_broken = true;
			return;
		}
	}
}

/* ---- the whole ---- */

/* What the part just added holds. RES_OK, and *opens: another part begins
 * right here, the message within. */
static enum result look_into(struct parser *p, bool *opens)
{
	const size_t i = (size_t)p->current;
	struct mime_part *part = &p->parts[i];
	const bool is_multi =
		slice_has_prefix(part->type, slice_of("multipart/"));
	enum result res = RES_OK;

	*opens = false;
	if (!is_multi &&
		(!is_message_type(part->type) || is_encoded(part->encoding)))
		return RES_OK;
	if (part->depth >= p->limits->depth_max) {
		p->out->is_too_deep = true;
		return RES_OK;
	}
	part->is_message = *opens = !is_multi;
	if (!is_multi)
		return RES_OK;
	res = push_frame(p, i);
	part->is_multipart = res == RES_OK;
	if (res != RES_MISSING && res != RES_TOOBIG)
		return res;
	p->out->is_broken = true; /* it stays one piece */
	return RES_OK;
}

/* Parts that begin at p->at, one in another: a header each. */
static enum result open_parts(struct parser *p, int parent)
{
	bool opens = true;

	while (opens) {
		struct mime_head head;
		enum result res;

		if (p->count >= p->limits->parts_max) {
			p->out->has_too_many = true;
			p->is_over = true;
			return RES_OK;
		}
		read_head(p, &head);
		res = add_part(p, &head, parent);
		if (res == RES_OK)
			res = look_into(p, &opens);
		if (res != RES_OK)
			return res;
		parent = p->current;
	}
	return RES_OK;
}

/* The line at p->at, which ends at next, is the boundary of that frame. */
static enum result cross(
	struct parser *p, size_t frame, size_t next, bool is_end)
{
	const int outer = (int)p->frames[frame].part;

	p->out->is_broken = p->out->is_broken || p->depth > frame + 1;
	end_parts(p, outer);
	p->at = next;
	p->depth = is_end ? frame : frame + 1;
	return is_end ? RES_OK : open_parts(p, outer);
}

static enum result walk(struct parser *p)
{
	enum result res = RES_OK;

	while (res == RES_OK && p->at < p->body.len && !p->is_over &&
		p->depth > 0) {
		bool is_end = false;
		size_t next;
		const size_t frame = find_frame(p, line_at(p, &next), &is_end);

		if (frame < p->depth)
			res = cross(p, frame, next, is_end);
		else
			p->at = next;
	}
	return res;
}

static enum result begin(struct parser *p, const struct mime_head *head)
{
	bool opens;
	enum result res = add_part(p, head, -1);

	if (res == RES_OK)
		res = look_into(p, &opens);
	if (res == RES_OK && opens)
		res = open_parts(p, 0);
	return res;
}

enum result mime_parse(struct slice body, const struct mime_head *head,
	const struct mime_limits *limits, struct arena *a, struct mime *out)
{
	struct mime mime = { .count = 0 };
	struct parser p = {
		.body = body,
		.limits = limits,
		.a = a,
		.out = &mime,
		.current = -1,
	};
	enum result res;

	p.frames = arena_alloc(a, (limits->depth_max + 1) * sizeof(*p.frames));
	if (p.frames == NULL)
		return RES_NOMEM;
	res = begin(&p, head);
	if (res == RES_OK)
		res = walk(&p);
	if (res != RES_OK)
		return res;
	mime.is_broken = mime.is_broken || (p.depth > 0 && !p.is_over);
	mime.parts = p.parts;
	mime.count = p.count;
	*out = mime;
	return RES_OK;
}
