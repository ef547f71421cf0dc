/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/rehearsal - a made-up message before the milter's own judge.
 *
 * Short, well-formed and unsigned; DNS is asked as it is now. Nothing is sent,
 * written or counted (judge/trial). Threads: the visit's own.
 */
#pragma once

#include "base/result.h"
#include "net/ipaddr.h"

struct trial;
struct visit;

struct rehearsal {
	bool is_without_lists; /* ours are not asked, nor milter.trusted */
	struct ipaddr ip;
	const char *helo;
	const char *sender; /* a domain, folded; "": a bounce */
	const char *author; /* a domain, folded */
};

/* Only once the site has begun (context_start). *t is to be cleared in any
 * case. RES_NOMEM. */
enum result rehearsal_run(
	struct visit *v, const struct rehearsal *q, struct trial *t) MUST_USE;
