/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/encodedword.h"

#include "mail/charset.h"
#include "mail/transfer.h"

#include <string.h>

enum { WORD_LEN_MAX = 75, CHARSET_LEN_MAX = 60 };

/* "=?charset*language?B?text?=" */
struct word {
	struct slice charset; /* without the language (RFC 2231 s5) */
	struct slice text;
	char encoding; /* 'b' or 'q' */
	size_t end; /* index behind it */
};

struct decoder {
	struct slice value;
	struct buf *out;
	struct encodedword *seen;
	/* Octets of words side by side, of one charset. */
	struct buf held;
	struct slice charset;
	size_t end_from,
		end_at; /* from the one on, "?=" is first at the other */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_pair(struct slice s, size_t at, const char *pair)
{
	return s.len - at >= 2 && s.at[at] == pair[0] &&
		s.at[at + 1] == pair[1];
}

/* The next index of that pair, or the length. */
static size_t find_pair(struct slice s, size_t at, const char *pair)
{
	for (; at < s.len; at++) {
		const char *found = memchr(s.at + at, pair[0], s.len - at);

		if (found == NULL)
			break;
		at = (size_t)(found - s.at);
		if (is_pair(s, at, pair))
			return at;
	}
	return s.len;
}

/* Kept, so that beginnings without an end do not each look to the end. */
static size_t find_end(struct decoder *d, size_t at)
{
	if (at < d->end_from || at > d->end_at) {
		d->end_from = at;
		d->end_at = find_pair(d->value, at, "?=");
	}
	return d->end_at;
}

/* RFC 2047 s2: no blanks, no "?"; what is left is looked up later. */
static size_t charset_len(struct slice rest)
{
	size_t len = 0;

	while (len < rest.len && len <= CHARSET_LEN_MAX && rest.at[len] > ' ' &&
		rest.at[len] != '?' && rest.at[len] != '=')
		len++;
	return len;
}

/* Is there a word at that index? */
static bool read_word(struct decoder *d, size_t at, struct word *w)
{
	const struct slice v = d->value;
	size_t begin;

	if (!is_pair(v, at, "=?"))
		return false;
	w->charset = slice_part(v, at + 2, v.len);
	w->charset.len = charset_len(w->charset);
	begin = at + 2 + w->charset.len;
	if (w->charset.len == 0 || v.len - begin < 3 || v.at[begin] != '?' ||
		v.at[begin + 2] != '?')
		return false;
	w->encoding = (char)(v.at[begin + 1] | 0x20);
	if (w->encoding != 'b' && w->encoding != 'q')
		return false;
	begin += 3;
	w->end = find_end(d, begin);
	if (w->end == v.len)
		return false;
	w->text = slice_part(v, begin, w->end - begin);
	w->end += 2;
	w->charset.len = slice_find(w->charset, '*');
	d->seen->too_long += w->end - at > WORD_LEN_MAX;
	return true;
}

static void look_at(struct encodedword *seen, struct slice text)
{
	bool is_ascii = true, has_control = false;

	for (size_t i = 0; i < text.len; i++) {
		const unsigned char c = (unsigned char)text.at[i];

		is_ascii = is_ascii && c >= ' ' && c < 0x7f;
		has_control =
			has_control || (c < ' ' && c != '\t') || c == 0x7f;
	}
	seen->controls += has_control;
	if (find_pair(text, 0, "=?") < text.len)
		seen->nested++;
	else
		seen->needless += is_ascii && text.len > 0;
}

/* Writes out what is held. */
static enum result flush(struct decoder *d)
{
	const size_t before = d->out->len;
	enum result res = buf_result(&d->held);

	if (res == RES_OK && d->held.len > 0)
		res = charset_decode(d->charset, buf_slice(&d->held), d->out);
	if (d->held.len > 0)
		look_at(d->seen,
			slice_part(buf_slice(d->out), before, d->out->len));
	buf_reset(&d->held);
	return res;
}

static enum result take_word(struct decoder *d, const struct word *w)
{
	size_t broken = 0, len;
	enum result res = RES_OK;
	char *to;

	if (!slice_is_equal_nocase(w->charset, d->charset))
		res = flush(d);
	d->charset = w->charset;
	d->seen->words++;
	d->seen->unknown += !charset_is_known(w->charset);
	to = buf_reserve(&d->held, w->text.len + 1);
	if (to == NULL)
		return buf_result(&d->held);
	len = w->encoding == 'b' ? transfer_base64(to, w->text, &broken)
				 : transfer_q(to, w->text, &broken);
	buf_commit(&d->held, len);
	d->seen->broken += broken > 0;
	return res;
}

/* What is no word: without its folds. */
static enum result take_plain(struct decoder *d, struct slice text)
{
	size_t begin = 0;

	for (size_t i = 0; i <= text.len; i++) {
		enum result res;

		if (i < text.len && (unsigned char)text.at[i] >= 0x80)
			d->seen->has_eight_bit = true;
		if (i < text.len && text.at[i] != '\r' && text.at[i] != '\n')
			continue;
		res = i == begin
			? RES_OK
			: charset_decode(slice_of(""),
				  slice_part(text, begin, i - begin), d->out);
		if (res != RES_OK)
			return res;
		begin = i + 1;
	}
	return RES_OK;
}

/* A word, and those that follow with nothing but blanks between. */
static enum result take_row(struct decoder *d, struct word *w, size_t *end)
{
	enum result res;
	size_t next;

	do {
		res = take_word(d, w);
		*end = w->end;
		next = w->end;
		while (next < d->value.len && is_blank(d->value.at[next]))
			next++;
	} while (res == RES_OK && read_word(d, next, w));
	if (res != RES_OK)
		return res;
	return flush(d);
}

static enum result decode(struct decoder *d)
{
	enum result res = RES_OK;
	size_t plain = 0, at = 0;
	struct word w;

	while (res == RES_OK && at < d->value.len) {
		at = find_pair(d->value, at, "=?");
		if (at < d->value.len && !read_word(d, at, &w)) {
			at++;
			continue;
		}
		res = take_plain(d, slice_part(d->value, plain, at - plain));
		if (res == RES_OK && at < d->value.len)
			res = take_row(d, &w, &at);
		plain = at;
	}
	return res;
}

enum result encodedword_decode(
	struct slice value, struct buf *out, struct encodedword *seen)
{
	struct encodedword unwanted;
	struct decoder d = {
		.value = value,
		.out = out,
		.seen = seen == NULL ? &unwanted : seen,
		.end_from = 1,
	};
	enum result res;

	*d.seen = (struct encodedword){ .words = 0 };
	buf_init(&d.held, value.len + 1);
	res = decode(&d);
	buf_clear(&d.held);
	return res;
}
