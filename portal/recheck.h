/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/recheck - what DNS says now about the names of an old case.
 *
 * All is asked at once, over one asker with one deadline; what has no answer by
 * then could not be asked, which is never a fault of anybody's. The local part
 * of the sender is not in a case: SPF is asked with "postmaster" for it.
 * Threads: any, one a recheck.
 */
#pragma once

#include "auth/dkimkey.h"
#include "fact/auth.h"
#include "net/ipaddr.h"

struct arena;
struct asker;
struct clock;
struct conf;
struct dns_source;
struct dmarceval;
struct psl;

enum { RECHECK_KEYS_MAX = 8 };

struct recheck_key {
	struct slice domain;
	struct slice selector;
};

/* Empty names are not asked for. Borrowed until recheck_clear. */
struct recheck_question {
	const struct conf *conf;
	const struct dns_source *dns; /* NULL: nothing can be asked */
	const struct clock *clock;
	const struct psl *psl; /* NULL: DMARC by the tree walk */
	struct arena *arena;
	const struct ipaddr *ip;
	struct slice helo;
	struct slice spf_domain; /* of the envelope sender */
	struct slice author;
	struct recheck_key key[RECHECK_KEYS_MAX];
	size_t key_count;
};

/* AUTH_UNKNOWN, DKIMKEY_NOT_TOLD: not asked for, or could not be. */
struct recheck {
	struct iprev_fact iprev;
	struct spf_fact helo;
	struct spf_fact mailfrom;
	struct dkimkey key[RECHECK_KEYS_MAX]; /* as in the question */
	/* By SPF alone, for there is no message: record and policy count. */
	struct dmarc_fact dmarc;
	struct asker *asker; /* what the facts above live in */
	struct dmarceval *eval;
};

/* RES_NOMEM. To be cleared in any case. */
enum result recheck_run(
	struct recheck *r, const struct recheck_question *q) MUST_USE;
void recheck_clear(struct recheck *r);
