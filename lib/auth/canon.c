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

static bool is_text(char c)
{
	return c != ' ' && c != '\t' && c != '\r';
}

enum { WORD = sizeof(uint64_t) };

static const uint64_t each_octet = UINT64_C(0x0101010101010101);

/* The top bit of each octet of x that is at most 0x20. */
static uint64_t low_octets(uint64_t x)
{
	uint64_t high = each_octet * 0x80;
	uint64_t above = (x & ~high) + each_octet * (0x7f - 0x20);

	return ~(above | x) & high;
}

/*
 * How many of eight octets, behind one that is text, come out as they stand:
 * text and single blanks in it. 7 when the last one is a blank, of which that
 * cannot be said yet; 0: look at each.
 */
static size_t plain_octets(const char *at)
{
	uint64_t x, low;

	memcpy(&x, at, WORD);
	low = low_octets(x);
	if (low == 0)
		return WORD;
	/* Other than a blank, or two side by side. */
	if ((low_octets(x ^ each_octet * 0x20) & low) != low ||
		(low & low << 8) != 0)
		return 0;
	return at[WORD - 1] == ' ' ? WORD - 1 : WORD;
}

static size_t text_end(enum canon how, struct slice s, size_t at)
{
	const char *cr;
	size_t plain;

	if (how == CANON_SIMPLE) {
		cr = memchr(s.at + at, '\r', s.len - at);
		return cr == NULL ? s.len : (size_t)(cr - s.at);
	}
	if (at == s.len || !is_text(s.at[at]))
		return at;
	at++;
	while (s.len - at >= WORD && (plain = plain_octets(s.at + at)) > 0)
		at += plain;
	while (at < s.len && is_text(s.at[at]))
		at++;
	return at;
}

/*
 * Text that comes out as it stands, from "at" on. A single blank or line end
 * between two octets of it belongs to it, too: words and lines need not be put
 * one by one.
 */
static size_t run_length(enum canon how, struct slice s, size_t at)
{
	size_t i = text_end(how, s, at);

	while (i > at && i < s.len) {
		size_t next = i + 1;

		if (s.at[i] == '\r' && next < s.len && s.at[next] == '\n')
			next++;
		else if (s.at[i] != ' ')
			break;
		if (next >= s.len || s.at[next] == '\r' ||
			(how == CANON_RELAXED && !is_text(s.at[next])))
			break;
		i = text_end(how, s, next);
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
		len = run_length(b->how, piece, i);
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
