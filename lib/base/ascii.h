/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/ascii - what kind of character an octet is, in no locale.
 *
 * An octet above 127 is none of these. Threads: plain functions.
 */
#pragma once

#include <stdbool.h>

static inline bool ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool ascii_is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool ascii_is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool ascii_is_alpha(char c)
{
	return ascii_is_upper(c) || ascii_is_lower(c);
}
