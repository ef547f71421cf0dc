/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/trial - a message before the milter's own judge, without a trace.
 *
 * One session of judge/session with an MTA that only takes notes. No case is
 * written, nothing is counted or logged, and references are TRIAL_REF, which
 * leads nowhere. A recipient that is refused does not end it: the message is
 * judged as well, as if it had come through.
 * Threads: any, one a trial (DNS has its own).
 */
#pragma once

#include "base/buf.h"
#include "net/ipaddr.h"
#include "store/caseauth.h"

struct arcseal;
struct conf;
struct dns_source;
struct pipeline;

#define TRIAL_REF "00000000000000000"

/* Where the message comes from. */
struct trial_mail {
	/* Hands on each field of the header, in order: name, and what stands
	 * behind the colon. */
	void (*header)(void *ctx,
		void (*field)(void *to, struct slice name, struct slice value),
		void *to);
	/* Hands on the body in pieces, lines ended by CRLF, until piece says
	 * false. NULL: there is none. */
	enum result (*body)(void *ctx,
		bool (*piece)(void *to, struct slice piece), void *to);
	void *ctx;
};

struct trial_question {
	struct conf *conf;
	const struct pipeline *pipeline;
	const struct dns_source *dns; /* NULL: DNS can tell nothing */
	const struct arcseal *seal; /* NULL: nothing is sealed */
	const struct trial_mail *mail;
	/* They are not asked, nor milter.trusted: nothing hangs on what we
	 * think of the address. */
	bool is_without_lists;
	struct ipaddr ip;
	const char *helo;
	const char *from; /* "" or "<>": null sender */
	const char *rcpt;
};

/* What became of the recipient, or of the message. */
struct trial_verdict {
	bool is_judged;
	const char *action; /* names as in the log */
	const char *would_be;
	const char *mode;
	const char *code; /* "" */
	double score;
	bool is_refused; /* the client is told so */
	bool is_exempt;
	bool is_unchecked;
	struct buf reply; /* the line that the client reads */
	struct buf reason; /* of the finding that decided */
	struct buf policy; /* of record_policy */
	struct buf findings; /* lines of record_finding */
};

struct trial {
	struct trial_verdict rcpt;
	struct trial_verdict end;
	struct buf auth[CASEAUTH_COUNT];
	struct buf inserted; /* a line each field, unfolded, the top one last */
	struct buf removed; /* a line each: name and number */
	struct buf held; /* reason of a quarantine */
};

/* RES_NOMEM, and what mail->body says. To be cleared in any case. */
enum result trial_run(
	struct trial *t, const struct trial_question *question) MUST_USE;
void trial_clear(struct trial *t);
