/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/auth/letter.h"

#include "base/buf.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 1024, FILE_MAX = 1 << 20 };

/* Where the field that begins at "from" ends: before its CRLF. */
static size_t end_of_field(struct slice text, size_t from)
{
	for (size_t i = from; i + 1 < text.len; i++)
		if (text.at[i] == '\r' && text.at[i + 1] == '\n' &&
			(i + 2 == text.len ||
				(text.at[i + 2] != ' ' &&
					text.at[i + 2] != '\t')))
			return i;
	return text.len;
}

static void take_field(struct letter *l, struct slice line)
{
	size_t colon = slice_find(line, ':');

	if (colon == line.len || l->message.field_count == LETTER_FIELDS_MAX)
		abort();
	l->field[l->message.field_count++] = (struct field){
		.name = slice_part(line, 0, colon),
		.value = slice_part(line, colon + 1, line.len),
	};
}

struct letter *letter_new(struct slice text)
{
	struct letter *l = calloc(1, sizeof(*l));
	size_t at = 0, end;

	if (l == NULL)
		abort();
	l->text = malloc(text.len + 1);
	if (l->text == NULL)
		abort();
	if (text.len > 0)
		memcpy(l->text, text.at, text.len);
	text = slice_make(l->text, text.len);
	l->message.fields = l->field;
	while (at < text.len && text.at[at] != '\r') {
		end = end_of_field(text, at);
		take_field(l, slice_part(text, at, end - at));
		at = end + 2;
	}
	l->message.header_count = (unsigned)l->message.field_count;
	l->body = slice_part(text, at + 2, text.len);
	return l;
}

struct letter *letter_load(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[PATH_SIZE];
	struct letter *l;
	struct buf text;

	(void)snprintf(path, sizeof(path), "%s/t/data/%s",
		top == NULL ? "." : top, name);
	buf_init(&text, FILE_MAX);
	if (file_read(path, &text) != RES_OK)
		abort();
	l = letter_new(buf_slice(&text));
	buf_clear(&text);
	return l;
}

void letter_free(struct letter *l)
{
	free(l->text);
	free(l);
}
