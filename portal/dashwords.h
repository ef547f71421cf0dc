/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/dashwords - the numbers of a sender in the words of its own page.
 * Threads: the visit's own.
 */
#pragma once

#include "portal/dashdata.h"

struct view;

/* By the number of messages, the greatest first, then by address. */
void dashwords_sort(struct traffic_row *row, size_t count);

/*
 * Values of the view: each counter by its name; taken (accepted and marked);
 * rate, "0,12 %" as the visitor writes it; rate_words, and one of is_good,
 * is_open, is_bad (portal/exhibits). No rate: nothing was taken.
 */
void dashwords_counts(
	struct visit *v, struct view *to, const struct traffic_day *t);

/*
 * is_list_unknown; the list "listed" of address, state (words), is_bad,
 * until and until_iso; has_listed, has_more_listed, can_ask; the list "events",
 * newest first, of when, when_iso, address, what (words); has_events.
 */
void dashwords_list(struct visit *v, const struct dashdata *d);
