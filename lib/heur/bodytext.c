/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/bodytext.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "conf/conf.h"
#include "mail/html.h"
#include "mail/url.h"

#include <string.h>

enum { FIRST_LINKS = 16, NO_LINK = -1 };

struct reader {
	const struct conf_mime *limits;
	struct arena *a;
	struct buf *text;
	struct body_facts *facts;
	struct body_link *links;
	size_t room;
	unsigned part;
	bool is_shown; /* the part is seen without opening anything */
	bool has_blank; /* text is to go on behind a blank, */
	bool has_line; /* or on a new line */
	long anchor; /* index of the link that is open, or NO_LINK */
	struct buf shown; /* what stands in it */
	enum result failed;
};

/* ---- links ---- */

static enum result make_room(struct reader *r)
{
	struct body_link *more;

	if (r->facts->link_count < r->room)
		return RES_OK;
	r->room = r->room == 0 ? FIRST_LINKS : 2 * r->room;
	more = arena_alloc(r->a, r->room * sizeof(*more));
	if (more == NULL)
		return RES_NOMEM;
	if (r->facts->link_count > 0)
		memcpy(more, r->links, r->facts->link_count * sizeof(*more));
	r->links = more;
	r->facts->links = more;
	return RES_OK;
}

/* Many links of a message lead to one host, often one after another. */
static enum result copy_host(
	struct reader *r, const struct url *u, struct slice *out)
{
	const size_t count = r->facts->link_count;
	const struct slice host = url_host(u);

	if (count > 0 && slice_is_equal(r->links[count - 1].host, host)) {
		*out = r->links[count - 1].host;
		return RES_OK;
	}
	return arena_copy(r->a, host, out);
}

/* A place in the same text, or a part of this message, leads nowhere. */
static bool leads_out(const struct url *u)
{
	return u->host_len > 0 ||
		(u->scheme.len > 0 &&
			!slice_is_equal_nocase(u->scheme, slice_of("cid")) &&
			!slice_is_equal_nocase(u->scheme, slice_of("data")));
}

/* Its index, or NO_LINK. */
static long add_link(
	struct reader *r, struct slice text, enum body_link_source source)
{
	struct body_link link = { .source = source, .part = r->part };
	char clean[URL_MAX];
	struct url u;
	size_t len;
	enum result res;

	if (r->failed != RES_OK || text.len == 0 || text.at[0] == '#')
		return NO_LINK;
	if (r->facts->link_count == r->limits->links_max) {
		r->facts->has_more_links = true;
		return NO_LINK;
	}
	len = url_parse(text, clean, &u);
	if (!leads_out(&u))
		return NO_LINK;
	link.has_userinfo = u.has_userinfo;
	link.is_idn = u.is_idn;
	link.is_address = u.is_address;
	res = make_room(r);
	if (res == RES_OK)
		res = arena_copy(r->a, slice_make(clean, len), &link.url);
	if (res == RES_OK)
		res = copy_host(r, &u, &link.host);
	if (res != RES_OK) {
		r->failed = RES_NOMEM;
		return NO_LINK;
	}
	r->links[r->facts->link_count] = link;
	return (long)r->facts->link_count++;
}

static void find_links(struct reader *r, struct slice text)
{
	struct slice found;
	size_t at = 0;

	while (r->failed == RES_OK && !r->facts->has_more_links &&
		url_find(text, &at, &found))
		(void)add_link(r, found, BODY_LINK_TEXT);
}

/* ---- text ---- */

/* What has no room is left out; memory that is short is not. */
static void add(struct reader *r, struct slice piece)
{
	struct buf *b = r->text;

	if (!r->is_shown)
		return;
	buf_add(b, utf8_cut(piece, b->max - b->len));
	if (buf_result(b) != RES_OK)
		r->failed = RES_NOMEM;
}

static void add_shown(struct reader *r, struct slice piece)
{
	struct buf *b = &r->shown;

	if (r->anchor == NO_LINK)
		return;
	buf_add(b, utf8_cut(piece, b->max - b->len));
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void add_gap(struct reader *r)
{
	if (r->has_line) {
		if (r->text->len > 0)
			add(r, slice_of("\n"));
		add_shown(r, slice_of(r->shown.len > 0 ? " " : ""));
	} else if (r->has_blank) {
		add(r, slice_of(" "));
		add_shown(r, slice_of(r->shown.len > 0 ? " " : ""));
	}
	r->has_blank = r->has_line = false;
}

/* How many octets from there on can be taken as they are: words with one blank
 * between two. */
static size_t words_len(struct slice text, size_t at)
{
	size_t end = at;

	while (end < text.len &&
		(!is_blank(text.at[end]) ||
			(text.at[end] == ' ' && end + 1 < text.len &&
				!is_blank(text.at[end + 1]))))
		end++;
	return end - at;
}

/* Text of HTML: blanks are one. */
static void add_words(struct reader *r, struct slice text)
{
	size_t at = 0;

	while (at < text.len && r->failed == RES_OK) {
		struct slice words;

		if (is_blank(text.at[at])) {
			r->has_blank = true;
			at++;
			continue;
		}
		words = slice_part(text, at, words_len(text, at));
		add_gap(r);
		add(r, words);
		add_shown(r, words);
		at += words.len;
	}
}

/* Text as it stands, line ends as LF. */
static void add_lines(struct reader *r, struct slice text)
{
	struct slice line;

	while (r->failed == RES_OK && slice_cut(&text, '\n', &line)) {
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		add(r, line);
		add(r, slice_of("\n"));
	}
}

/* ---- HTML ---- */

static void end_anchor(struct reader *r)
{
	if (r->anchor == NO_LINK)
		return;
	if (arena_copy(r->a, buf_slice(&r->shown),
		    &r->links[r->anchor].shown) != RES_OK)
		r->failed = RES_NOMEM;
	buf_reset(&r->shown);
	r->anchor = NO_LINK;
}

/* content="0; url=http://..." */
static void add_refresh(struct reader *r, const struct html_token *t)
{
	struct slice content = html_value(t, "content");

	if (!slice_is_equal_nocase(
		    html_value(t, "http-equiv"), slice_of("refresh")))
		return;
	content = slice_trim(
		slice_part(content, slice_find(content, ';') + 1, content.len));
	if (slice_has_prefix_nocase(content, slice_of("url")))
		content = slice_part(
			content, slice_find(content, '=') + 1, content.len);
	content = slice_trim(content);
	if (content.len > 1 && (content.at[0] == '"' || content.at[0] == '\''))
		content = slice_part(content, 1,
			slice_find(slice_part(content, 1, content.len),
				content.at[0]));
	(void)add_link(r, content, BODY_LINK_HREF);
}

/* Which attributes lead where; of "a" see below. */
static const struct {
	const char *tag; /* NULL: of any */
	const char *attribute;
	enum body_link_source source;
} leads[] = {
	{ NULL, "src", BODY_LINK_SRC },
	{ "area", "href", BODY_LINK_HREF },
	{ "base", "href", BODY_LINK_HREF },
	{ "link", "href", BODY_LINK_SRC },
	{ "form", "action", BODY_LINK_HREF },
	{ "button", "formaction", BODY_LINK_HREF },
	{ "input", "formaction", BODY_LINK_HREF },
	{ "object", "data", BODY_LINK_SRC },
	{ "body", "background", BODY_LINK_SRC },
	{ "td", "background", BODY_LINK_SRC },
	{ "table", "background", BODY_LINK_SRC },
};

static void read_open(struct reader *r, const struct html_token *t)
{
	if (t->attribute_count == 0)
		return;
	if (slice_is_equal(t->name, slice_of("a"))) {
		struct slice href = html_value(t, "href");

		if (href.at == NULL)
			href = html_value(t, "xlink:href");
		end_anchor(r);
		r->anchor = add_link(r, href, BODY_LINK_HREF);
		return;
	}
	if (slice_is_equal(t->name, slice_of("meta"))) {
		add_refresh(r, t);
		return;
	}
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if (leads[i].tag == NULL ||
			(t->name.at[0] == leads[i].tag[0] &&
				slice_is_equal(
					t->name, slice_of(leads[i].tag))))
			(void)add_link(r, html_value(t, leads[i].attribute),
				leads[i].source);
}

static void read_text(struct reader *r, const struct html_token *t)
{
	if (t->is_hidden) {
		r->facts->hidden += r->is_shown && !t->is_toggled
			? html_weight(t->text)
			: 0;
		return;
	}
	if (r->anchor == NO_LINK)
		find_links(r, t->text);
	add_words(r, t->text);
}

static bool take_token(void *ctx, const struct html_token *t)
{
	struct reader *r = ctx;

	if (t->is_block)
		r->has_line = true;
	switch (t->kind) {
	case HTML_TEXT:
		read_text(r, t);
		break;
	case HTML_OPEN:
		read_open(r, t);
		break;
	case HTML_CLOSE:
		if (slice_is_equal(t->name, slice_of("a")))
			end_anchor(r);
		break;
	case HTML_COMMENT:
	case HTML_TITLE:
		break;
	}
	return r->failed == RES_OK;
}

static void read_html(struct reader *r, struct slice html)
{
	if (html_walk(html, take_token, r) != RES_OK)
		r->failed = RES_NOMEM;
	end_anchor(r);
	r->has_line = true;
	r->has_blank = false;
}

/* ---- the whole ---- */

static void read_part(struct reader *r, const struct body_part *p)
{
	r->is_shown = !p->is_attachment &&
		slice_has_prefix(p->type, slice_of("text/"));
	if (p->kind == BODY_HTML) {
		read_html(r, p->content);
	} else if (p->kind == BODY_TEXT && r->is_shown) {
		r->has_blank = false;
		add_gap(r);
		find_links(r, p->content);
		add_lines(r, p->content);
	}
}

enum result bodytext_make(const struct conf_mime *limits, struct arena *a,
	struct buf *text, struct body_facts *facts)
{
	struct reader r = {
		.limits = limits,
		.a = a,
		.text = text,
		.facts = facts,
		.anchor = NO_LINK,
	};

	buf_init(&r.shown, BODYTEXT_SHOWN_MAX);
	for (size_t i = 0; i < facts->part_count && r.failed == RES_OK; i++) {
		r.part = (unsigned)i;
		read_part(&r, &facts->parts[i]);
	}
	buf_clear(&r.shown);
	facts->text = buf_slice(text);
	return r.failed;
}
