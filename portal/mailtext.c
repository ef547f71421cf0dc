/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/mailtext.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	PLAIN_MAX = 60, /* a field of one line, with its name */
	WORD_MAX = 75, /* RFC 2047 s2: of one encoded word */
	ENCODED_OCTET = 3, /* "=C3" */
	UTF8_MAX = 4, /* octets of one character */
	ADDRESS_MAX = 254,
	LAST_PRINTABLE = 0x7e,
	MS = 1000
};

static const char word_begin[] = "=?UTF-8?Q?";
static const char word_end[] = "?=";

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9');
}

/* Octets of the character that begins at s.at[from]; broken UTF-8 goes octet
 * by octet. */
static size_t character_len(struct slice s, size_t from)
{
	const unsigned char c = (unsigned char)s.at[from];
	size_t want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

	if (want > s.len - from)
		return 1;
	for (size_t i = 1; i < want; i++)
		if (((unsigned char)s.at[from + i] & 0xc0) != 0x80)
			return 1;
	return want;
}

/* ---- header fields ---- */

static char without_controls(char c)
{
	return (unsigned char)c < ' ' || (unsigned char)c == 0x7f ? ' ' : c;
}

/* RFC 2047 s5 (3), the narrowest of the three: fits in a phrase, too. */
static size_t encode_octet(char c, char out[ENCODED_OCTET + 1])
{
	static const char digit[] = "0123456789ABCDEF";
	const unsigned char value = (unsigned char)without_controls(c);

	if (is_alphanumeric(c) || (c != '\0' && strchr("!*+-/", c) != NULL)) {
		out[0] = c;
		return 1;
	}
	if (value == ' ') {
		out[0] = '_';
		return 1;
	}
	out[0] = '=';
	out[1] = digit[value >> 4];
	out[2] = digit[value & 0xf];
	return ENCODED_OCTET;
}

static void add_words(struct buf *out, struct slice text, size_t column)
{
	const size_t frame = sizeof(word_begin) - 1 + sizeof(word_end) - 1;
	size_t used = column + frame;

	buf_add_text(out, word_begin);
	for (size_t at = 0; at < text.len;) {
		const size_t count = character_len(text, at);
		char code[UTF8_MAX * ENCODED_OCTET + 1];
		size_t len = 0;

		for (size_t i = 0; i < count; i++)
			len += encode_octet(text.at[at + i], code + len);
		/* RFC 2047 s5: a character never stands in two words. */
		if (used + len > WORD_MAX) {
			buf_add_text(out, word_end);
			buf_add_text(out, "\n ");
			buf_add_text(out, word_begin);
			used = 1 + frame;
		}
		buf_add(out, slice_make(code, len));
		used += len;
		at += count;
	}
	buf_add_text(out, word_end);
}

static bool is_plain(struct slice text, const char *but)
{
	for (size_t i = 0; i < text.len; i++) {
		const unsigned char c =
			(unsigned char)without_controls(text.at[i]);

		if (c > LAST_PRINTABLE || strchr(but, c) != NULL)
			return false;
		if (c == '=' && i + 1 < text.len && text.at[i + 1] == '?')
			return false;
	}
	return true;
}

static void add_plain(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		buf_add_char(out, without_controls(text.at[i]));
}

/* but: printable characters that make encoded words necessary. */
static void add_unstructured(
	struct buf *out, const char *name, struct slice text, const char *but)
{
	const size_t column = strlen(name) + 2;

	text = slice_trim(text);
	buf_add_format(out, "%s: ", name);
	if (column + text.len <= PLAIN_MAX && is_plain(text, but))
		add_plain(out, text);
	else
		add_words(out, text, column);
}

void mailtext_field(struct buf *out, const char *name, struct slice text)
{
	add_unstructured(out, name, text, "");
	buf_add_char(out, '\n');
}

void mailtext_mailbox(struct buf *out, const char *name, struct slice words,
	const char *address)
{
	if (slice_is_empty(slice_trim(words))) {
		buf_add_format(out, "%s: <%s>\n", name, address);
		return;
	}
	/* RFC 5322 s3.2.3: what is no atom would need quotes. */
	add_unstructured(out, name, words, "()<>[]:;@\\,.\"");
	buf_add_format(out, "\n <%s>\n", address);
}

bool mailtext_is_fit(struct slice address)
{
	size_t ats = 0;

	if (address.len == 0 || address.len > ADDRESS_MAX)
		return false;
	for (size_t i = 0; i < address.len; i++) {
		const char c = address.at[i];

		if (c <= ' ' || c > LAST_PRINTABLE ||
			strchr("()<>[]:;\\,\"", c) != NULL)
			return false;
		if (c == '@')
			ats++;
	}
	return ats == 1 && address.at[0] != '@' &&
		address.at[address.len - 1] != '@';
}

/* ---- the body ---- */

/* How an octet of a body is written; next: what follows it in the line. */
static size_t quote(struct slice line, size_t at, char out[ENCODED_OCTET + 1])
{
	const unsigned char c = (unsigned char)line.at[at];
	const bool is_last = at + 1 == line.len;
	bool plain = c > ' ' && c <= LAST_PRINTABLE && c != '=';

	if ((c == ' ' || c == '\t') && !is_last)
		plain = true;
	/* A lone dot ends a message in SMTP, "From " begins one in an mbox:
	 * some server on the way may get it wrong. */
	if (at == 0 && (c == '.' || slice_has_prefix(line, slice_of("From "))))
		plain = false;
	if (plain) {
		out[0] = (char)c;
		return 1;
	}
	snprintf(out, ENCODED_OCTET + 1, "=%02X", c);
	return ENCODED_OCTET;
}

static void add_quoted(struct buf *out, struct slice line)
{
	size_t used = 0;

	for (size_t i = 0; i < line.len; i++) {
		char code[ENCODED_OCTET + 1];
		const size_t len = quote(line, i, code);

		/* The "=" of a soft break counts, too. */
		if (used + len >
			MAILTEXT_LINE_MAX - (i + 1 < line.len ? 1U : 0U)) {
			buf_add_text(out, "=\n");
			used = 0;
		}
		buf_add(out, slice_make(code, len));
		used += len;
	}
	buf_add_char(out, '\n');
}

void mailtext_body(struct buf *out, struct slice text)
{
	struct slice line;

	while (slice_cut(&text, '\n', &line)) {
		while (line.len > 0 &&
			strchr(" \t\r", line.at[line.len - 1]) != NULL)
			line.len--;
		add_quoted(out, line);
	}
}

const char *mailtext_date(int64_t wall_ms, char out[MAILTEXT_DATE_MAX])
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
		"Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	const time_t at = (time_t)(wall_ms / MS);
	struct tm tm;

	/* strftime would speak the language of the process. */
	if (gmtime_r(&at, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	snprintf(out, MAILTEXT_DATE_MAX, "%s, %d %s %d %02d:%02d:%02d +0000",
		days[tm.tm_wday % 7], tm.tm_mday, months[tm.tm_mon % 12],
		tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	return out;
}
