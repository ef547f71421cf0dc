/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/words - the words of a text in any language.
 *
 * A word is a run of letters, digits, "$", "%", and of "'", "-" and "!" within
 * or behind it. Case is folded (ASCII, Latin, Greek, Cyrillic), characters of
 * no width are dropped. Of scripts that put no blanks between words (Han, kana,
 * Hangul, Thai) each two characters that follow are one. Octets that are no
 * UTF-8 are read as Latin-1. Local parts of addresses are people, and left
 * out. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

enum { WORDS_WORD_MAX = 40 }; /* octets; what is longer is cut */

/* At most "most" words. A word is gone when each returns. */
void words_walk(struct slice text, size_t most,
	void (*each)(void *ctx, struct slice word), void *ctx);

/* How long the local part of an address at the front of text, or what is left
 * of one, is, with its "@"; 0: there is none. */
size_t words_local_part(struct slice text);

/* The text as one word, ASCII folded, cut at 64 octets. */
void words_fold(struct slice text, void (*each)(void *ctx, struct slice word),
	void *ctx);

/* ASCII folded into "to", cut at size. */
struct slice words_lower(struct slice text, char *to, size_t size);
