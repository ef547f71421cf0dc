/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/savedmail.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

static struct slice without_cr(struct slice line)
{
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* RFC 5322 s2.2: printable octets but the colon. MTAs let blanks stand in front
 * of it (s4.5.3), and drop them. */
static bool split_field(struct slice line, struct savedmail_field *out)
{
	size_t colon = slice_find(line, ':');
	struct slice name = slice_part(line, 0, colon);

	while (name.len > 0 &&
		(name.at[name.len - 1] == ' ' || name.at[name.len - 1] == '\t'))
		name.len--;
	if (colon == line.len || name.len == 0)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] <= ' ' || name.at[i] > '~')
			return false;
	out->name = name;
	out->value = slice_part(line, colon + 1, line.len);
	return true;
}

static enum result add(struct savedmail *m, const struct savedmail_field *f)
{
	/* Room for powers of two only, so the count alone says how much. */
	if (m->count >= SAVEDMAIL_FIELDS_MAX)
		return RES_TOOBIG;
	if (m->count == 0 ||
		(m->count >= FIRST_ROOM && (m->count & (m->count - 1)) == 0)) {
		size_t room = m->count == 0 ? FIRST_ROOM : m->count * 2;
		struct savedmail_field *more =
			realloc(m->field, room * sizeof(*more));

		if (more == NULL)
			return RES_NOMEM;
		m->field = more;
	}
	m->field[m->count++] = *f;
	return RES_OK;
}

/* The line is a part of the text that the last value is a part of, too. */
static void go_on(struct savedmail *m, struct slice line)
{
	struct slice *value = &m->field[m->count - 1].value;

	value->len = (size_t)(line.at + line.len - value->at);
}

static bool is_folded(struct slice line)
{
	return line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t');
}

enum result savedmail_parse(struct savedmail *out, struct slice text)
{
	enum result res = RES_OK;
	struct slice line;

	*out = (struct savedmail){ .count = 0 };
	if (slice_has_prefix(text, slice_of("From ")))
		text = slice_part(text, slice_find(text, '\n') + 1, text.len);
	out->body = text;
	while (res == RES_OK && slice_cut(&text, '\n', &line)) {
		struct savedmail_field field;

		line = without_cr(line);
		if (line.len == 0) {
			out->body = text;
			break;
		}
		if (is_folded(line) && out->count > 0)
			go_on(out, line);
		else if (split_field(line, &field))
			res = add(out, &field);
		else
			break;
		out->body = text;
	}
	if (res == RES_OK && out->count == 0)
		res = RES_SYNTAX;
	if (res != RES_OK)
		savedmail_clear(out);
	return res;
}

void savedmail_clear(struct savedmail *m)
{
	free(m->field);
	*m = (struct savedmail){ .count = 0 };
}

/* A piece in the making. */
struct piece {
	char *at; /* SAVEDMAIL_PIECE octets */
	size_t len;
	bool is_wanted;
	bool (*hand)(void *ctx, struct slice piece);
	void *ctx;
};

static void flush(struct piece *p)
{
	if (p->len > 0 && p->is_wanted)
		p->is_wanted = p->hand(p->ctx, slice_make(p->at, p->len));
	p->len = 0;
}

static void put(struct piece *p, struct slice text)
{
	while (text.len > 0 && p->is_wanted) {
		size_t room = SAVEDMAIL_PIECE - p->len;
		struct slice part = slice_part(text, 0, room);

		memcpy(p->at + p->len, part.at, part.len);
		p->len += part.len;
		text = slice_part(text, part.len, text.len);
		if (p->len == SAVEDMAIL_PIECE)
			flush(p);
	}
}

enum result savedmail_body(const struct savedmail *m,
	bool (*hand)(void *ctx, struct slice piece), void *ctx)
{
	struct piece p = { .at = malloc(SAVEDMAIL_PIECE),
		.is_wanted = true,
		.hand = hand,
		.ctx = ctx };
	struct slice rest = m->body;
	struct slice line;

	if (p.at == NULL)
		return RES_NOMEM;
	while (p.is_wanted && slice_cut(&rest, '\n', &line)) {
		put(&p, without_cr(line));
		put(&p, slice_of("\r\n"));
	}
	flush(&p);
	free(p.at);
	return RES_OK;
}
