/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/fieldtext.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TAB_WIDTH = 8, NAME_OCTETS_MAX = 253, LOCAL_MAX = 64 };

void fieldtext_init(struct fieldtext *t, struct buf *out, size_t column)
{
	*t = (struct fieldtext){ .out = out, .column = column };
}

void fieldtext_fold(struct fieldtext *t)
{
	buf_add_text(t->out, "\n\t");
	t->column = TAB_WIDTH;
	t->is_fresh = true;
}

void fieldtext_word(struct fieldtext *t, const char *format, ...)
{
	char word[FIELDTEXT_WORD_MAX];
	va_list args;
	size_t len;

	va_start(args, format);
	vsnprintf(word, sizeof(word), format, args);
	va_end(args);
	len = strlen(word);
	if (!t->is_fresh && t->column + 1 + len > FIELDTEXT_COLUMNS)
		fieldtext_fold(t);
	if (!t->is_fresh) {
		buf_add_char(t->out, ' ');
		t->column++;
	}
	buf_add_text(t->out, word);
	t->column += len;
	t->is_fresh = false;
}

void fieldtext_mark(struct fieldtext *t, const char *mark)
{
	buf_add_text(t->out, mark);
	t->column += strlen(mark);
}

static bool is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

void fieldtext_quoted(struct fieldtext *t, const char *name, struct slice value)
{
	char text[FIELDTEXT_VALUE_MAX + 1];
	size_t len = 0;

	for (size_t i = 0; i < value.len && len < FIELDTEXT_VALUE_MAX; i++)
		if (is_plain(value.at[i]))
			text[len++] = value.at[i];
	text[len] = '\0';
	fieldtext_word(t, "%s=\"%s\"", name, text);
}

static bool is_token(struct slice s)
{
	if (slice_is_empty(s) || s.len > FIELDTEXT_VALUE_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~' ||
			strchr("()<>@,;:\\\"/[]?=", s.at[i]) != NULL)
			return false;
	return true;
}

void fieldtext_pair(struct fieldtext *t, const char *name, struct slice value)
{
	if (is_token(value))
		fieldtext_word(t, "%s=%.*s", name, SLICE_ARG(value));
	else
		fieldtext_quoted(t, name, value);
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9');
}

/* Labels of those octets, none of them empty. */
static bool is_dotted(struct slice s, const char *others)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (is_alnum(c) || (c != '\0' && strchr(others, c) != NULL))
			continue;
		if (c != '.' || i == 0 || i + 1 == s.len || s.at[i - 1] == '.')
			return false;
	}
	return s.len > 0;
}

bool fieldtext_is_name(struct slice s)
{
	return s.len <= NAME_OCTETS_MAX && is_dotted(s, "-_");
}

bool fieldtext_is_local(struct slice s)
{
	return s.len <= LOCAL_MAX && is_dotted(s, "!#$%&'*+-/=?^_`{|}~");
}
