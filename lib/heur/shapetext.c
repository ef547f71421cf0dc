/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/shapetext.h"

#include "base/ascii.h"
#include "heur/headernote.h"

#include <string.h>

enum {
	TEXT_MAX = 32768, /* octets that are read */
	WORD_MIN = 3,
	WORD_MAX = 20, /* longer ones are keys, hashes and the like */
	WORDS_MIN = 30,
	CAPITALS_SHARE = 7, /* one word in so many */
	MARKS_MIN = 3,
	MARKS_OCTETS = 150, /* of text to one "!" */
	BLANKS_MIN = 8, /* lines in a row */
	TAIL_MIN = 8,
	TURNS_MIN = 3,
	URL_MAX_READ = 2048,
	LOCAL_MAX = 64,
	LINE_MAX_LEN = 200, /* longer ones are a reason to encode */
	PLAIN_MIN = 100
};

/* What a word may hold without being one that we count. */
static bool is_joined(char c)
{
	return ascii_is_digit(c) || (c & 0x80) != 0 ||
		strchr("_/@.-=+", c) != NULL;
}

/* ---- capitals ---- */

struct count {
	size_t words;
	size_t capitals;
};

static void count_word(struct count *n, struct slice word)
{
	size_t upper = 0;

	if (word.len < WORD_MIN || word.len > WORD_MAX)
		return;
	for (size_t i = 0; i < word.len; i++) {
		if (!ascii_is_upper(word.at[i]) && !ascii_is_lower(word.at[i]))
			return;
		upper += ascii_is_upper(word.at[i]);
	}
	n->words++;
	n->capitals += upper == word.len;
}

static void check_capitals(struct headernote *n, struct slice text)
{
	struct count count = { 0, 0 };

	for (size_t at = 0, end; at < text.len; at = end + 1) {
		end = at;
		while (end < text.len && text.at[end] != '\0' &&
			(ascii_is_upper(text.at[end]) ||
				ascii_is_lower(text.at[end]) ||
				is_joined(text.at[end])))
			end++;
		count_word(&count, slice_part(text, at, end - at));
	}
	if (count.words >= WORDS_MIN &&
		count.capitals * CAPITALS_SHARE >= count.words)
		headernote_add(n, "capitals", 1,
			"%zu of %zu words are written in capitals",
			count.capitals, count.words);
}

/* ---- exclamations ---- */

static void check_exclamations(struct headernote *n, struct slice text)
{
	size_t marks = 0;
	bool is_double = false, is_dense;

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] != '!')
			continue;
		marks++;
		is_double = is_double ||
			(i + 1 < text.len && text.at[i + 1] == '!');
	}
	is_dense = marks >= MARKS_MIN && marks * MARKS_OCTETS >= text.len;
	if (is_dense || is_double)
		headernote_add(n, "exclamations", is_dense ? 1 : 0.5,
			is_dense ? "the text has %zu exclamation marks"
				 : "exclamation marks stand in a row "
				   "(%zu in all)",
			marks);
}

/* ---- padding ---- */

static bool has_blank_lines(struct slice text)
{
	unsigned blank = 0;
	struct slice line;

	while (slice_cut(&text, '\n', &line)) {
		if (slice_trim(line).len == 0) {
			blank++;
			continue;
		}
		if (blank >= BLANKS_MIN)
			return true;
		blank = 0;
	}
	return false;
}

/* Letters and digits in turn: what makes each copy another. */
static bool has_random_tail(struct slice text)
{
	size_t at, turns = 0;

	text = slice_trim(text);
	at = text.len;
	for (; at > 0; at--) {
		const char c = text.at[at - 1];
		const bool is_plain = ascii_is_upper(c) || ascii_is_lower(c) ||
			ascii_is_digit(c);

		if (!is_plain && strchr("-^[]", c) == NULL)
			break;
		turns += is_plain && at < text.len &&
			ascii_is_digit(c) != ascii_is_digit(text.at[at]);
	}
	if (at > 0 && text.at[at - 1] != ' ' && text.at[at - 1] != '\n')
		return false;
	return text.len - at >= TAIL_MIN && turns >= TURNS_MIN;
}

static void check_padding(struct headernote *n, struct slice text)
{
	if (has_random_tail(text))
		headernote_add(n, "padding", 1,
			"the text ends in letters and digits that are no "
			"word");
	else if (has_blank_lines(text))
		headernote_add(n, "padding", 1,
			"%d blank lines or more stand in the text",
			(int)BLANKS_MIN);
}

/* ---- links ---- */

static bool contains(struct slice text, const char *word)
{
	const struct slice w = slice_of(word);

	for (size_t i = 0; i + w.len <= text.len; i++)
		if (slice_has_prefix_nocase(slice_part(text, i, w.len), w))
			return true;
	return false;
}

static bool leads_out(struct slice url)
{
	static const char *const words[] = { "unsub", "remove", "optout",
		"opt-out", "opt_out", "abmeld", "desuscri", "descadastr" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (contains(url, words[i]))
			return true;
	return false;
}

static bool is_of_local(char c)
{
	return ascii_is_upper(c) || ascii_is_lower(c) || ascii_is_digit(c) ||
		strchr("-_.+", c) != NULL;
}

/* An address in the text to write to: "unsubscribe@...". */
static bool has_address_out(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		size_t begin = i;

		if (text.at[i] != '@')
			continue;
		while (begin > 0 && i - begin < LOCAL_MAX &&
			text.at[begin - 1] != '\0' &&
			is_of_local(text.at[begin - 1]))
			begin--;
		if (leads_out(slice_part(text, begin, i - begin)))
			return true;
	}
	return false;
}

/* A way out for people, and none for their programs: RFC 2369 s3.2. */
static void check_way_out(struct headernote *n)
{
	const struct body_facts *body = n->in->body;

	if (headernote_field(n->in->message, "List-Unsubscribe") != NULL ||
		n->in->message->is_header_partial)
		return;
	for (size_t i = 0; i < body->link_count; i++)
		if (leads_out(
			    slice_part(body->links[i].url, 0, URL_MAX_READ))) {
			headernote_add(n, "way_out", 1,
				"a link to unsubscribe, and no "
				"List-Unsubscribe");
			return;
		}
	if (has_address_out(slice_part(body->text, 0, TEXT_MAX)))
		headernote_add(n, "way_out", 1,
			"an address to unsubscribe, and no List-Unsubscribe");
}

static int hex_of(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Letters and digits need no percent (RFC 3986 s2.3). */
static bool has_needless_percent(struct slice url)
{
	for (size_t i = 0; i + 2 < url.len; i++) {
		int high, low;
		char c;

		if (url.at[i] != '%')
			continue;
		high = hex_of(url.at[i + 1]);
		low = hex_of(url.at[i + 2]);
		if (high < 0 || low < 0 || high > 7)
			continue;
		c = (char)(high * 16 + low);
		if (ascii_is_upper(c) || ascii_is_lower(c) || ascii_is_digit(c))
			return true;
	}
	return false;
}

static bool has_odd_port(struct slice url)
{
	static const char *const usual[] = { "", "80", "443", "8080", "8443" };
	size_t begin = slice_find(url, ':'), colon;
	struct slice host;

	host = slice_part(url, begin + 1, url.len);
	if (!slice_has_prefix_nocase(url, slice_of("http")) ||
		!slice_has_prefix(host, slice_of("//")))
		return false;
	host = slice_part(host, 2, host.len);
	for (size_t i = 0; i < host.len; i++)
		if (strchr("/?#\\", host.at[i]) != NULL)
			host.len = i;
	colon = slice_find_last(host, ':');
	if (colon == host.len ||
		slice_find(slice_part(host, colon, host.len), ']') <
			host.len - colon)
		return false;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (slice_is_equal(slice_part(host, colon + 1, host.len),
			    slice_of(usual[i])))
			return false;
	return true;
}

static void check_links(struct headernote *n)
{
	const struct body_facts *body = n->in->body;

	for (size_t i = 0; i < body->link_count; i++) {
		const struct body_link *l = &body->links[i];
		const bool is_percent = has_needless_percent(l->url);

		if (l->host.len == 0 || (!is_percent && !has_odd_port(l->url)))
			continue;
		headernote_add(n, "odd_link", 1,
			is_percent ? "a link to %.*s has letters written "
				     "with percent"
				   : "a link to %.*s names a port",
			SLICE_ARG(
				slice_part(l->host, 0, HEADERNOTE_VALUE_MAX)));
		return;
	}
}

/* ---- encoding ---- */

/* ASCII in lines that pass everywhere (RFC 5322 s2.1.1). */
static bool is_plain(struct slice text)
{
	size_t line = 0;

	for (size_t i = 0; i < text.len; i++) {
		if ((text.at[i] & 0x80) != 0 || text.at[i] == '\0')
			return false;
		line = text.at[i] == '\n' ? 0 : line + 1;
		if (line > LINE_MAX_LEN)
			return false;
	}
	return text.len >= PLAIN_MIN;
}

static void check_encoding(struct headernote *n)
{
	const struct body_facts *body = n->in->body;

	for (size_t i = 0; i < body->part_count; i++) {
		const struct body_part *p = &body->parts[i];
		const bool is_base64 =
			slice_is_equal(p->encoding, slice_of("base64"));

		if (p->is_attachment || p->is_cut ||
			!slice_has_prefix(p->type, slice_of("text/")) ||
			(!is_base64 &&
				!slice_is_equal(p->encoding,
					slice_of("quoted-printable"))) ||
			!is_plain(p->content))
			continue;
		headernote_add(n, "needless_encoding", 1,
			"a part of plain ASCII text is encoded as %s",
			is_base64 ? "base64" : "quoted-printable");
		return;
	}
}

void shapetext_run(struct headernote *n)
{
	const struct body_facts *body = n->in->body;
	const struct slice text = slice_part(body->text, 0, TEXT_MAX);

	check_capitals(n, text);
	check_exclamations(n, text);
	check_padding(n, body->text.len > TEXT_MAX ? text : body->text);
	check_way_out(n);
	check_links(n);
	check_encoding(n);
}
