/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/pastedmail - a mail that was forwarded as text, not as attachment.
 *
 * Programs put a line in front of it ("-----Original Message-----",
 * "---------- Forwarded message ---------", "Begin forwarded message:", and the
 * same in Spanish and Portuguese), then some fields with names in the user's
 * language; or somebody pasted the whole source. All of it is a claim.
 * Threads: plain data.
 */
#pragma once

#include "base/slice.h"

struct arena;

enum { PASTEDMAIL_LINES_MAX = 40 /* that are looked at for fields */ };

struct pastedmail {
	struct slice before; /* what the reporter wrote: a part of the text */
	struct slice message; /* the rest, without marks of a quote; owned */
	struct slice from, subject; /* "" when there is none; of message */
};

/* RES_MISSING: nothing was forwarded in it; RES_NOMEM. *out is untouched
 * then. */
enum result pastedmail_find(
	struct slice text, struct arena *a, struct pastedmail *out) MUST_USE;
