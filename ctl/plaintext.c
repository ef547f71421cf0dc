/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/plaintext.h"

#include "base/utf8.h"

#include <string.h>

static const char gap[] = "[...]\n";

size_t plaintext_scan(struct slice message)
{
	unsigned count = 0;
	size_t i = 0;

	while (i < message.len) {
		struct slice rest = slice_part(message, i, message.len);

		if (slice_has_prefix(rest, slice_of("--")) &&
			++count > PLAINTEXT_BOUNDARIES_MAX)
			return i;
		i += slice_find(rest, '\n') + 1;
	}
	return message.len;
}

/* ---- HTML ---- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The name of a tag behind "<" and "/". */
static struct slice tag_name(struct slice tag)
{
	size_t i = 0;

	if (tag.len > 0 && tag.at[0] == '/')
		tag = slice_part(tag, 1, tag.len);
	while (i < tag.len && is_letter(tag.at[i]))
		i++;
	return slice_part(tag, 0, i);
}

static bool is_tag(struct slice name, const char *const *tags)
{
	for (; *tags != NULL; tags++)
		if (slice_is_equal_nocase(name, slice_of(*tags)))
			return true;
	return false;
}

/* Behind the end of an element whose text nobody reads. */
static size_t skip_element(struct slice html, size_t i, struct slice name)
{
	for (; i + 2 + name.len <= html.len; i++)
		if (html.at[i] == '<' && html.at[i + 1] == '/' &&
			slice_is_equal_nocase(
				slice_part(html, i + 2, name.len), name))
			return i;
	return html.len;
}

/* html.at[i] is "<"; returns where to go on. */
static size_t skip_tag(struct slice html, size_t i, struct buf *out)
{
	static const char *const silent[] = { "style", "script", "head",
		"title", NULL };
	static const char *const breaks[] = { "br", "p", "div", "tr", "li",
		"blockquote", "h", "table", NULL };
	struct slice rest = slice_part(html, i + 1, html.len);
	size_t end = slice_find(rest, '>');
	struct slice name = tag_name(slice_part(rest, 0, end));

	if (is_tag(name, breaks) &&
		(out->len == 0 || out->at[out->len - 1] != '\n'))
		buf_add_char(out, '\n');
	i += 1 + end + 1;
	if (rest.len > 0 && rest.at[0] != '/' && is_tag(name, silent))
		return skip_element(html, i, name);
	return i;
}

/* html.at[i] is "&"; returns where to go on. */
static size_t add_reference(struct slice html, size_t i, struct buf *out)
{
	static const struct {
		const char *name;
		const char *text;
	} known[] = {
		{ "&amp;", "&" },
		{ "&lt;", "<" },
		{ "&gt;", ">" },
		{ "&quot;", "\"" },
		{ "&#39;", "'" },
		{ "&apos;", "'" },
		{ "&nbsp;", " " },
	};

	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
		struct slice name = slice_of(known[k].name);

		if (slice_has_prefix(slice_part(html, i, name.len), name)) {
			buf_add_text(out, known[k].text);
			return i + name.len;
		}
	}
	buf_add_char(out, '&');
	return i + 1;
}

void plaintext_strip(struct slice html, struct buf *out)
{
	size_t i = 0;

	while (i < html.len) {
		char c = html.at[i];

		if (c == '<') {
			i = skip_tag(html, i, out);
		} else if (c == '&') {
			i = add_reference(html, i, out);
		} else {
			/* Lines of the source are no lines of the text. */
			buf_add_char(out, c == '\n' || c == '\r' ? ' ' : c);
			i++;
		}
	}
}

/* ---- what stays ---- */

struct cleaning {
	struct buf *out;
	size_t most;
	unsigned quoted; /* lines of this quote so far */
	size_t empty; /* a line that waits for one that is not */
	bool is_full;
};

/* Between characters: not before an octet that goes on. */
static struct slice cut_line(const struct cleaning *c, struct slice line)
{
	size_t taken = c->out->len + strlen(gap) + c->empty + 1;

	return utf8_cut(line, c->most > taken ? c->most - taken : 0);
}

static void add_visible(struct buf *out, struct slice line)
{
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.at[i];

		if ((c >= ' ' && c != 0x7f) || c == '\t')
			buf_add_char(out, line.at[i]);
	}
	buf_add_char(out, '\n');
}

static void add_line(struct cleaning *c, struct slice line)
{
	if (line.len == 0) {
		c->empty = c->out->len > 0 ? 1 : 0;
		return;
	}
	c->is_full =
		c->out->len + c->empty + line.len + 1 + strlen(gap) > c->most;
	if (c->is_full)
		line = cut_line(c, line);
	if (line.len > 0 && c->empty > 0)
		buf_add_char(c->out, '\n');
	if (line.len > 0)
		add_visible(c->out, line);
	c->empty = 0;
	if (c->is_full)
		buf_add_text(c->out, gap);
}

static void take_line(struct cleaning *c, struct slice line)
{
	if (line.len == 0 || line.at[0] != '>') {
		c->quoted = 0;
		add_line(c, line);
		return;
	}
	c->quoted++;
	if (c->quoted <= PLAINTEXT_QUOTED_MAX)
		add_line(c, line);
	else if (c->quoted == PLAINTEXT_QUOTED_MAX + 1)
		add_line(c, slice_of("[...]"));
}

static struct slice without_end(struct slice line)
{
	while (line.len > 0 && strchr(" \t\r", line.at[line.len - 1]) != NULL)
		line.len--;
	return line;
}

void plaintext_clean(struct slice text, size_t most, struct buf *out)
{
	struct cleaning c = { .out = out, .most = most };
	struct slice line;

	while (!c.is_full && slice_cut(&text, '\n', &line)) {
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		/* RFC 3676 s4.3 */
		if (slice_is_equal(line, slice_of("-- ")))
			break;
		take_line(&c, without_end(line));
	}
	while (out->len > 0 && out->at[out->len - 1] == '\n')
		out->at[--out->len] = '\0';
}
