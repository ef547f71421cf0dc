/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/dmarcrows - what a message was to DMARC, as a row of an aggregate
 * report (RFC 9990 s3.1).
 *
 * Sees each message that was judged to its end, with DMARC that passed or
 * failed, of a domain whose record asks for reports (rua=), and adds it to
 * store/aggregate. Not those that are put off, for they come again; nor mail
 * of our own users and of trusted clients.
 *
 * The disposition is what was done, but no more than what the policy asks for:
 * what other checks did to a message is not told. A message that is marked
 * counts as quarantined. Where less was done than the policy asks for, a reason
 * says why.
 *
 * The text of a row: fields "key=value" with a HT between two, printable ASCII,
 * in this order: by ip do dkim spf why* from sender? to? spfof? sig*. It is the
 * same for what is to be one row. Threads: any session's.
 */
#pragma once

#include "base/buf.h"
#include "judge/session.h"

struct aggregate;
struct record;

/* Borrowed as long as sessions live. */
struct dmarcrows {
	struct aggregate *aggregate;
	struct session_watch watch; /* for session_env */
};

/* next: who else watches, or NULL. */
void dmarcrows_init(struct dmarcrows *out, struct aggregate *aggregate,
	const struct session_watch *next);

/* Adds the text, at most AGGREGATE_ROW_MAX octets: signatures that matter least
 * are left out when there is no room. False: that message has no row. Pure. */
bool dmarcrows_format(const struct record *r, struct buf *out);

enum { DMARCROWS_SIGNATURES_MAX = 16, DMARCROWS_REASONS_MAX = 4 };

struct dmarcrows_signature {
	struct slice domain;
	struct slice selector;
	struct slice result;
};

/* RFC 9990 s3.1.6: "local_policy" ... and a phrase, or "". */
struct dmarcrows_reason {
	struct slice type;
	struct slice comment;
};

/* A row as it is read again; "" what it has not. */
struct dmarcrows_row {
	struct slice discovery; /* "treewalk", "psl" */
	struct slice ip;
	struct slice disposition; /* none pass quarantine reject */
	struct slice dkim; /* pass or fail, aligned */
	struct slice spf;
	struct dmarcrows_reason reason[DMARCROWS_REASONS_MAX];
	size_t reason_count;
	struct slice header_from;
	bool has_sender;
	struct slice envelope_from; /* "" of a null sender */
	struct slice envelope_to;
	struct slice spf_domain;
	struct slice spf_result;
	struct dmarcrows_signature signature[DMARCROWS_SIGNATURES_MAX];
	size_t signature_count;
};

/* Slices are parts of text. RES_SYNTAX: not a row, or one without ip, do, dkim,
 * spf or from; *out is of no use then. */
enum result dmarcrows_parse(
	struct slice text, struct dmarcrows_row *out) MUST_USE;
