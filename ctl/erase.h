/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/erase - deletes what is kept of a person: requests, tickets, cases,
 * registrations for feedback, abuse reports.
 *
 * One script each, with a line in the audit that names the key and nobody.
 * Tokens, and jobs that wait for a letter, hold an ID only and end by
 * themselves. Threads: one.
 */
#pragma once

#include "ctl/ctl.h"

struct delist_request;
struct fbl;
struct report;
struct ticket;

/* RES_MISSING: there is none (any more); why is for the audit. */
enum result erase_request(struct ctl *ctl, const struct delist_request *q,
	const char *why) MUST_USE;
enum result erase_ticket(
	struct ctl *ctl, const struct ticket *t, const char *why) MUST_USE;
/* No more reports go out by it either. */
enum result erase_fbl(
	struct ctl *ctl, const struct fbl *f, const char *why) MUST_USE;
/* With all its originals; what it came to stays. */
enum result erase_report(
	struct ctl *ctl, const struct report *p, const char *why) MUST_USE;
/* ref: as case_ref_parse makes it. */
enum result erase_case(
	struct ctl *ctl, const char *ref, const char *why) MUST_USE;
