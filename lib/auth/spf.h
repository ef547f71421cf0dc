/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/spf - may this client send in the name of that domain (RFC 7208)?
 *
 * Two identities (s2.3, s2.4), U-labels as their A-labels (RFC 8616 s4): HELO,
 * when it is a host name of two labels or more, and MAIL FROM, for a null
 * sender postmaster@HELO. Never blocks: what is not answered yet is asked for,
 * and the evaluation made again later; only one that has all answers counts.
 * Bounds: auth/spfwalk.
 *
 * HELO waits for MAIL FROM, on which DMARC may hang. What could not be told of
 * the latter before the findings are wanted is tried again then.
 *
 * none: no domain to ask about, or without a record. temperror: an answer that
 * is needed could not be had (late, refused, forged, over budget). permerror:
 * the record, or one that it leads to, is wrong or asks for too much.
 * Explanation texts (exp=) are the sender's words and never fetched.
 *
 * Only TXT is asked (s3.1). libspf2 says whether an a, mx or exists matches;
 * it gets no octet of a stranger's but addresses and names of MX records.
 * Threads: any, one evaluation at a time for one asker.
 */
#pragma once

#include "fact/check.h"

enum { SPF_RECORD_KEPT = 4096 }; /* octets of a record in a fact */

enum spf_identity { SPF_MAILFROM = 0, SPF_HELO };

struct spf_question {
	enum spf_identity identity;
	const struct ipaddr *ip;
	struct slice helo; /* as the client said it, may be any text */
	/* Of the sender; both empty for the null sender. */
	struct slice local;
	struct slice domain; /* as it came */
};

/*
 * One evaluation. CHECK_WAITING: to be called again with the same arguments
 * when the asker has something new; *out is untouched. CHECK_DONE: *out is
 * written. Its slices are owned by a, static, or those of the question;
 * without room in a they are empty. Of a record the first SPF_RECORD_KEPT
 * octets are kept.
 */
enum check_progress spf_evaluate(const struct spf_question *question,
	struct asker *dns, struct arena *a, struct spf_fact *out);

/* The check, from MAIL on: auth->helo, auth->mailfrom, auth->is_null_sender,
 * findings "spf" and "spf-helo". */
enum check_progress spf_step(
	const struct check_input *in, struct findings *out);
void spf_clear(void *state);
