/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/shadowcount - how often each check in shadow would have changed what
 * became of mail, and to what.
 *
 * Counted for messages, and for recipients that were refused. Threads: any.
 */
#pragma once

#include "base/buf.h"
#include "judge/checkindex.h"
#include "policy/verdict.h"

#include <stdatomic.h>

struct record;

/* Zeroed: nothing was counted. */
struct shadowcount {
	atomic_ullong count[CHECKINDEX_COUNT][ACTION_REJECT + 1];
};

/* A session_watch's judged: at is the shadowcount. */
void shadowcount_judged(void *at, const struct record *r);

/* reprieve_shadow_total{check,action}, in Prometheus text format; what was
 * never counted is left out. */
void shadowcount_format(struct shadowcount *c, struct buf *out);
