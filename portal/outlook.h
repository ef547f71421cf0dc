/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/outlook - can this address come off the list now, and if not, when,
 * in words; and what became of it before.
 *
 * Values of the view: outlook (words), is_clear (not listed), can_ask,
 * ask_support, until and until_iso, review (span), proof (words); of what is in
 * force: is_listed, class (words), since, since_iso, ends, ends_iso;
 * level_words, level; parole_until, parole_until_iso, is_excepted; and the list
 * "history" of when, when_iso, what (words), level. The key, the author and the
 * notes of an entry are never shown. Threads: the visit's own.
 */
#pragma once

#include "base/slice.h"

struct petition;
struct view;
struct visit;

/* p NULL: the lists could not be asked. */
void outlook_show(struct visit *v, struct view *to, const struct petition *p);

/* The class of a listing in words; NULL: there is no such class. */
const char *outlook_class(struct slice class);
/* An event of store/standing in words, "was listed"; NULL: no such event. */
const char *outlook_event(const char *what);
