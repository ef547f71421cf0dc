/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/checkindex - the checks of this version by number, for counting.
 *
 * The numbers are those of conf/checks.def and mean nothing outside of the
 * process. Threads: constant.
 */
#pragma once

/* clang-format off */
enum {
	CHECKINDEX_COUNT = 0
#define CONF_CHECK(name, action, score) +1
#define CONF_RESULT(name, id, action, score)
#include "conf/checks.def"
#undef CONF_CHECK
#undef CONF_RESULT
};
/* clang-format on */

/* CHECKINDEX_COUNT: there is no such check. */
unsigned checkindex_of(const char *name);
const char *checkindex_name(unsigned index);
