/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/originals - the messages that a report is about, and what their traces
 * say.
 *
 * Of a feedback report (ARF) and of XARF the fields are claims, used where the
 * message itself says nothing. Of a message that was forwarded twice the inner
 * one counts, unless the outer one has a valid trace of its own: that one came
 * in so, and who sent it must not be able to put the blame on a message within.
 * One that a user of ours sent around another counts as such only for
 * strangers. Of several traces of one message the first valid one counts.
 * Threads: one.
 */
#pragma once

#include "ctl/mailparts.h"
#include "ctl/xarf.h"
#include "mail/arf.h"
#include "store/report.h"

enum {
	ORIGINALS_TRACES_MAX = 16, /* of one message that are looked at */
	ORIGINALS_ID_MAX = 255
};

/* What a machine wrote for machines. */
struct originals_claims {
	bool is_arf;
	struct arf arf;
	bool is_xarf;
	struct xarf xarf;
};

/* Slices are of parts or owned by a. What cannot be read is not there.
 * RES_NOMEM. */
enum result originals_claims_read(const struct mailparts *parts,
	struct arena *a, struct originals_claims *out) MUST_USE;

struct originals_input {
	const struct conf *conf;
	const struct tracekeys_ring *ring;
	struct slice host; /* whose traces are ours, folded */
	const struct mailparts *parts;
	const struct originals_claims *claims;
	struct slice text; /* of the reporter, in UTF-8 */
	enum report_kind kind; /* by the address it was sent to */
	bool is_form; /* of the portal */
	bool has_ip; /* said in that form */
	struct ipaddr ip;
	bool is_local; /* a user of ours reports */
};

struct originals {
	struct report_original *at;
	size_t count; /* at most reports.originals_max */
	size_t valid; /* that have a valid trace */
	struct slice text; /* what is left of the reporter's: a part of it */
};

/* All is owned by a, or parts of parts. RES_NOMEM. */
enum result originals_find(const struct originals_input *in, struct arena *a,
	struct originals *out) MUST_USE;
