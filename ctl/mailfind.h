/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/mailfind - for which address of ours is this mail, and did a person
 * write it?
 *
 * Who starts the program tells the recipient; when he does not, or it is none
 * of ours, it is looked for in Delivered-To, X-Original-To, Envelope-To, the
 * topmost Received, To, Cc and Resent-To. Of tagged addresses only one whose
 * MAC holds (store/tagged) counts; those that take reports are known by their
 * local part, in any case, with a detail or without. Threads: plain data.
 */
#pragma once

#include "ctl/savedmail.h"
#include "store/report.h"
#include "store/tagged.h"

enum mailfind_kind {
	MAILFIND_NONE = 0, /* no tagged address of ours */
	MAILFIND_TICKET,
	MAILFIND_BOUNCE,
	MAILFIND_FORGED, /* there is one, and its MAC is wrong */
	MAILFIND_REPORT, /* abuse@ junk@ phish@ notjunk@ */
	MAILFIND_DMARC /* dmarc@ */
};

struct mailfind {
	enum mailfind_kind kind;
	char id[CASE_REF_MAX];
	enum report_kind report; /* of MAILFIND_REPORT */
};

/* What the MTA says beside the message; "" for nothing, sender NULL: it does
 * not say. */
struct mailfind_envelope {
	const char *recipient;
	const char *recipient_other; /* an alias led there; or NULL */
	const char *sender;
};

enum { MAILFIND_TRIES_MAX = 200 }; /* addresses that are looked at */

/* RES_NOMEM. */
enum result mailfind_address(const struct secret *s,
	const struct mailfind_envelope *envelope, const struct savedmail *m,
	struct mailfind *out) MUST_USE;

/* Does that local part, with a detail or without, take reports? Sets
 * kind and report then. */
bool mailfind_takes_reports(struct slice local, struct mailfind *out);

/*
 * Why nobody wrote it: "null sender", "auto-submitted" (RFC 3834 s5),
 * "precedence" or "list"; NULL: a person may have. first: the first line of
 * what came in, which may be "From ..." of an mbox.
 */
const char *mailfind_robot(const struct mailfind_envelope *envelope,
	struct slice first, const struct savedmail *m);

/* Is it a report about a delivery (RFC 3464)? */
bool mailfind_is_report(const struct savedmail *m);
/* Does a message/delivery-status say that it has failed for good? */
bool mailfind_has_failed(struct slice status);

/* The value of the first field of that name, trimmed; empty: none. */
struct slice mailfind_field(const struct savedmail *m, const char *name);
