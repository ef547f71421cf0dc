/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/content - does it read like spam? The classifier that learns.
 *
 * Its service is the struct modelcopy (store/modelcopy): no message waits for
 * Redis; without it nothing is found. Off unless content.enabled; it says
 * nothing before it has learnt content.min_learnt messages of either kind.
 * Where the probability is near one half it says nothing either; from there the
 * factor grows with the odds up to content.spam_max, or ham_max. Threads: as
 * its session.
 */
#pragma once

#include "fact/check.h"
#include "heur/tokens.h"

struct buf;

check_step content_step;

/* How far the log-odds (heur/model) are from telling nothing: 0 to 1. */
double content_certainty(double log_odds);

/*
 * The features of a message that speak most for what it was taken for, those
 * that weigh most first, with "; " between. For a human. RES_NOMEM, RES_TOOBIG:
 * some are missing.
 */
enum result content_explain(const struct tokens_source *source,
	const float *weights, double log_odds, struct buf *out) MUST_USE;
