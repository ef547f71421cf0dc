/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/asncount - how many messages each network sends, and how many of them
 * are, or would be, refused.
 *
 * A network is what geo says (conn.asn). Anybody can come from any network, so
 * at most ASNCOUNT_MAX are remembered, the one that was silent for longest
 * goes first, and only the ASNCOUNT_SHOWN busiest are shown as metrics.
 * Threads: any (own lock).
 */
#pragma once

#include "base/buf.h"
#include "judge/session.h"

enum { ASNCOUNT_MAX = 512, ASNCOUNT_SHOWN = 50 };

struct asncount;

/* NULL: no memory. */
struct asncount *asncount_new(void);
void asncount_free(struct asncount *c); /* NULL is fine */

/* A session_watch's judged: at is the asncount. Counts judged messages. */
void asncount_judged(void *at, const struct record *r);

void asncount_add(struct asncount *c, uint32_t asn, bool is_refused);

/* reprieve_asn_messages_total and reprieve_asn_refused_total, in Prometheus
 * text format, the busiest first. Nothing while nothing was counted. */
void asncount_format(struct asncount *c, struct buf *out);
