/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 64 };

void buf_init(struct buf *b, size_t max)
{
	/* One octet more is needed for the NUL. */
	*b = (struct buf){ .max = max < SIZE_MAX ? max : SIZE_MAX - 1 };
}

void buf_clear(struct buf *b)
{
	free(b->at);
	buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = RES_OK;
	if (b->at != NULL)
		b->at[0] = '\0';
}

static void fail(struct buf *b, enum result why)
{
	if (b->failed == RES_OK)
		b->failed = why;
}

/* The size to allocate for len octets and a NUL: doubled, at most max + 1. */
static size_t size_for(const struct buf *b, size_t len)
{
	size_t size = b->size < FIRST_SIZE ? FIRST_SIZE : b->size;

	while (size < len + 1 && size <= SIZE_MAX / 2)
		size *= 2;
	if (size < len + 1 || size > b->max + 1)
		size = b->max + 1;
	return size;
}

char *buf_reserve(struct buf *b, size_t len)
{
	if (b->failed != RES_OK)
		return NULL;
	if (len > b->max - b->len) {
		fail(b, RES_TOOBIG);
		return NULL;
	}
	if (b->at == NULL || b->len + len + 1 > b->size) {
		size_t size = size_for(b, b->len + len);
		char *at = realloc(b->at, size);

		if (at == NULL) {
			fail(b, RES_NOMEM);
			return NULL;
		}
		b->at = at;
		b->size = size;
		b->at[b->len] = '\0';
	}
	return b->at + b->len;
}

void buf_commit(struct buf *b, size_t len)
{
	if (b->failed != RES_OK || b->at == NULL)
		return;
	b->len += len;
	b->at[b->len] = '\0';
}

void buf_add(struct buf *b, struct slice s)
{
	char *to = buf_reserve(b, s.len);

	if (to == NULL || s.len == 0)
		return;
	memcpy(to, s.at, s.len);
	buf_commit(b, s.len);
}

void buf_add_text(struct buf *b, const char *text)
{
	buf_add(b, slice_of(text));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, slice_make(&c, 1));
}

void buf_add_format(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_add_format_list(b, format, args);
	va_end(args);
}

void buf_add_format_list(struct buf *b, const char *format, va_list args)
{
	va_list again;
	char *to = NULL;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0) {
		fail(b, RES_INTERNAL);
		return;
	}
	to = buf_reserve(b, (size_t)len);
	if (to == NULL)
		return;
	(void)vsnprintf(to, (size_t)len + 1, format, args);
	buf_commit(b, (size_t)len);
}

static bool is_plain(char c)
{
	return c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';
}

void buf_add_escaped(struct buf *b, struct slice s)
{
	static const char hex[] = "0123456789abcdef";
	size_t len = 0;
	char *to = NULL;

	for (size_t i = 0; i < s.len; i++)
		len += is_plain(s.at[i]) ? 1 : 4;
	to = buf_reserve(b, len);
	if (to == NULL)
		return;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (is_plain(s.at[i])) {
			*to++ = s.at[i];
			continue;
		}
		*to++ = '\\';
		*to++ = 'x';
		*to++ = hex[c >> 4];
		*to++ = hex[c & 15];
	}
	buf_commit(b, len);
}

enum result buf_result(const struct buf *b)
{
	return b->failed;
}

struct slice buf_slice(const struct buf *b)
{
	return slice_make(b->at, b->len);
}

const char *buf_text(const struct buf *b)
{
	return b->at == NULL ? "" : b->at;
}
