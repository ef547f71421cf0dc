/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/dmarceval - DMARC of one Author Domain (RFC 9989 s5.3), without a
 * session.
 *
 * Questions are all asked as soon as they are known to be needed: the names of
 * the walk from the Author Domain and whether that domain exists at first,
 * those between a signer and the organisational domain when the signer is
 * known. Nothing is asked about who is the author, or can not be aligned; nor
 * about the others when the Author Domain itself signed or sent the message,
 * so that of a pass not all that is aligned is known to be.
 *
 * A DNS failure (of ours, or one that left a signature or SPF at temperror)
 * makes the result temperror when it could make a difference, and only then:
 * what could have been there is tried out, and where each of these gives the
 * same result that is the result. Of a temperror the record and its policy are
 * told when they are sure.
 *
 * Of RFC 7489, when evaluated by the Public Suffix List, pct= is not sampled,
 * and np= and t= mean nothing. Threads: the message's own.
 */
#pragma once

#include "fact/check.h"

struct dmarceval;
struct psl;

/* author: folded, copied. dns is borrowed; NULL: nothing can be asked. NULL:
 * no memory. */
struct dmarceval *dmarceval_new(struct slice author, struct asker *dns);
void dmarceval_free(struct dmarceval *e); /* NULL is fine */

/*
 * Asks for what will be needed anyway. expected: folded domains that may turn
 * out to have signed or sent the message (d= of its signatures, MAIL FROM);
 * only questions of tree walks depend on them, never a result.
 */
void dmarceval_start(struct dmarceval *e, const struct psl *psl,
	const struct slice *expected, size_t count);

/*
 * One evaluation: by the tree walk, or by psl when that is not NULL. The DKIM
 * and SPF parts of auth are complete. CHECK_DONE: *out is written; its slices
 * are static or live as long as e. CHECK_WAITING: again when answers are in.
 */
enum check_progress dmarceval_run(struct dmarceval *e, const struct psl *psl,
	const struct auth_facts *auth, struct dmarc_fact *out);

/* The policy with t= taken into account (RFC 9989 s4.7). */
enum dmarc_policy dmarceval_policy(const struct dmarc_fact *f);
