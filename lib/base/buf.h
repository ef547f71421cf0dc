/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/buf - text that grows up to a bound given at birth.
 *
 * After the first add that failed (RES_TOOBIG or RES_NOMEM) the buffer stays
 * failed, adds nothing more and buf_result() tells the first error, so that a
 * row of adds needs one check at its end. What was added before stays.
 * Threads: one owner.
 */
#pragma once

#include "base/slice.h"

#include <stdarg.h>

struct buf {
	char *at; /* always ends in a NUL that is not counted, or NULL */
	size_t len; /* octets in use */
	size_t size; /* octets allocated */
	size_t max; /* greatest len */
	enum result failed;
};

/* An empty buffer in caller's storage; nothing is allocated yet. */
void buf_init(struct buf *b, size_t max);

/* Frees what is inside; the buffer can be used again with the same max. */
void buf_clear(struct buf *b);

/* Empties it and forgets a failure; keeps the memory. */
void buf_reset(struct buf *b);

void buf_add(struct buf *b, struct slice s);
void buf_add_text(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
void buf_add_format(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_add_format_list(struct buf *b, const char *format, va_list args)
	PRINTF_LIKE(2, 0);

/* s with each octet outside 0x20..0x7e, and '"' and '\\', as \xHH. */
void buf_add_escaped(struct buf *b, struct slice s);

/* Room for len more octets to be written by hand, or NULL (then failed). */
char *buf_reserve(struct buf *b, size_t len);
/* Says that len octets of the reserved room are written. */
void buf_commit(struct buf *b, size_t len);

enum result buf_result(const struct buf *b);
struct slice buf_slice(const struct buf *b);
/* As a C string, "" when empty. Borrowed until the next change. */
const char *buf_text(const struct buf *b);
