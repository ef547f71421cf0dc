/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/dmarcrun - the aggregate reports of one domain and day: whom to, in how
 * many letters, and what became of each.
 *
 * What the MTA takes is remembered letter by letter, so that a run that fails
 * half-way repeats none. A domain is done with when each letter was taken or
 * refused for good, or when nobody asks for reports any more. Threads: one.
 */
#pragma once

#include "ctl/ctl.h"

struct dmarcdest;

struct dmarcrun {
	struct ctl *ctl;
	struct dmarcdest *dest;
	const char *who; /* for claims */
	bool is_dry; /* nothing is sent or remembered */
	const char *folder; /* of a dry run: files go there; NULL: XML goes to
			       standard output */
	unsigned sent; /* letters */
	unsigned failed; /* domains that are left for the next run */
	unsigned down; /* letters in a row that the MTA did not take */
};

enum { DMARCRUN_LEASE_S = 900, DMARCRUN_DOWN_MAX = 3 };

/* What it tells has these columns: begins the list "reports". */
void dmarcrun_begin(struct dmarcrun *run);

/* day: "20260131". CTL_DONE: go on, whatever became of that domain; else Redis
 * does not answer, which was said. */
enum ctl_exit dmarcrun_domain(
	struct dmarcrun *run, const char *day, const char *domain);
