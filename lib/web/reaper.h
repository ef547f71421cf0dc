/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/reaper - ends each connection some time after it began, the same for all
 * unless it was given longer.
 *
 * A connection is entered when it starts and leaves before its descriptor is
 * closed; at its time the reaper shuts the descriptor down, and whoever polls
 * it sees its end. Threads: one of its own; enter and leave from any.
 */
#pragma once

#include "base/result.h"

struct reaper;
struct reaper_entry;

/* RES_NOMEM: no memory or no thread. */
enum result reaper_open(struct reaper **out, unsigned deadline_ms) MUST_USE;
void reaper_close(struct reaper *r); /* NULL is fine; all have left */

/* NULL: no memory, and fd is shut down at once. */
struct reaper_entry *reaper_enter(struct reaper *r, int fd);
/* From now on it ends deadline_ms after it began. NULL is fine. */
void reaper_extend(
	struct reaper *r, struct reaper_entry *e, unsigned deadline_ms);
void reaper_leave(struct reaper *r, struct reaper_entry *e); /* or NULL */
