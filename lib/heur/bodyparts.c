/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/bodyparts.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "conf/conf.h"
#include "heur/bodykind.h"
#include "mail/charset.h"
#include "mail/param.h"
#include "mail/transfer.h"

enum { CHARSET_MAX = 64, HEAD_ENCODED = BODYKIND_HEAD * 3 / 2 };

struct maker {
	struct arena *a;
	struct body_facts *facts;
	size_t text_left; /* of mime.text_max */
};

/* ---- what the header says ---- */

static enum result copy_param(struct maker *m, struct slice field,
	const char *name, struct slice *out)
{
	struct buf text;
	enum result res;

	buf_init(&text, BODYPARTS_NAME_MAX);
	res = param_find(field, name, &text);
	if (res == RES_OK || res == RES_TOOBIG)
		res = arena_copy(m->a, buf_slice(&text), out);
	else if (res == RES_MISSING)
		res = RES_OK;
	buf_clear(&text);
	return res == RES_OK ? RES_OK : RES_NOMEM;
}

static bool is_text_type(struct slice type)
{
	return slice_has_prefix(type, slice_of("text/"));
}

static enum result read_names(
	struct maker *m, const struct mime_part *from, struct body_part *to)
{
	enum result res =
		copy_param(m, from->head.disposition, "filename", &to->name);

	if (res == RES_OK && to->name.len == 0)
		res = copy_param(m, from->head.type, "name", &to->name);
	if (res == RES_OK)
		res = copy_param(m, from->head.type, "charset", &to->charset);
	if (to->charset.len > CHARSET_MAX)
		to->charset.len = CHARSET_MAX;
	to->is_attachment = slice_is_equal_nocase(
		param_value(from->head.disposition), slice_of("attachment"));
	if (to->name.len > 0 && !is_text_type(to->type))
		to->is_attachment = true;
	return res;
}

/* ---- content ---- */

static bool is_base64(struct slice encoding)
{
	return slice_is_equal(encoding, slice_of("base64"));
}

static bool is_quoted(struct slice encoding)
{
	return slice_is_equal(encoding, slice_of("quoted-printable"));
}

static size_t undo(
	char *to, struct slice raw, struct slice encoding, size_t *broken)
{
	return is_base64(encoding) ? transfer_base64(to, raw, broken)
				   : transfer_quoted(to, raw, broken);
}

static enum body_kind look_at_front(struct slice raw, struct slice encoding)
{
	char front[HEAD_ENCODED];
	size_t broken = 0;

	if (!is_base64(encoding) && !is_quoted(encoding))
		return bodykind_of(raw);
	raw = slice_part(raw, 0, HEAD_ENCODED);
	return bodykind_of(
		slice_make(front, undo(front, raw, encoding, &broken)));
}

/* Text is what it is called, unless its octets say that it is something that
 * does harm when opened. */
static enum body_kind kind_of(const struct body_part *p, struct slice raw)
{
	const enum body_kind kind = look_at_front(raw, p->encoding);

	if (slice_has_prefix(p->type, slice_of("message/rfc822")))
		return BODY_MESSAGE;
	if (!is_text_type(p->type))
		return kind;
	switch (kind) {
	case BODY_OTHER:
	case BODY_TEXT:
	case BODY_HTML:
	case BODY_MESSAGE:
		break;
	case BODY_PROGRAM:
		/* A script that is shown is text to read. */
		if (p->is_attachment || (raw.len > 0 && raw.at[0] != '#'))
			return kind;
		break;
	case BODY_IMAGE:
	case BODY_PDF:
	case BODY_ZIP:
	case BODY_ARCHIVE:
	case BODY_OLE:
		return kind;
	}
	if (p->is_attachment && kind == BODY_HTML)
		return kind;
	return slice_is_equal(p->type, slice_of("text/html")) ? BODY_HTML
							      : BODY_TEXT;
}

/* Nothing is looked for in these but their beginning. */
static bool is_front_enough(enum body_kind kind)
{
	return kind == BODY_IMAGE || kind == BODY_PDF;
}

static enum result decode(
	struct maker *m, struct slice raw, struct body_part *p)
{
	const size_t all = raw.len;
	size_t broken = 0;
	char *to;

	p->content = raw;
	p->octets = raw.len;
	if (!is_base64(p->encoding) && !is_quoted(p->encoding))
		return RES_OK;
	if (is_front_enough(p->kind))
		raw = slice_part(raw, 0, BODYPARTS_FRONT);
	to = arena_alloc(m->a, raw.len + 1);
	if (to == NULL)
		return RES_NOMEM;
	p->content = slice_make(to, undo(to, raw, p->encoding, &broken));
	p->octets = p->content.len;
	if (raw.len < all) {
		p->is_cut = true;
		p->octets = all / 4 * 3;
	}
	/* A list's footer behind base64 is no wonder. */
	if (is_base64(p->encoding) && broken > raw.len / 8)
		m->facts->is_broken = true;
	return RES_OK;
}

static bool is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/* <meta charset=...>, or the like in http-equiv, which readers go by where the
 * header says nothing. */
static struct slice charset_of_page(struct slice html)
{
	static const char mark[] = "charset=";
	const struct slice front = slice_part(html, 0, BODYKIND_HEAD);

	for (size_t i = 0; i < front.len; i++) {
		struct slice name = slice_part(front, i, front.len);
		size_t len = 0;

		if (!slice_has_prefix_nocase(name, slice_of(mark)))
			continue;
		name = slice_part(name, sizeof(mark) - 1, name.len);
		if (name.len > 0 && (name.at[0] == '"' || name.at[0] == '\''))
			name = slice_part(name, 1, name.len);
		while (len < name.len && is_token(name.at[len]))
			len++;
		name = slice_part(name, 0, len);
		/* What could be read so far is neither UTF-16 nor UTF-7. */
		return slice_has_prefix_nocase(name, slice_of("ut"))
			? slice_of("utf-8")
			: name;
	}
	return slice_of("");
}

/* To UTF-8, as far as mime.text_max lets it. */
static enum result recode(struct maker *m, struct body_part *p)
{
	struct slice text = p->content;
	struct buf out;
	enum result res;

	if (p->charset.len == 0 && p->kind == BODY_HTML)
		p->charset = charset_of_page(text);
	if (charset_is_same(p->charset, text)) {
		p->is_cut = p->is_cut || text.len > m->text_left;
		if (text.len > m->text_left) {
			text.len = m->text_left;
			while (text.len > 0 &&
				((unsigned char)p->content.at[text.len] &
					0xc0) == 0x80)
				text.len--;
		}
		p->content = text;
		m->text_left -= text.len;
		return RES_OK;
	}
	buf_init(&out, m->text_left);
	res = charset_decode(p->charset, text, &out);
	if (res == RES_TOOBIG) {
		p->is_cut = true;
		res = RES_OK;
	}
	if (res == RES_OK) {
		m->text_left -= out.len;
		res = arena_copy(m->a, buf_slice(&out), &p->content);
	}
	buf_clear(&out);
	return res;
}

static bool is_seven_bit(struct slice encoding)
{
	return encoding.len == 0 || slice_is_equal(encoding, slice_of("7bit"));
}

static enum result make_leaf(
	struct maker *m, struct slice raw, struct body_part *p)
{
	enum result res;

	p->kind = kind_of(p, raw);
	if (is_seven_bit(p->encoding) && utf8_ascii(raw) < raw.len)
		m->facts->has_eight_bit = true;
	res = decode(m, raw, p);
	if (res == RES_OK &&
		(p->kind == BODY_HTML ||
			(p->kind == BODY_TEXT && is_text_type(p->type))))
		res = recode(m, p);
	return res;
}

static enum result make_part(
	struct maker *m, const struct mime_part *from, struct body_part *to)
{
	enum result res;

	*to = (struct body_part){
		.type = from->type,
		.encoding = from->encoding,
		.depth = from->depth,
		.parent = from->parent,
		.is_multipart = from->is_multipart,
	};
	res = read_names(m, from, to);
	if (res != RES_OK || from->is_multipart)
		return res;
	if (from->is_message) {
		to->kind = BODY_MESSAGE;
		to->octets = from->raw.len;
		return RES_OK;
	}
	return make_leaf(m, from->raw, to);
}

enum result bodyparts_make(struct slice raw, const struct mime_head *head,
	const struct conf_mime *limits, struct arena *a,
	struct body_facts *facts)
{
	const struct mime_limits most = { limits->parts_max,
		limits->depth_max };
	struct maker m = { a, facts, limits->text_max };
	struct body_part *parts;
	struct mime mime;

	if (mime_parse(raw, head, &most, a, &mime) != RES_OK)
		return RES_NOMEM;
	parts = arena_alloc(a, mime.count * sizeof(*parts));
	if (parts == NULL)
		return RES_NOMEM;
	facts->is_too_deep = mime.is_too_deep;
	facts->has_too_many = mime.has_too_many;
	facts->is_broken = mime.is_broken && !facts->is_cut;
	for (size_t i = 0; i < mime.count; i++)
		if (make_part(&m, &mime.parts[i], &parts[i]) != RES_OK)
			return RES_NOMEM;
	facts->parts = parts;
	facts->part_count = mime.count;
	return RES_OK;
}
