/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fact/trust - whom the operator trusts, as checks may ask.
 *
 * The keys are rp:trust:KIND:DOMAIN in Redis (reprieve-redis(7)); checks know
 * no store, so judge/ hands them this. Whoever fills it never blocks for
 * longer than one command of the hot path, and answers from memory where it
 * can. Threads: any.
 */
#pragma once

#include "base/slice.h"

struct trust_source {
	/*
	 * Is that domain (folded, A-labels), or one above it, trusted as kind,
	 * "arc" or "list"?
	 * RES_OK: *found is the answer. RES_DOWN, RES_TIMEOUT, RES_NOMEM: it
	 * could not be asked, which is not the same as "not trusted"; *found
	 * is false then.
	 */
	enum result (*find)(
		void *ctx, const char *kind, struct slice domain, bool *found);
	void *ctx;
};
