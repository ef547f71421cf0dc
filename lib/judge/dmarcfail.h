/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/dmarcfail - a report about one message that fails DMARC (RFC 9991),
 * for who asks for it by ruf= and fo=.
 *
 * Only with dmarc.failure_reports; never about what has a null sender, is a
 * report itself, or was sent by a machine in answer, so that reports about
 * reports cannot go round; nor for a record with psd=y. What other people's
 * words are in it: the domain of the sender, and of the header the fields that
 * tell where a message is from, without mail addresses of others. Nobody learns
 * who was to get it. Threads: any session's.
 */
#pragma once

#include "base/buf.h"
#include "judge/session.h"
#include "store/failure.h"

struct clock;
struct record;
struct writer;

/* Borrowed as long as sessions live. */
struct dmarcfail {
	struct writer *writer;
	const struct clock *clock;
	struct session_watch watch; /* for session_env */
};

/* next: who else watches, or NULL. */
void dmarcfail_init(struct dmarcfail *out, struct writer *writer,
	const struct clock *clock, const struct session_watch *next);

/* Is a report asked for? *ruf: where it goes, a part of the record. Pure. */
bool dmarcfail_is_wanted(const struct record *r, struct slice *ruf);

/* Fields of a feedback report, and of the message; lines end in CRLF.
 * RES_NOMEM; what has no room is left out. */
enum result dmarcfail_fields(const struct record *r, struct buf *out) MUST_USE;
enum result dmarcfail_header(const struct record *r, struct buf *out) MUST_USE;
