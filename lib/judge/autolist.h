/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/autolist - lists an address by what it sends.
 *
 * Sees each verdict. A message whose sum is listing.score_at or more is a piece
 * of evidence, and so is a recipient of listing.traps, whatever the sum, unless
 * the sender is null; of a client that is judged, not of one that an allow
 * entry or the configuration trusts. Pieces of one IPv4 address or IPv6 /64 are
 * counted in Redis for all MX (store/offences); listing.messages of them within
 * listing.window_s list it (store/standing: level, life, class, parole). Never
 * a range, and never an address of ours: of an interface, of milter.trusted, or
 * one that means something in one network only.
 *
 * Of an address on parole each message that is or would be refused or held, or
 * comes to policy.mark_at, is a mark, which may list it at once; what only was
 * put off is none.
 *
 * With listing.enabled no nothing is listed or marked: the log and a counter
 * say what would have been ("listing", would=yes).
 * All that takes time is done by one thread with a connection of its own; what
 * finds no room in its queue is dropped and counted.
 * Threads: open, start and close from main; watching from any session's.
 */
#pragma once

#include "base/buf.h"
#include "judge/session.h"

struct autolist;
struct conf;

/* conf is held: redis and delist are as it says until close, listing is of the
 * session's own. RES_NOMEM. */
enum result autolist_open(struct autolist **out, struct conf *conf,
	const struct clock *clock) MUST_USE;
/* Starts the thread, after any change of user. RES_NOMEM. */
enum result autolist_start(struct autolist *a) MUST_USE;
/* What still waits is dropped. NULL is fine. */
void autolist_close(struct autolist *a);

/* For session_env, until close. next: who else watches, or NULL. */
const struct session_watch *autolist_watch(
	struct autolist *a, const struct session_watch *next);

struct autolist_counts {
	uint64_t evidence; /* pieces that were counted */
	uint64_t listed;
	uint64_t struck; /* listed at once, on parole */
	uint64_t would; /* listed, were listing.enabled yes */
	uint64_t dropped; /* pieces and marks: no room, or Redis was away */
	size_t waiting;
};

void autolist_count(struct autolist *a, struct autolist_counts *out);

/* The counts in Prometheus text format. */
void autolist_format(struct autolist *a, struct buf *out);
