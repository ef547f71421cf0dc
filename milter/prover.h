/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milter/prover - carries out what a message to "delist+TOKEN" shows
 * (judge/proof): the request of that token is confirmed by the address itself.
 *
 * One connection of its own to the primary, used by one session at a time and
 * with deadlines; while Redis is away it is tried once every
 * redis.breaker_probe_ms. A token that is used up, too old, or not of the
 * client's own network changes nothing, and the log says so.
 * Threads: open and close from main; the proof from any.
 */
#pragma once

#include "judge/proof.h"

struct blocklist;
struct clock;
struct conf;
struct geoip;
struct mirror;
struct prover;

/* conf is held, the rest borrowed. RES_NOMEM. */
struct prover_needs {
	struct conf *conf;
	struct mirror *mirror;
	struct blocklist *blocklist;
	struct geoip *geo;
	const struct clock *clock;
};
enum result prover_open(
	struct prover **out, const struct prover_needs *needs) MUST_USE;
void prover_close(struct prover *p); /* NULL is fine */

/* For sessions; lives as long as p. */
const struct proof *prover_proof(const struct prover *p);
