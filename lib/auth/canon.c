/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/canon.h"

#include "base/digest.h"
#include "fact/message.h"

#include <string.h>

enum result canon_parse(struct slice name, enum canon *out)
{
	if (slice_is_equal(name, slice_of("simple")))
		*out = CANON_SIMPLE;
	else if (slice_is_equal(name, slice_of("relaxed")))
		*out = CANON_RELAXED;
	else
		return RES_SYNTAX;
	return RES_OK;
}

/* ---- sink ---- */

static void put_digest(void *ctx, struct slice text)
{
	digest_add(ctx, text);
}

void canon_sink_digest(struct canon_sink *s, struct digest *d)
{
	canon_sink_init(s, put_digest, d);
}

void canon_sink_init(struct canon_sink *s, canon_put *put, void *ctx)
{
	s->put = put;
	s->ctx = ctx;
	s->used = 0;
}

void canon_flush(struct canon_sink *s)
{
	if (s->used > 0)
		s->put(s->ctx, slice_make(s->room, s->used));
	s->used = 0;
}

static void sink_add(struct canon_sink *s, struct slice text)
{
	if (text.len > sizeof(s->room) - s->used)
		canon_flush(s);
	if (text.len > sizeof(s->room)) {
		s->put(s->ctx, text);
		return;
	}
	if (text.len > 0)
		memcpy(s->room + s->used, text.at, text.len);
	s->used += text.len;
}

static void sink_add_char(struct canon_sink *s, char c)
{
	sink_add(s, slice_make(&c, 1));
}

static const struct slice crlf = { "\r\n", 2 };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* ---- header ---- */

/* A value that is put piece by piece: blanks come out before the text that
 * follows them, so that none is left at its end. */
struct relaxed {
	struct canon_sink *sink;
	bool has_text;
	bool has_blank;
};

static void add_relaxed(struct relaxed *r, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		size_t from = i;

		/* Unfolded first: the blank behind a fold stays one. */
		if (slice_has_prefix(slice_part(text, i, 2), crlf)) {
			i++;
			continue;
		}
		if (is_blank(text.at[i])) {
			r->has_blank = true;
			continue;
		}
		while (i + 1 < text.len && !is_blank(text.at[i + 1]) &&
			text.at[i + 1] != '\r')
			i++;
		if (r->has_blank && r->has_text)
			sink_add_char(r->sink, ' ');
		r->has_blank = false;
		r->has_text = true;
		sink_add(r->sink, slice_part(text, from, i + 1 - from));
	}
}

static void add_name(struct canon_sink *s, enum canon how, struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		bool is_upper = c >= 'A' && c <= 'Z';

		sink_add_char(s,
			how == CANON_RELAXED && is_upper ? (char)(c - 'A' + 'a')
							 : c);
	}
	sink_add_char(s, ':');
}

/* The value is what two pieces make. */
static void add_field(struct canon_sink *s, enum canon how, struct slice name,
	struct slice first, struct slice rest)
{
	struct relaxed r = { .sink = s };

	add_name(s, how, name);
	if (how == CANON_RELAXED) {
		add_relaxed(&r, first);
		add_relaxed(&r, rest);
	} else {
		sink_add(s, first);
		sink_add(s, rest);
	}
}

void canon_field(
	struct canon_sink *s, enum canon how, const struct field *field)
{
	add_field(s, how, field->name, field->value, slice_of(""));
	sink_add(s, crlf);
}

void canon_field_unsigned(struct canon_sink *s, enum canon how,
	const struct field *field, struct slice b)
{
	struct slice v = field->value;
	size_t from = (size_t)(b.at - v.at), to = from;

	while (from > 0 && v.at[from - 1] != '=')
		from--;
	while (to < v.len && v.at[to] != ';')
		to++;
	add_field(s, how, field->name, slice_part(v, 0, from),
		slice_part(v, to, v.len));
}

/* ---- body ---- */

void canon_body_init(struct canon_body *b, enum canon how, uint64_t limit,
	struct canon_sink *sink)
{
	*b = (struct canon_body){ .how = how, .left = limit, .sink = sink };
}

/* Within what l= covers. */
static void body_put(struct canon_body *b, struct slice text)
{
	if (text.len > b->left)
		text.len = (size_t)b->left;
	b->left -= text.len;
	sink_add(b->sink, text);
}

static void body_text(struct canon_body *b, struct slice text)
{
	for (; b->lines > 0 && b->left > 0; b->lines--)
		body_put(b, crlf);
	if (b->has_blank)
		body_put(b, slice_of(" "));
	b->lines = 0;
	b->has_blank = false;
	b->has_text = true;
	body_put(b, text);
}

/* Text that comes out as it stands, from "at" on. A single blank between two
 * octets of it belongs to it, too: words need not be put one by one. */
static size_t run_length(const struct canon_body *b, struct slice s, size_t at)
{
	size_t i = at;

	if (b->how == CANON_SIMPLE) {
		const char *cr = memchr(s.at + at, '\r', s.len - at);

		return cr == NULL ? s.len - at : (size_t)(cr - s.at) - at;
	}
	while (i < s.len && s.at[i] != '\r' && s.at[i] != '\t') {
		if (s.at[i] == ' ' &&
			(i == at || i + 1 == s.len || s.at[i + 1] == ' ' ||
				s.at[i + 1] == '\r' || s.at[i + 1] == '\t'))
			break;
		i++;
	}
	return i - at;
}

/* The octet behind a CR that is held. True: it ended the line. */
static bool end_line(struct canon_body *b, char c)
{
	b->has_cr = false;
	if (c != '\n') {
		body_text(b, slice_of("\r"));
		return false;
	}
	b->has_blank = false;
	b->lines++;
	return true;
}

void canon_body_add(struct canon_body *b, struct slice piece)
{
	size_t i = 0;

	/* Past what l= covers nothing comes out any more. */
	while (i < piece.len && b->left > 0) {
		size_t len;

		if (b->has_cr && end_line(b, piece.at[i])) {
			i++;
			continue;
		}
		len = run_length(b, piece, i);
		if (len > 0)
			body_text(b, slice_part(piece, i, len));
		else if (piece.at[i] == '\r')
			b->has_cr = true;
		else
			b->has_blank = true;
		i += len > 0 ? len : 1;
	}
}

void canon_body_end(struct canon_body *b)
{
	if (b->has_cr)
		body_text(b, slice_of("\r"));
	/* s3.4.3: a body without text is one line end; s3.4.4: is nothing. */
	if (b->how == CANON_SIMPLE || b->has_text)
		body_put(b, crlf);
	canon_flush(b->sink);
}
