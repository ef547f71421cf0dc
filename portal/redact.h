/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/redact - a reported message without the people who received it
 * (RFC 6590).
 *
 * An address of a recipient becomes HASH@redacted.invalid: a keyed hash, so
 * that two reports by one recipient can be told to be of one, and nobody can
 * try addresses. Recipients are all whom a field of delivery names (To, Cc,
 * Delivered-To, the "for" of Received and so on) and who reported. Their
 * addresses are replaced wherever they stand, also as local=domain (VERP) and
 * local%40domain (links), without their detail ("+..."), and within encoded
 * words. What a sender hides in
 * words of his own (a number of the customer, say) cannot be told and stays.
 * Fields of ours (X-Reprieve ...) are left out. Threads: plain data.
 */
#pragma once

#include "base/buf.h"

struct secret;

enum {
	REDACT_ADDRESSES_MAX = 64,
	REDACT_ADDRESS_MAX = 256,
	REDACT_HEADER_MAX = 65536,
	REDACT_TEXT_MAX = 131072 /* of the body; the rest is cut */
};

struct redact {
	const struct secret *secret; /* borrowed */
	char address[REDACT_ADDRESSES_MAX][REDACT_ADDRESS_MAX]; /* lower case */
	size_t count;
	bool is_full; /* there are more: the fewest fields only are shown */
};

/* Learns who received message, and reporter ("" for none). RES_NOMEM. */
enum result redact_begin(struct redact *r, const struct secret *secret,
	struct slice message, struct slice reporter) MUST_USE;

/* text without their addresses; lines as they are. */
void redact_text(const struct redact *r, struct slice text, struct buf *out);

enum redact_extent {
	REDACT_FEWEST = 0, /* Message-ID, CFBL-Feedback-ID, Date, From */
	REDACT_HEADER,
	REDACT_WHOLE
};

/* Lines end in LF and are at most 998 octets; of the header printable ASCII
 * only. The whole ends in the body, the rest without an empty line. RES_NOMEM,
 * RES_TOOBIG. */
enum result redact_message(const struct redact *r, struct slice message,
	enum redact_extent extent, struct buf *out) MUST_USE;

/* ---- fields of a message, in the order in which they stand ---- */

struct redact_field {
	struct slice name;
	struct slice value; /* behind the colon, with its folds */
};

/* Cuts the next one off *message. False: the header is over; *message is the
 * body then. Lines that are no field are passed over. */
bool redact_next(struct slice *message, struct redact_field *out);
