/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/reporter - who wrote a report, and how much of that is proved.
 *
 * REPORT_LOCAL: the topmost trace in the header of the report is valid, of this
 * report, going out, and young: the milter stamped it when one of our users
 * handed it in. One from outside would have a trace of its coming in above it;
 * unless a signature covers the fields of that name, for the milter adds none
 * then, and whoever has mail of a user of ours could report as him: such a mail
 * is of no user.
 * REPORT_AUTHENTICATED: the topmost Authentication-Results of our own says that
 * DMARC passes for the author's domain, or SPF or DKIM for one of the same
 * organisation; the milter drops those that came with the mail, unless
 * auth.enabled is no; then nobody is. Threads: one.
 */
#pragma once

#include "ctl/savedmail.h"
#include "mail/mailbox.h"
#include "store/report.h"

struct conf;
struct psl;

enum {
	REPORTER_YOUNG_S = 5 * 86400, /* as long as a queue keeps mail */
	REPORTER_FIELDS_MAX = 2000 /* of a header that are looked at */
};

struct reporter_input {
	const struct conf *conf;
	const struct tracekeys_ring *ring;
	struct slice host; /* whose traces are ours, folded */
	const struct psl *psl; /* NULL: only a domain itself is of another's
				  organisation */
	const struct savedmail *mail;
	int64_t now_s;
};

struct reporter {
	enum report_proof proof;
	char mail[MAILBOX_TEXT_MAX]; /* of From; "": none, or not plain */
	char account[TRACE_ACCOUNT_MAX]; /* of REPORT_LOCAL */
	char organisation[HOSTNAME_MAX]; /* of REPORT_AUTHENTICATED, folded:
					    whoever has it is one reporter */
};

/* RES_NOMEM. */
enum result reporter_find(
	const struct reporter_input *in, struct reporter *out) MUST_USE;

/* The one address of the one field From; "": there is none, or more. */
void reporter_author(const struct savedmail *m, char out[MAILBOX_TEXT_MAX]);

/* Digests of the fields that a trace binds. RES_NOMEM. */
enum result reporter_bind(
	const struct savedmail *m, struct tracebind *out) MUST_USE;
