/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/cases - the page of one refusal: what was seen, and what to change.
 *
 * Shows what the refused sender may know: reply, address, times, class,
 * reason, cause and remedy, and what authentication asked and found (domains
 * and records that the sender's side has published). Senders, recipients,
 * hashes, sessions and the name of our list entry stay inside. Threads: any.
 */
#pragma once

#include "base/buf.h"
#include "store/caseauth.h"

struct conf;

/* Of one field; the rest is cut. */
enum { CASES_VALUE_MAX = 1024, CASES_LINES_MAX = CASEAUTH_LINES_MAX };

/* The fields of a case that the page shows, gathered one by one. */
struct case_view {
	struct buf code;
	struct buf mode;
	struct buf action;
	struct buf ip;
	struct buf first_seen;
	struct buf last_seen;
	struct buf count;
	struct buf class;
	struct buf reason;
	struct buf until;
	struct buf reply;
	struct buf auth[CASEAUTH_COUNT];
};

void case_view_init(struct case_view *v);
void case_view_clear(struct case_view *v);
/* Fits case_read's each; ctx is the view. */
void case_view_add(void *ctx, struct slice field, struct slice value);

/* The whole page. ref as it is printed in replies. */
void cases_page(struct buf *out, const struct case_view *v, const char *ref,
	const struct conf *conf);
