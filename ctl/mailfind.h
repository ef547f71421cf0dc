/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/mailfind - for which address of ours is this mail, and did a person
 * write it?
 *
 * Postfix tells the recipient in the environment, Sendmail does not: then it is
 * looked for in Delivered-To, X-Original-To, Envelope-To, the topmost Received,
 * To, Cc and Resent-To.
 * Only an address whose MAC holds (store/tagged) counts. Threads: plain data.
 */
#pragma once

#include "ctl/savedmail.h"
#include "store/tagged.h"

enum mailfind_kind {
	MAILFIND_NONE = 0, /* no tagged address of ours */
	MAILFIND_TICKET,
	MAILFIND_BOUNCE,
	MAILFIND_FORGED /* there is one, and its MAC is wrong */
};

struct mailfind {
	enum mailfind_kind kind;
	char id[CASE_REF_MAX];
};

/* What the MTA says beside the message; "" for nothing, sender NULL: it does
 * not say. */
struct mailfind_envelope {
	const char *recipient;
	const char *sender;
};

enum { MAILFIND_TRIES_MAX = 200 }; /* addresses that are looked at */

/* RES_NOMEM. */
enum result mailfind_address(const struct secret *s,
	const struct mailfind_envelope *envelope, const struct savedmail *m,
	struct mailfind *out) MUST_USE;

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
