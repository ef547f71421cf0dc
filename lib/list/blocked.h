/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list/blocked - checks "blocked" and "allowed": is this client on our lists?
 *
 * By its address, its network and country (conn), and its names (store/client).
 * service of check_input is a struct blocked_service. One call adds both
 * findings. A client that is blocked for all but has somebody who vouches for
 * it (store/sponsor) is "allowed" for that mailbox. "blocked": HIT with detail
 * = class of the listing that wins (self, policy, review, feed), subject = its
 * key, evidence = its reason; shadow set when only a shadow entry covers the
 * client. "allowed": HIT when an allow entry wins. UNKNOWN for both: no copy
 * young enough to answer from. UNKNOWN with detail "internal": no memory for
 * the answer. Threads: any.
 */
#pragma once

#include "fact/check.h"

struct blocklist;
struct blocklist_result;
struct secret;

struct blocked_service {
	struct blocklist *list;
	/* NULL: nobody is asked who vouches for a client. */
	const struct secret *secret;
};

void blocked_run(const struct check_input *in, struct findings *out);

/* The two findings of an answer that is there; out borrows its text. */
void blocked_report(const struct blocklist_result *r, struct findings *out);
