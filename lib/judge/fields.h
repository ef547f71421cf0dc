/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/fields - the header of one message as it comes in.
 *
 * Keeps the fields for the checks, as fact/message has them, and the numbers
 * of those that claim to be ours. What has no room is left out, and said so;
 * only From is kept beyond the bounds, or a forger would hide it behind fields
 * of no use.
 * Threads: the message's own.
 */
#pragma once

#include "fact/message.h"

struct arena;

/*
 * Postfix cuts a field to 60,000 octets, at a line's end when it is folded:
 * from this size on one can not tell whether all of it is here.
 */
enum { FIELD_CUT_AT = 59000 };

/* Numbers of fields of one name, counted from 1. */
struct field_numbers {
	unsigned *at;
	size_t count;
	bool is_partial; /* more than the bound, or no memory */
};

struct fields {
	struct message message;
	struct arena *arena; /* NULL: nothing is kept for checks */
	struct arena *late; /* of From fields behind the bounds, or NULL */
	struct field *list;
	size_t room;
	size_t fields_max;
	unsigned results_seen; /* Authentication-Results, ours or not */
	struct field_numbers forged; /* which of them claim our name */
};

/* Zeroed before the first. Fields go into a (borrowed) until the next start. */
void fields_start(struct fields *f, struct arena *a, size_t fields_max);
void fields_clear(struct fields *f);

/*
 * One field as the MTA hands it over, lines of its value ended by LF or CRLF.
 * lacks_blank: the MTA has taken one blank behind the colon away.
 */
void fields_add(struct fields *f, struct slice name, struct slice value,
	bool lacks_blank);

/* Takes note of an Authentication-Results: claims, or not. At most max. */
void fields_note_results(struct fields *f, bool claims, size_t max);
