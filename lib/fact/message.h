/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fact/message - what is known of the message itself.
 *
 * Plain data, in the message's arena. Fields stand in the order of the header,
 * as the MTA hands them over before any change of ours.
 */
#pragma once

#include "base/slice.h"

/*
 * One header field. The value is what stands behind the colon, octet by octet:
 * with its blanks, folds as CRLF (the MTA's bare LF is mended by the session),
 * no CRLF at its end. A name never has blanks before the colon: MTAs lose them.
 */
struct field {
	struct slice name;
	struct slice value;
	/* The MTA may have cut it (Postfix: at 60,000 octets): what hangs on
	 * its octets can not be told. */
	bool is_cut;
};

enum { MESSAGE_LATE_MAX = 2 }; /* more than one is one too many */

struct message {
	const struct field *fields;
	size_t field_count;
	/* Not all of the header is here (milter.message_memory,
	 * milter.fields_max): what hangs on it cannot be told. Of what is left
	 * out the first From fields are kept, unless there was no memory. */
	bool is_header_partial;
	bool is_from_lost;
	size_t late_from_count;
	struct field late_from[MESSAGE_LATE_MAX];
	unsigned header_count;
	unsigned own_header_count; /* incoming fields that bear our name */
};

/* The index of the next field of that name at or after from (no case), or
 * m->field_count. */
size_t message_find(const struct message *m, struct slice name, size_t from);
/* How many fields have that name. */
size_t message_count(const struct message *m, struct slice name);
