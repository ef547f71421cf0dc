/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/multipart.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/hex.h"
#include "base/utf8.h"

#include <string.h>

/* ---- words of a field: RFC 9110 s5.6.2 ---- */

static bool is_token_char(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) ||
		(c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void skip_blanks(struct slice *s)
{
	while (s->len > 0 && (s->at[0] == ' ' || s->at[0] == '\t'))
		*s = slice_part(*s, 1, s->len);
}

static bool skip_char(struct slice *s, char c)
{
	if (s->len == 0 || s->at[0] != c)
		return false;
	*s = slice_part(*s, 1, s->len);
	return true;
}

/* "": there is none. */
static struct slice cut_token(struct slice *s)
{
	const struct slice all = *s;
	size_t len = 0;

	while (len < all.len && is_token_char(all.at[len]))
		len++;
	*s = slice_part(all, len, all.len);
	return slice_part(all, 0, len);
}

/* Behind the first quote. A backslash is what browsers of old wrote before the
 * part of a path, so it counts only before a quote or another one. */
static enum result cut_quoted(
	struct slice *s, struct arena *a, struct slice *out)
{
	char *text = arena_alloc(a, s->len + 1);
	size_t from = 0, len = 0;

	if (text == NULL)
		return RES_NOMEM;
	while (from < s->len && s->at[from] != '"') {
		if (s->at[from] == '\\' && from + 1 < s->len &&
			(s->at[from + 1] == '"' || s->at[from + 1] == '\\'))
			from++;
		text[len++] = s->at[from++];
	}
	if (from == s->len)
		return RES_SYNTAX;
	*s = slice_part(*s, from + 1, s->len);
	*out = slice_make(text, len);
	return RES_OK;
}

struct param {
	struct slice name;
	struct slice value;
};

/* The next "; NAME=VALUE". RES_MISSING: there is none. */
static enum result cut_param(
	struct slice *s, struct arena *a, struct param *out)
{
	skip_blanks(s);
	if (s->len == 0)
		return RES_MISSING;
	if (!skip_char(s, ';'))
		return RES_SYNTAX;
	skip_blanks(s);
	if (s->len == 0)
		return RES_MISSING;
	out->name = cut_token(s);
	if (out->name.len == 0 || !skip_char(s, '='))
		return RES_SYNTAX;
	if (skip_char(s, '"'))
		return cut_quoted(s, a, &out->value);
	out->value = cut_token(s);
	return out->value.len > 0 ? RES_OK : RES_SYNTAX;
}

/* ---- the boundary ---- */

/* RFC 2046 s5.1.1 */
static bool is_boundary(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.at[i];

		if (!ascii_is_alpha(c) && !ascii_is_digit(c) &&
			(c == '\0' || strchr("'()+_,-./:=? ", c) == NULL))
			return false;
	}
	return text.len > 0 && text.len <= MULTIPART_BOUNDARY_MAX &&
		text.at[text.len - 1] != ' ';
}

/* Owned by a. */
static enum result find_boundary(
	struct slice type, struct arena *a, struct slice *out)
{
	struct slice rest = slice_trim(type);
	struct slice kind = slice_part(rest, 0, slice_find(rest, ';'));
	struct param p;
	enum result res;

	*out = slice_of("");
	rest = slice_part(rest, kind.len, rest.len);
	if (!slice_is_equal_nocase(
		    slice_trim(kind), slice_of("multipart/form-data")))
		return RES_SYNTAX;
	while ((res = cut_param(&rest, a, &p)) == RES_OK) {
		if (!slice_is_equal_nocase(p.name, slice_of("boundary")))
			continue;
		if (out->len > 0 || !is_boundary(p.value))
			return RES_SYNTAX;
		*out = p.value;
	}
	if (res != RES_MISSING)
		return res;
	return out->len > 0 ? RES_OK : RES_SYNTAX;
}

bool multipart_is_type(struct slice content_type)
{
	struct arena *a = arena_new(content_type.len * 2 + MULTIPART_HEAD_MAX);
	struct slice boundary;
	const bool is_so = a != NULL &&
		find_boundary(content_type, a, &boundary) == RES_OK;

	arena_free(a);
	return is_so;
}

/* ---- the header of a part ---- */

struct head {
	bool has_disposition, has_name, has_file, has_star;
	bool has_type, has_encoding;
	bool is_text;
	struct slice name;
	struct slice file; /* filename */
	struct slice star; /* filename*, undone; "" in another charset */
};

static bool undo_percents(struct slice text, struct arena *a, struct slice *out)
{
	char *to = arena_alloc(a, text.len + 1);
	size_t len = 0;

	if (to == NULL)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		to[len] = text.at[i];
		if (text.at[i] == '%') {
			if (!hex_read(slice_part(text, i + 1, 2), &to[len]))
				return false;
			i += 2;
		}
		len++;
	}
	*out = slice_make(to, len);
	return true;
}

/* RFC 8187 s3.2: CHARSET'LANGUAGE'VALUE */
static bool read_star(struct slice value, struct arena *a, struct slice *out)
{
	struct slice charset, language;
	struct slice rest = value;

	*out = slice_of("");
	if (!slice_cut(&rest, '\'', &charset) ||
		slice_find(rest, '\'') == rest.len ||
		!slice_cut(&rest, '\'', &language))
		return false;
	return !slice_is_equal_nocase(charset, slice_of("utf-8")) ||
		undo_percents(rest, a, out);
}

static bool take_param(struct head *h, const struct param *p, struct arena *a)
{
	if (slice_is_equal_nocase(p->name, slice_of("name"))) {
		if (h->has_name)
			return false;
		h->has_name = true;
		h->name = p->value;
	} else if (slice_is_equal_nocase(p->name, slice_of("filename"))) {
		if (h->has_file)
			return false;
		h->has_file = true;
		h->file = p->value;
	} else if (slice_is_equal_nocase(p->name, slice_of("filename*"))) {
		if (h->has_star)
			return false;
		h->has_star = true;
		return read_star(p->value, a, &h->star);
	}
	return true;
}

static enum result read_disposition(
	struct head *h, struct slice value, struct arena *a)
{
	struct param p;
	enum result res;

	if (h->has_disposition)
		return RES_SYNTAX;
	h->has_disposition = true;
	if (!slice_is_equal_nocase(cut_token(&value), slice_of("form-data")))
		return RES_SYNTAX;
	while ((res = cut_param(&value, a, &p)) == RES_OK)
		if (!take_param(h, &p, a))
			return RES_SYNTAX;
	return res == RES_MISSING ? RES_OK : res;
}

/* Is it text in UTF-8, as far as it says? */
static enum result read_type(
	struct head *h, struct slice value, struct arena *a)
{
	struct slice rest = value;
	struct slice kind = slice_part(rest, 0, slice_find(rest, ';'));
	struct param p;
	enum result res;

	if (h->has_type)
		return RES_SYNTAX;
	h->has_type = true;
	rest = slice_part(rest, kind.len, rest.len);
	h->is_text =
		slice_is_equal_nocase(slice_trim(kind), slice_of("text/plain"));
	while ((res = cut_param(&rest, a, &p)) == RES_OK)
		if (slice_is_equal_nocase(p.name, slice_of("charset")) &&
			!slice_is_equal_nocase(p.value, slice_of("utf-8")) &&
			!slice_is_equal_nocase(p.value, slice_of("us-ascii")))
			h->is_text = false;
	/* Of a file the type is not looked at: it may say anything. */
	if (res == RES_SYNTAX)
		h->is_text = false;
	return res == RES_NOMEM ? res : RES_OK;
}

static enum result read_encoding(struct head *h, struct slice value)
{
	static const char *const plain[] = { "7bit", "8bit", "binary" };

	if (h->has_encoding)
		return RES_SYNTAX;
	h->has_encoding = true;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (slice_is_equal_nocase(value, slice_of(plain[i])))
			return RES_OK;
	return RES_SYNTAX;
}

static bool has_controls(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (((unsigned char)text.at[i] < 0x20 && text.at[i] != '\t') ||
			text.at[i] == 0x7f)
			return true;
	return false;
}

static enum result read_field(
	struct head *h, struct slice line, struct arena *a)
{
	const struct slice name = cut_token(&line);
	struct slice value;

	if (name.len == 0 || !skip_char(&line, ':') || has_controls(line))
		return RES_SYNTAX;
	value = slice_trim(line);
	if (slice_is_equal_nocase(name, slice_of("Content-Disposition")))
		return read_disposition(h, value, a);
	if (slice_is_equal_nocase(name, slice_of("Content-Type")))
		return read_type(h, value, a);
	if (slice_is_equal_nocase(name, slice_of("Content-Transfer-Encoding")))
		return read_encoding(h, value);
	return RES_OK;
}

static size_t find_text(struct slice s, struct slice what)
{
	const char *at =
		s.len == 0 ? NULL : memmem(s.at, s.len, what.at, what.len);

	return at == NULL ? s.len : (size_t)(at - s.at);
}

/* Cuts the header, and the empty line behind it, off part. */
static enum result read_head(
	struct slice *part, struct head *h, struct arena *a)
{
	const struct slice crlf = slice_of("\r\n");
	enum result res = RES_OK;
	size_t read = 0;

	*h = (struct head){ .is_text = true };
	while (res == RES_OK) {
		const size_t len = find_text(*part, crlf);
		const struct slice line = slice_part(*part, 0, len);

		read += len + crlf.len;
		if (len == part->len)
			return RES_SYNTAX;
		if (read > MULTIPART_HEAD_MAX)
			return RES_TOOBIG;
		*part = slice_part(*part, len + crlf.len, part->len);
		if (len == 0)
			break;
		res = read_field(h, line, a);
	}
	if (res == RES_OK && (!h->has_disposition || !h->has_name))
		res = RES_SYNTAX;
	return res;
}

/* ---- parts ---- */

/* The last part of a path, with what browsers escape undone. */
static enum result file_name(
	const struct head *h, struct arena *a, struct slice *out)
{
	const bool is_star = h->star.len > 0;
	const struct slice given = is_star ? h->star : h->file;
	char *to = arena_alloc(a, given.len + 1);
	size_t len = 0;

	if (to == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < given.len; i++) {
		const struct slice rest = slice_part(given, i, 3);

		to[len] = given.at[i];
		if (!is_star && slice_is_equal(rest, slice_of("%22"))) {
			to[len] = '"';
			i += 2;
		}
		len = to[len] == '/' || to[len] == '\\' ? 0 : len + 1;
	}
	*out = slice_make(to, len);
	if (len > MULTIPART_NAME_MAX)
		return RES_TOOBIG;
	return has_controls(*out) || !utf8_is_whole(*out) ? RES_SYNTAX : RES_OK;
}

static bool has_file(const struct multipart *m, struct slice name)
{
	for (size_t i = 0; i < m->count; i++)
		if (slice_is_equal(m->file[i].field, name))
			return true;
	return false;
}

static bool has_field(const struct multipart *m, struct slice name)
{
	for (size_t i = 0; i < m->form.count; i++)
		if (slice_is_equal(m->form.field[i].name, name))
			return true;
	return false;
}

struct reading {
	struct multipart *out;
	const struct multipart_limits *limits;
	struct arena *arena;
	size_t octets; /* of files, so far */
};

static enum result add_file(
	struct reading *r, const struct head *h, struct slice octets)
{
	struct multipart_file file = { .octets = octets };
	enum result res;

	if (!form_is_name(h->name))
		return RES_SYNTAX;
	if (has_field(r->out, h->name))
		return RES_EXISTS;
	res = file_name(h, r->arena, &file.name);
	if (res == RES_OK &&
		arena_copy(r->arena, h->name, &file.field) != RES_OK)
		res = RES_NOMEM;
	if (res != RES_OK || (file.name.len == 0 && octets.len == 0))
		return res;
	if (r->out->count == MULTIPART_FILES_MAX ||
		r->out->count >= r->limits->files_max ||
		octets.len > r->limits->octets_max - r->octets)
		return RES_TOOBIG;
	r->octets += octets.len;
	r->out->file[r->out->count++] = file;
	return RES_OK;
}

static enum result add_part(struct reading *r, struct slice part)
{
	struct head h;
	enum result res = read_head(&part, &h, r->arena);

	if (res != RES_OK)
		return res;
	if (h.has_file || h.has_star)
		return add_file(r, &h, part);
	if (!h.is_text)
		return RES_SYNTAX;
	if (has_file(r->out, h.name))
		return RES_EXISTS;
	return form_add(
		&r->out->form, h.name, part, &r->limits->values, r->arena);
}

/* rest stands behind a boundary. *is_over: it was the last one. */
static enum result end_line(struct slice *rest, bool *is_over)
{
	*is_over = skip_char(rest, '-');
	if (*is_over) {
		if (!skip_char(rest, '-'))
			return RES_SYNTAX;
		return rest->len == 0 || slice_is_equal(*rest, slice_of("\r\n"))
			? RES_OK
			: RES_SYNTAX;
	}
	return skip_char(rest, '\r') && skip_char(rest, '\n') ? RES_OK
							      : RES_SYNTAX;
}

/* mark: CRLF, "--" and the boundary. */
static enum result read_parts(
	struct reading *r, struct slice body, struct slice mark)
{
	const struct slice first = slice_part(mark, 2, mark.len);
	bool is_over = false;
	enum result res;

	if (!slice_has_prefix(body, first))
		return RES_SYNTAX;
	body = slice_part(body, first.len, body.len);
	res = end_line(&body, &is_over);
	while (res == RES_OK && !is_over) {
		const size_t len = find_text(body, mark);

		if (len == body.len)
			return RES_SYNTAX;
		res = add_part(r, slice_part(body, 0, len));
		body = slice_part(body, len + mark.len, body.len);
		if (res == RES_OK)
			res = end_line(&body, &is_over);
	}
	return res;
}

enum result multipart_parse(struct multipart *out, struct slice content_type,
	struct slice body, const struct multipart_limits *limits,
	struct arena *a)
{
	struct reading r = { .out = out, .limits = limits, .arena = a };
	char mark[4 + MULTIPART_BOUNDARY_MAX] = "\r\n--";
	struct slice boundary;
	enum result res;

	out->form.count = 0;
	out->count = 0;
	res = find_boundary(content_type, a, &boundary);
	if (res == RES_OK) {
		memcpy(mark + 4, boundary.at, boundary.len);
		res = read_parts(&r, body, slice_make(mark, 4 + boundary.len));
	}
	if (res == RES_OK)
		return RES_OK;
	out->form.count = 0;
	out->count = 0;
	return res;
}
