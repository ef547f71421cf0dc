/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/arctrust - do we trust all who sealed a chain that passes?
 *
 * A chain is as good as its weakest sealer: each of them (d= of the seal) must
 * be trusted. It is when it is, or is below, a domain of arc.trusted; or when
 * the trust source, which is asked for it once, trusts it as kind "arc" (that
 * of Redis: it or a domain above it). A source that cannot tell trusts nobody.
 * Threads: any.
 */
#pragma once

#include "fact/auth.h"
#include "fact/trust.h"

struct arena;
struct conf;

/* Fills is_trusted and trusted_by ("config", or the Redis key of the newest
 * sealer that only the source knows; static, or owned by a) of a fact that
 * passes. */
void arctrust_find(const struct trust_source *source, const struct conf *conf,
	struct arena *a, struct arc_fact *fact);
