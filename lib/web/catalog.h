/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/catalog - the texts of one language, from a .mo file (GNU gettext).
 *
 * Looks up by the English text, by binary search in the sorted table that
 * msgfmt writes; needs no locale of the system. Threads: any, once open.
 */
#pragma once

#include "base/slice.h"

struct catalog;

/* mo is borrowed until close. RES_CORRUPT: not a .mo file that is whole and
 * sorted; RES_NOMEM. */
enum result catalog_open(struct catalog **out, struct slice mo) MUST_USE;
void catalog_close(struct catalog *c); /* NULL is fine */

/* The translation, or text itself: when c is NULL (English), or has none. */
struct slice catalog_find(const struct catalog *c, struct slice text);
