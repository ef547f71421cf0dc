/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/arrival - judges one recipient of a session; for judge/session.
 *
 * Threads: the session's own.
 */
#pragma once

#include "judge/session.h"
#include "policy/verdict.h"

/* The recipient at hand: verdict into *v, its case, its log line, the reply
 * through mta; one that is taken leaves to the end what it has to know. */
enum answer arrival_judge(
	struct session *s, const struct mta *mta, struct verdict *v);
