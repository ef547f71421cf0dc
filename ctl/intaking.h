/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/intaking - one run of reprieve-intake: the mail that came in, and how it
 * ends. Threads: one.
 */
#pragma once

#include "base/buf.h"
#include "base/log.h"
#include "ctl/mailfind.h"
#include "store/secret.h"

struct conf;
struct redis;

struct intaking {
	struct conf *conf;
	struct redis *redis; /* NULL before intaking_redis */
	struct secret secret;
	struct buf raw; /* the mail as it came in, cut at its bound */
	struct savedmail mail; /* its header: parts of raw */
	struct mailfind_envelope envelope;
	struct mailfind found;
	/* Of a form of the portal: the ID of its report; NULL: it is a mail. */
	const char *form_id;
};

/* Without the line "From " of an mbox. */
struct slice intaking_message(const struct intaking *in);

/* Opens a connection to write, unless there is one. The log tells why not. */
enum result intaking_redis(struct intaking *in) MUST_USE;

/* What the sender reads in the mail that comes back. */
void intaking_say(const struct intaking *in, const char *words);

/*
 * How it ends, of sysexits.h: EX_TEMPFAIL keeps the mail with the MTA, EX_OK
 * has done with it, any other sends it back with what was said. The one line of
 * the log; returns code. The line may be begun apart, to add to it.
 */
int intaking_end(const struct intaking *in, const char *outcome, int code);
void intaking_start_line(
	const struct intaking *in, struct logline *line, int code);
int intaking_end_line(struct logline *line, const char *outcome, int code);
