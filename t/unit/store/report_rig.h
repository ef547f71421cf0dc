/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/store/report_rig - a Redis and reports for the tests of store/report.
 */
#pragma once

#include "base/arena.h"
#include "store/report.h"
#include "store/secret.h"
#include "unit/store/desk.h"

struct rig_report {
	struct desk desk;
	struct secret secret;
	struct arena *arena;
	struct report_original original[REPORT_ORIGINALS_MAX];
	struct report_filing filing; /* of that original[0], by joe, proved */
	struct report_filed filed; /* as last filed */
	struct report report; /* as last read */
	unsigned next; /* of Message-IDs and traces */
	char message_id[64];
	char mail[64];
	char account[17];
};

#define RIG_ACCOUNT "0123456789abcdef"
#define RIG_IP "192.0.2.7"

/* conf: text of its sections, e.g. "reports { pause_at = 2 }". */
void report_rig_make(struct rig_report *r, const char *conf);
void report_rig_remove(struct rig_report *r);

/* The next report is another mail, and its original another message: that came
 * in from RIG_IP, signed by example.org, or went out from RIG_ACCOUNT. */
void report_rig_in(struct rig_report *r, enum report_kind kind);
void report_rig_out(struct rig_report *r, enum report_kind kind);
/* The same original in a mail of somebody else. */
void report_rig_by(struct rig_report *r, const char *mail);
/* By user number n of ours. */
void report_rig_user(struct rig_report *r, unsigned n);

void report_rig_file(struct rig_report *r);
/* Files it and compares the effect by its name. */
void report_rig_wants(struct rig_report *r, const char *effect);
const struct report *report_rig_read(struct rig_report *r);
/* How many keys there are of that pattern. */
size_t report_rig_keys(struct rig_report *r, const char *pattern);
void report_rig_wants_keys(
	struct rig_report *r, const char *pattern, size_t want);
/* Jobs of that kind that wait. */
size_t report_rig_jobs(struct rig_report *r, const char *kind);
