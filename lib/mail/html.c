/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/html.h"

#include "base/utf8.h"
#include "mail/htmlentity.h"
#include "mail/htmlstack.h"
#include "mail/htmltag.h"

#include <stdlib.h>
#include <string.h>

struct walk {
	struct slice in;
	size_t at;
	char *scratch; /* in.len octets: what a token needs that is not in "in"
			*/
	size_t used;
	html_take *take;
	void *ctx;
	bool is_over; /* the taker has had enough */
	const struct htmltag *plain; /* the element in which nothing is a tag */
	struct html_attribute attributes[HTML_ATTRIBUTES_MAX];
	struct htmlstack stack;
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static char folded(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The index of the next c from that index on, or the length. */
static size_t find_from(struct slice s, size_t from, char c)
{
	const char *found =
		from < s.len ? memchr(s.at + from, c, s.len - from) : NULL;

	return found == NULL ? s.len : (size_t)(found - s.at);
}

static void hand_out(struct walk *w, const struct html_token *t)
{
	w->is_over = !w->take(w->ctx, t);
	w->used = 0;
}

/* ---- text ---- */

size_t html_decode(char *to, struct slice text, bool is_attribute)
{
	size_t at = 0, len = 0;

	while (at < text.len) {
		const size_t next = find_from(text, at, '&');
		char character[UTF8_LEN_MAX];
		uint32_t c = 0;
		size_t read;

		memmove(to + len, text.at + at, next - at);
		len += next - at;
		if (next == text.len)
			break;
		read = htmlentity_read(
			slice_part(text, next, text.len), is_attribute, &c);
		if (read == 0) {
			to[len++] = '&';
			at = next + 1;
			continue;
		}
		at = next + read;
		read = utf8_write(c, character);
		memcpy(to + len, character, read);
		len += read;
	}
	return len;
}

/* Does what is written end in a character that is neither ASCII nor U+00A0? */
static bool is_behind_script(const char *to, size_t len)
{
	return len > 1 && (unsigned char)to[len - 1] >= 0x80 &&
		memcmp(to + len - 2, "\xc2\xa0", 2) != 0;
}

/* Its octets, when it is one that has no width: 0 otherwise. A joiner behind
 * a letter has its use in some scripts and in emoji. */
static size_t widthless(struct slice s, bool may_join)
{
	static const char *const marks[] = { "\xc2\xad", "\xcd\x8f",
		"\xe1\xa0\x8e", "\xe2\x80\x8b", "\xe2\x81\xa0", "\xef\xbb\xbf",
		"\xe2\x80\x8c", "\xe2\x80\x8d" };
	enum { ALWAYS = 6, COUNT = 8 };

	for (size_t i = 0; i < (may_join ? ALWAYS : COUNT); i++)
		if (s.at[0] == marks[i][0] &&
			slice_has_prefix(s, slice_of(marks[i])))
			return slice_of(marks[i]).len;
	return 0;
}

/* What those above begin with: quick for most scripts. */
static bool may_be_widthless(char c)
{
	switch ((unsigned char)c) {
	case 0xc2:
	case 0xcd:
	case 0xe1:
	case 0xe2:
	case 0xef:
		return true;
	default:
		return false;
	}
}

static bool may_hold_widthless(struct slice s)
{
	return utf8_ascii(s) < s.len || find_from(s, 0, '\0') < s.len;
}

/* "to" may be where s is. */
static size_t squeeze(char *to, struct slice s, size_t *dropped)
{
	size_t len = 0;

	for (size_t i = 0; i < s.len;) {
		size_t none = s.at[i] == '\0';

		if (may_be_widthless(s.at[i]))
			none = widthless(slice_part(s, i, s.len),
				is_behind_script(to, len));
		if (none == 0)
			to[len++] = s.at[i++];
		i += none;
		*dropped += none > 0;
	}
	return len;
}

static void give_text(struct walk *w, struct slice raw)
{
	struct html_token t = { .kind = HTML_TEXT, .text = raw };

	if (w->plain != NULL && strcmp(w->plain->name, "title") == 0)
		t.kind = HTML_TITLE;
	if (find_from(raw, 0, '&') < raw.len)
		t.text = slice_make(
			w->scratch, html_decode(w->scratch, raw, false));
	if (may_hold_widthless(t.text))
		t.text = slice_make(
			w->scratch, squeeze(w->scratch, t.text, &t.dropped));
	t.is_hidden = htmlstack_is_hidden(&w->stack);
	t.is_toggled = htmlstack_is_toggled(&w->stack);
	hand_out(w, &t);
}

/* ---- tags ---- */

static struct slice fold(struct walk *w, struct slice name)
{
	char *to = w->scratch + w->used;

	for (size_t i = 0; i < name.len; i++)
		to[i] = folded(name.at[i]);
	w->used += name.len;
	return slice_make(to, name.len);
}

static void skip_blanks(struct walk *w)
{
	while (w->at < w->in.len && is_blank(w->in.at[w->at]))
		w->at++;
}

static bool is_at(const struct walk *w, char c)
{
	return w->at < w->in.len && w->in.at[w->at] == c;
}

static struct slice read_name(struct walk *w, bool is_attribute)
{
	const size_t begin = w->at;

	/* A "=" in front is part of the name. */
	if (is_attribute && is_at(w, '='))
		w->at++;
	for (; w->at < w->in.len; w->at++) {
		const char c = w->in.at[w->at];

		if (is_blank(c) || c == '/' || c == '>' ||
			(is_attribute && c == '='))
			break;
	}
	return slice_part(w->in, begin, w->at - begin);
}

static struct slice read_value(struct walk *w)
{
	const char quote = w->in.at[w->at];
	size_t begin = w->at, end;

	if (quote == '"' || quote == '\'') {
		begin++;
		end = find_from(w->in, begin, quote);
		w->at = end < w->in.len ? end + 1 : end;
		return slice_part(w->in, begin, end - begin);
	}
	while (w->at < w->in.len && !is_blank(w->in.at[w->at]) &&
		w->in.at[w->at] != '>')
		w->at++;
	return slice_part(w->in, begin, w->at - begin);
}

static struct slice decode_value(struct walk *w, struct slice raw)
{
	char *to = w->scratch + w->used;
	size_t len;

	if (find_from(raw, 0, '&') == raw.len)
		return raw;
	len = html_decode(to, raw, true);
	w->used += len;
	return slice_make(to, len);
}

static void add_attribute(struct walk *w, struct html_token *t,
	struct slice name, struct slice value)
{
	if (t->attribute_count == HTML_ATTRIBUTES_MAX)
		return;
	name = fold(w, name);
	for (size_t i = 0; i < t->attribute_count; i++)
		if (slice_is_equal(w->attributes[i].name, name))
			return;
	w->attributes[t->attribute_count++] =
		(struct html_attribute){ name, decode_value(w, value) };
}

/* Behind the name of a tag. False: it does not end. */
static bool read_attributes(
	struct walk *w, struct html_token *t, bool *is_self_closing)
{
	while (w->at < w->in.len) {
		struct slice name, value = slice_of("");

		skip_blanks(w);
		*is_self_closing = is_at(w, '/');
		if (*is_self_closing) {
			w->at++;
			if (!is_at(w, '>'))
				continue;
		}
		if (is_at(w, '>')) {
			w->at++;
			return true;
		}
		name = read_name(w, true);
		skip_blanks(w);
		if (is_at(w, '=')) {
			w->at++;
			skip_blanks(w);
			if (w->at < w->in.len)
				value = read_value(w);
		}
		add_attribute(w, t, name, value);
	}
	return false;
}

static bool ends_plain(struct slice rest, struct slice name)
{
	const struct slice found = slice_part(rest, 2, name.len);

	if (rest.len < 2 || rest.at[1] != '/' ||
		!slice_is_equal_nocase(found, name))
		return false;
	return rest.len == name.len + 2 || is_blank(rest.at[name.len + 2]) ||
		rest.at[name.len + 2] == '/' || rest.at[name.len + 2] == '>';
}

/* Up to the end tag of the element in which nothing is a tag, or to the end.
 */
static void walk_plain(struct walk *w, const struct htmltag *tag)
{
	const struct slice name = slice_of(tag->name);
	const size_t begin = w->at;
	size_t end = begin;

	for (;; end++) {
		end = find_from(w->in, end, '<');
		if (end == w->in.len ||
			ends_plain(slice_part(w->in, end, w->in.len), name))
			break;
	}
	w->at = end;
	if ((tag->flags & HTMLTAG_RAW) != 0 || end == begin)
		return;
	w->plain = tag;
	give_text(w, slice_part(w->in, begin, end - begin));
	w->plain = NULL;
}

static bool begins_sheet(const struct htmltag *tag)
{
	return tag != NULL && strcmp(tag->name, "style") == 0;
}

static void walk_open(struct walk *w)
{
	struct html_token t = { .kind = HTML_OPEN,
		.attributes = w->attributes };
	const struct htmltag *tag;
	bool is_self_closing = false;

	w->at++;
	t.name = fold(w, read_name(w, false));
	if (!read_attributes(w, &t, &is_self_closing))
		return;
	tag = htmltag_find(t.name);
	t.is_block = tag != NULL && (tag->flags & HTMLTAG_BLOCK) != 0;
	w->stack.has_sheet = w->stack.has_sheet || begins_sheet(tag);
	t.is_hidden = htmlstack_enter(&w->stack, tag, &t, is_self_closing);
	hand_out(w, &t);
	if (!w->is_over && tag != NULL &&
		(tag->flags & (HTMLTAG_RAW | HTMLTAG_PLAIN)) != 0)
		walk_plain(w, tag);
}

static void walk_close(struct walk *w)
{
	struct html_token t = { .kind = HTML_CLOSE,
		.attributes = w->attributes };
	const struct htmltag *tag;
	bool is_self_closing;

	w->at += 2;
	t.name = fold(w, read_name(w, false));
	if (!read_attributes(w, &t, &is_self_closing))
		return;
	t.attribute_count = 0;
	tag = htmltag_find(t.name);
	t.is_block = tag != NULL && (tag->flags & HTMLTAG_BLOCK) != 0;
	t.is_hidden = htmlstack_is_hidden(&w->stack);
	htmlstack_leave(&w->stack, tag, t.name);
	hand_out(w, &t);
}

/* ---- comments ---- */

/* How many octets before the ">" at that index end a comment with it: those of
 * "--" or "--!"; 0: it is one within. */
static size_t comment_tail(struct slice in, size_t from, size_t at)
{
	static const char *const tails[] = { "--", "--!" };
	const struct slice before = slice_part(in, from, at - from);

	for (size_t i = 0; i < 2; i++) {
		const struct slice tail = slice_of(tails[i]);

		if (before.len >= tail.len &&
			slice_is_equal(tail,
				slice_part(before, before.len - tail.len,
					tail.len)))
			return tail.len;
	}
	/* "<!-->" and "<!--->" are comments already. */
	return before.len == 1 && before.at[0] == '-' ? 1 : 0;
}

/* Behind "<!--": where it ends, and where the text goes on. */
static size_t comment_end(struct slice in, size_t from, size_t *next)
{
	size_t end = from;

	for (;; end++) {
		size_t tail;

		end = find_from(in, end, '>');
		*next = end == in.len ? end : end + 1;
		if (end == in.len || end == from)
			return end;
		tail = comment_tail(in, from, end);
		if (tail > 0)
			return end - tail;
	}
}

static void walk_comment(struct walk *w)
{
	const struct slice rest = slice_part(w->in, w->at, w->in.len);
	struct html_token t = { .kind = HTML_COMMENT, .is_hidden = true };
	size_t begin, end;

	if (slice_has_prefix(rest, slice_of("<!--"))) {
		begin = w->at + 4;
		end = comment_end(w->in, begin, &w->at);
	} else { /* <!DOCTYPE>, <![if]>, <?xml?>, </3> */
		begin = w->at + 2;
		end = find_from(w->in, begin, '>');
		w->at = end == w->in.len ? end : end + 1;
	}
	t.text = slice_part(w->in, begin, end - begin);
	hand_out(w, &t);
}

/* ---- the whole ---- */

static bool begins_markup(struct slice in, size_t at)
{
	const char next = at + 1 < in.len ? in.at[at + 1] : ' ';

	if (next == '/') /* at the end of the text it is text */
		return at + 2 < in.len;
	return is_letter(next) || next == '!' || next == '?';
}

static void walk_text(struct walk *w)
{
	size_t end = find_from(w->in, w->at, '<');
	const size_t begin = w->at;

	while (end < w->in.len && !begins_markup(w->in, end))
		end = find_from(w->in, end + 1, '<');
	w->at = end;
	if (end > begin)
		give_text(w, slice_part(w->in, begin, end - begin));
}

static void walk_markup(struct walk *w)
{
	const char next = w->in.at[w->at + 1];

	if (is_letter(next))
		walk_open(w);
	else if (next == '/' && is_letter(w->in.at[w->at + 2]))
		walk_close(w);
	else
		walk_comment(w);
}

enum result html_walk(struct slice utf8, html_take *take, void *ctx)
{
	struct walk *w;

	if (utf8.len == 0)
		return RES_OK;
	w = malloc(sizeof(*w));
	if (w == NULL)
		return RES_NOMEM;
	w->in = utf8;
	w->at = w->used = 0;
	w->take = take;
	w->ctx = ctx;
	w->is_over = false;
	w->plain = NULL;
	w->scratch = malloc(utf8.len);
	htmlstack_init(&w->stack);
	if (w->scratch == NULL) {
		free(w);
		return RES_NOMEM;
	}
	while (w->at < utf8.len && !w->is_over) {
		walk_text(w);
		if (w->at < utf8.len && !w->is_over)
			walk_markup(w);
	}
	free(w->scratch);
	free(w);
	return RES_OK;
}

struct slice html_value(const struct html_token *t, const char *name)
{
	const struct slice wanted = slice_of(name);

	for (size_t i = 0; i < t->attribute_count; i++)
		if (t->attributes[i].name.len == wanted.len &&
			slice_is_equal(t->attributes[i].name, wanted))
			return t->attributes[i].value;
	return (struct slice){ NULL, 0 };
}

size_t html_weight(struct slice text)
{
	size_t weight = 0;

	for (size_t i = 0; i < text.len; i++) {
		const unsigned char c = (unsigned char)text.at[i];

		if (c == 0xc2 && i + 1 < text.len &&
			(unsigned char)text.at[i + 1] == 0xa0)
			i++;
		else
			weight += !is_blank(text.at[i]);
	}
	return weight;
}
