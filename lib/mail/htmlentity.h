/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/htmlentity - character references of HTML (WHATWG HTML s13.2.5.72).
 *
 * Those of Latin-1 and of what mail is seen to use. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

#include <stdint.h>

/*
 * The reference at the front of text, which begins with "&": how many octets
 * it has, and its character; 0: there is none. In an attribute a name without
 * ";" before a letter, a digit or "=" is none.
 */
size_t htmlentity_read(
	struct slice text, bool is_attribute, uint32_t *character);
