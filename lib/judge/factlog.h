/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/factlog - keeps the facts of what is judged, in a file for each day.
 *
 * For "reprievectl replay" and "shadow". A session only adds octets to a
 * bounded queue; a thread writes them. What does not fit into the queue, or
 * into the file of the day (facts.file_max), is counted and not kept. Files are
 * named YYYY-MM-DD.RANDOM.facts (UTC); no process ever adds to a file that is
 * there already. Files older than facts.keep_days go.
 * Threads: factlog_watch any; the rest main.
 */
#pragma once

#include "judge/session.h"

struct clock;
struct factlog;

struct factlog_counts {
	uint64_t written; /* facts */
	uint64_t lost;
};

/* RES_OK with *out NULL: facts.folder is empty. RES_MISSING, RES_DENIED: no
 * file can be made there; RES_NOMEM. clock is borrowed. */
enum result factlog_open(struct factlog **out, const struct conf *conf,
	const struct clock *clock) MUST_USE;
/* Writes what waits. NULL is fine. */
void factlog_close(struct factlog *l);

/* What a session is to show its verdicts to; lives as long as l. */
const struct session_watch *factlog_watch(
	struct factlog *l, const struct session_watch *next);
/* Until all that was judged so far is in the file. */
void factlog_flush(struct factlog *l);
void factlog_counts(struct factlog *l, struct factlog_counts *out);

/* Is that the name of such a file, and of which day? */
bool factlog_is_name(const char *name, char day[11]);
