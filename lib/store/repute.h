/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/repute - counts good and bad messages of senders.
 *
 *   Prep:KIND:WHO   HASH: good and bad, messages of which the old ones count
 *                   less (reputation.half_life_s); at, when that was worked
 * out, and first, when it was seen first, in ms since 1970; EXPIRE What is
 * added is summed up in memory, one entry a sender, and goes to Redis by
 * store/writer at the next flush, about once a second: no session waits. When
 * memory holds REPUTE_SENDERS_MAX senders, others are not counted until then.
 * store/ledger reads it. Threads: add from any; open, flush and close from one.
 */
#pragma once

#include "store/ledger.h"

struct repute;
struct writer;

enum { REPUTE_SENDERS_MAX = 65536 };

/* writer is borrowed; conf is held. time as in ledger_open. RES_NOMEM. */
enum result repute_open(struct repute **out, struct conf *conf,
	struct writer *writer, const struct clock *time) MUST_USE;
/* Flushes. NULL is fine. */
void repute_close(struct repute *r);

/*
 * Adds that much of good and of bad. A verdict adds one message; somebody who
 * reports one as junk, or as none, may add what his word is worth. kind is
 * LEDGER_ADDRESS, LEDGER_NETWORK or LEDGER_DOMAIN; who as in heur/sender, ""
 * adds nothing. Never waits.
 */
void repute_add(struct repute *r, enum ledger_limit kind, struct slice who,
	double good, double bad);

/* Queues what was added since the last time; conf says how it ages. While much
 * waits in the queue already, memory holds it. */
void repute_flush(struct repute *r, const struct conf *conf);

struct repute_counts {
	size_t waiting; /* senders to be written at the next flush */
	uint64_t dropped; /* no room in memory, or in the queue */
};

void repute_count(struct repute *r, struct repute_counts *out);

/* ---- for store/ledger ---- */

/* What the key begins with, behind the prefix. Static. */
const char *repute_key(enum ledger_limit kind);
/* How long a record is kept after its last message: ten half lives, but past
 * the curve of a new sender and at most 400 days. */
int64_t repute_keep_s(const struct conf *conf);
