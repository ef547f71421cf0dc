/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/utf8 - characters of text in UTF-8 (RFC 3629). Threads: any.
 */
#pragma once

#include "base/slice.h"

/* The number of octets of the character at the front of s, and which it is;
 * 0: s is empty or does not begin with one. */
size_t utf8_read(struct slice s, uint32_t *character);

enum { UTF8_LEN_MAX = 4 };

/* Writes the character and says how many octets it has; what is none (a
 * surrogate, past 0x10ffff) becomes U+FFFD. */
size_t utf8_write(uint32_t character, char out[UTF8_LEN_MAX]);

/* Controls, and marks that hide or turn around the text beside them. */
bool utf8_is_hidden(uint32_t character);

/* How many octets at the front of s are ASCII. Quick. */
size_t utf8_ascii(struct slice s);

/* How many octets at the front of s are whole characters. Quick. */
size_t utf8_whole(struct slice s);

/* The front of s: as many octets as that at most, and no part of a character
 * of which the rest is cut off. */
struct slice utf8_cut(struct slice s, size_t most);

/* All of s is characters; an empty text is. */
bool utf8_is_whole(struct slice s);
