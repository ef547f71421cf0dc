/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/meters - what the portal counts, for Prometheus
 * (reprieve-portal(8)). Names begin with reprieve_portal_. Threads: any.
 */
#pragma once

#include "base/buf.h"

struct meters;

/* A page by the name that stands in the log and in the label. */
enum meters_route {
	METERS_NONE = 0, /* no such page */
	METERS_START,
	METERS_HELP,
	METERS_CODE,
	METERS_STATIC,
	METERS_SECURITY,
	METERS_HEALTH,
	METERS_CASE,
	METERS_RETEST,
	METERS_WHATIF,
	METERS_DELIST,
	METERS_CONFIRM,
	METERS_STATUS,
	METERS_SUPPORT,
	METERS_TICKET,
	METERS_SPONSOR,
	METERS_VOUCH,
	METERS_FBL,
	METERS_FBL_LINK,
	METERS_FBL_END,
	METERS_SENDER,
	METERS_REPORT,
	METERS_ROUTES
};

/* "none", "start" ...; static. */
const char *meters_route_name(enum meters_route r);

/* NULL: no memory. */
struct meters *meters_new(void);
void meters_free(struct meters *m); /* NULL is fine */

/* m NULL: nothing is counted, here and below. */
void meters_page(struct meters *m, enum meters_route route, unsigned status);

/* A form, by what portal/guard said: an enum guard_answer. */
void meters_form(struct meters *m, unsigned answer);

enum meters_outcome {
	METERS_SENT = 0,
	METERS_LATER, /* to be tried again */
	METERS_FAILED /* given up */
};
/* kind: of a job, e.g. "confirm"; any other counts as "other". */
void meters_letter(
	struct meters *m, struct slice kind, enum meters_outcome outcome);

/* An upload that was handed to reprieve-intake. */
void meters_upload(struct meters *m, enum meters_outcome outcome);

/* A report for a sender: it went out, or so many do that it did not. */
void meters_feedback(struct meters *m, bool is_held);

/* A request that was confirmed, by policy/grant's word for the answer. */
void meters_delist(struct meters *m, const char *answer);

/* What the next scrape says of Redis and of the jobs that wait. */
struct meters_queue {
	bool is_redis_up;
	uint64_t waiting;
	uint64_t taken;
	uint64_t later;
	uint64_t slow;
	double oldest_s; /* age of the oldest job; 0: none */
};
void meters_set_queue(struct meters *m, const struct meters_queue *q);

void meters_format(struct meters *m, struct buf *out);
