/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/param.h"

#include "base/hex.h"
#include "mail/cfws.h"
#include "mail/charset.h"
#include "mail/encodedword.h"

/* One parameter as it stands: "name*3*=value". */
struct param {
	struct slice name; /* up to the first "*" */
	struct slice value; /* without quotes, with their backslashes */
	unsigned piece;
	bool has_piece;
	bool is_extended; /* percents, and in the first piece a charset */
	bool is_quoted;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where a value ends: blanks and comments too when only the value counts. */
struct slice param_value(struct slice field)
{
	size_t from = 0, end;

	field = slice_part(field, 0, PARAM_FIELD_MAX);
	(void)cfws_skip(field, &from);
	for (end = from; end < field.len; end++)
		if (field.at[end] == ';' || field.at[end] == '(' ||
			is_blank(field.at[end]))
			break;
	return slice_part(field, from, end - from);
}

/* "*", "*3", "*3*" behind the name. */
static void read_star(struct param *p, struct slice star)
{
	uint64_t number;

	if (star.len > 0 && star.at[star.len - 1] == '*') {
		p->is_extended = true;
		star.len--;
	}
	if (star.len > 0 &&
		slice_parse_u64(slice_part(star, 1, star.len), 0,
			PARAM_PIECES_MAX - 1, &number) == RES_OK) {
		p->has_piece = true;
		p->piece = (unsigned)number;
	}
}

static struct slice read_value(struct slice field, size_t *at, bool *is_quoted)
{
	struct slice inner = slice_of("");
	size_t end;

	while (*at < field.len && is_blank(field.at[*at]))
		++*at;
	*is_quoted = *at < field.len && field.at[*at] == '"';
	if (*is_quoted) {
		const size_t begin = *at + 1;

		if (!cfws_quoted(field, at, &inner))
			inner = slice_part(field, begin, field.len);
		end = slice_find(slice_part(field, *at, field.len), ';');
		*at += end;
		return inner;
	}
	end = slice_find(slice_part(field, *at, field.len), ';');
	inner = slice_trim(slice_part(field, *at, end));
	*at += end;
	return inner;
}

/* The next one from that index on. */
static bool read_param(struct slice field, size_t *at, struct param *p)
{
	struct slice name;
	size_t begin, star;

	*p = (struct param){ .piece = 0 };
	while (*at < field.len &&
		(field.at[*at] == ';' || is_blank(field.at[*at])))
		++*at;
	begin = *at;
	while (*at < field.len && field.at[*at] != '=' && field.at[*at] != ';')
		++*at;
	if (*at == begin && *at == field.len)
		return false;
	name = slice_trim(slice_part(field, begin, *at - begin));
	star = slice_find(name, '*');
	p->name = slice_part(name, 0, star);
	read_star(p, slice_part(name, star, name.len));
	if (*at < field.len && field.at[*at] == '=') {
		++*at;
		p->value = read_value(field, at, &p->is_quoted);
	}
	return true;
}

static void add_percent(struct buf *to, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == '%' && hex_read(slice_part(text, i + 1, text.len), &c))
			i += 2;
		buf_add_char(to, c);
	}
}

/* Folds go, and the backslashes of quotes. But "\" before a letter is one of a
 * path that somebody put in quotes as it is. */
static void add_plain(struct buf *to, const struct param *p)
{
	const struct slice text = p->value;

	for (size_t i = 0; i < text.len; i++) {
		if (p->is_quoted && text.at[i] == '\\' && i + 1 < text.len &&
			(text.at[i + 1] == '"' || text.at[i + 1] == '\\'))
			i++;
		if (text.at[i] != '\r' && text.at[i] != '\n')
			buf_add_char(to, text.at[i]);
	}
}

/* Takes "charset'language'" off the front. */
static struct slice cut_charset(struct slice *value)
{
	const size_t first = slice_find(*value, '\'');
	struct slice rest = slice_part(*value, first + 1, value->len);
	const size_t second = slice_find(rest, '\'');
	const struct slice charset = slice_part(*value, 0, first);

	if (first >= value->len || second == rest.len)
		return slice_of("");
	*value = slice_part(rest, second + 1, rest.len);
	return charset;
}

static void add_piece(struct buf *to, struct param *p, struct slice *charset)
{
	if (!p->is_extended) {
		add_plain(to, p);
		return;
	}
	if (p->piece == 0)
		*charset = cut_charset(&p->value);
	add_percent(to, p->value);
}

static bool find_piece(
	struct slice field, struct slice name, unsigned piece, struct param *p)
{
	size_t at = slice_find(field, ';');

	while (read_param(field, &at, p))
		if (p->piece == piece && (p->has_piece || p->is_extended) &&
			slice_is_equal_nocase(p->name, name))
			return true;
	return false;
}

static bool find_plain(struct slice field, struct slice name, struct param *p)
{
	size_t at = slice_find(field, ';');

	while (read_param(field, &at, p))
		if (slice_is_equal_nocase(p->name, name))
			return true;
	return false;
}

static enum result finish(
	struct buf *raw, struct slice charset, bool has_pieces, struct buf *out)
{
	enum result res = buf_result(raw);

	if (res == RES_OK && has_pieces && charset.len > 0)
		res = charset_decode(charset, buf_slice(raw), out);
	else if (res == RES_OK) /* some put words into pieces */
		res = encodedword_decode(buf_slice(raw), out, NULL);
	buf_clear(raw);
	return res;
}

enum result param_find(struct slice field, const char *name, struct buf *out)
{
	const struct slice wanted = slice_of(name);
	struct slice charset = slice_of("");
	unsigned piece = 0;
	struct param p;
	struct buf raw;

	field = slice_part(field, 0, PARAM_FIELD_MAX);
	buf_init(&raw, PARAM_FIELD_MAX);
	while (piece < PARAM_PIECES_MAX &&
		find_piece(field, wanted, piece, &p)) {
		add_piece(&raw, &p, &charset);
		piece++;
	}
	if (piece == 0) {
		if (!find_plain(field, wanted, &p))
			return RES_MISSING;
		add_plain(&raw, &p);
	}
	return finish(&raw, charset, piece > 0, out);
}
