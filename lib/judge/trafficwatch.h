/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/trafficwatch - a verdict as numbers of its sender.
 *
 * Sees each message that was judged to its end, and each recipient that was
 * refused or put off, and adds it to store/traffic while traffic.enabled says
 * so. What counts is what the client was told; mode monitor and shadow change
 * nothing for it. Nothing is added for local submissions, trusted networks and
 * authenticated users. Threads: any session's.
 */
#pragma once

#include "judge/session.h"
#include "net/hostname.h"
#include "store/traffic.h"

struct psl;
struct record;

/* Borrowed as long as sessions live. */
struct trafficwatch {
	struct traffic *traffic;
	const struct psl *psl;
	struct session_watch watch; /* for session_env */
};

/* next: who else watches, or NULL. psl may be NULL (auth/aligned). */
void trafficwatch_init(struct trafficwatch *out, struct traffic *traffic,
	const struct psl *psl, const struct session_watch *next);

/*
 * Pure. False: nothing is to be counted. Of a message: one of what became of
 * it, and of each result
 *   spf    fail also for softfail and permerror; of HELO for a null sender
 *   dkim   pass: one signature passes; fail: none does, and one of them fails,
 *          is broken or not taken
 *   dmarc  pass or fail, whatever excuses a failure
 * domain: of the signature that speaks for the author (auth/aligned), or "".
 */
bool trafficwatch_of(const struct record *r, const struct psl *psl,
	struct traffic_day *what, char domain[HOSTNAME_MAX]);
