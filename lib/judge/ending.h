/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/ending - judges a message of a session at its end; for judge/session.
 *
 * Threads: the session's own.
 */
#pragma once

#include "judge/session.h"

/* Awaits the checks, decides, marks, stamps or holds the message, and tells
 * the MTA, the case and the log. */
enum answer ending_judge(struct session *s, const struct mta *mta);

/* Of a message that is not judged: fields that claim to be results of ours. */
void ending_remove_forged(struct session *s, const struct mta *mta);
/* Of the same: the trace. */
void ending_trace(struct session *s, const struct mta *mta);
