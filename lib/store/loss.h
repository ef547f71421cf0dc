/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/loss - did Redis lose our lists, or did somebody empty them?
 *
 * A server that comes back empty looks exactly like one whose lists were all
 * deleted. The key P"lists:generation" tells them apart: it is there as long
 * as the database is the one we knew. Judged after each full load; single
 * deletions that were pushed are edits, never loss. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

/* What begins so was written by a milter, not by a person. */
#define LOSS_AUTO "auto-"

enum {
	LOSS_MANY = 100 /* fewer entries may come and go as they like */
};

struct loss_facts {
	size_t old_count; /* entries we serve, without those expired by now */
	size_t new_count; /* entries the load has found */
	struct slice remembered; /* generation we knew, "" if none */
	struct slice generation; /* what Redis says now, "" if missing */
};

enum loss_verdict {
	LOSS_UNKNOWN = 0,
	LOSS_NONE, /* follow Redis */
	LOSS_LOST, /* the data is gone: keep the old table for a while */
	LOSS_ACCEPTED /* a person set another generation: follow Redis */
};

/*
 * LOST: fewer than half of the entries are left and either the generation is
 * not the one we knew (missing, or another milter's), or it is and there were
 * LOSS_MANY or more. ACCEPTED: the generation is a new one made by a person.
 */
enum loss_verdict loss_judge(const struct loss_facts *f);

/* A value that a person has set and that is not the one we knew. */
bool loss_is_accepted(struct slice remembered, struct slice generation);
