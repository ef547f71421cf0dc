/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/slice - a piece of text that somebody else owns.
 *
 * May hold any octet, NUL too, and ends nowhere: never hand .at to a function
 * that wants a C string. The zero slice is empty. Comparing and searching
 * without case is ASCII only, whatever the locale. Threads: plain data.
 */
#pragma once

#include "base/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
	const char *at;
	size_t len;
};

/* For "%.*s". */
#define SLICE_ARG(s) (int)(s).len, (s).at

/* Borrows text (NULL gives the empty slice); the NUL is not part of it. */
struct slice slice_of(const char *text);
struct slice slice_make(const void *at, size_t len);

bool slice_is_empty(struct slice s);
bool slice_is_equal(struct slice a, struct slice b);
bool slice_is_equal_nocase(struct slice a, struct slice b);
/* Below 0, 0 or above 0: s stands before, at or behind that text by its octets,
 * a part before the whole. */
int slice_order(struct slice s, const char *text);
bool slice_has_prefix(struct slice s, struct slice prefix);
bool slice_has_prefix_nocase(struct slice s, struct slice prefix);

/* The part from octet "from" on, at most len octets; clipped to s. */
struct slice slice_part(struct slice s, size_t from, size_t len);

/* Without the blanks (SP HT CR LF) at both ends. */
struct slice slice_trim(struct slice s);

/* Index of the first / last c in s, or s.len when there is none. */
size_t slice_find(struct slice s, char c);
size_t slice_find_last(struct slice s, char c);

/*
 * Cuts the text before the next sep off the front of *rest into *out and
 * drops the sep. False when *rest was empty and nothing is left to cut.
 */
bool slice_cut(struct slice *rest, char sep, struct slice *out);

/*
 * Decimal digits only, the whole of s, min to max. RES_SYNTAX: empty or not
 * all digits; RES_RANGE: a number outside. *out untouched on error.
 */
enum result slice_parse_u64(
	struct slice s, uint64_t min, uint64_t max, uint64_t *out) MUST_USE;
