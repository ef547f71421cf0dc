/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/findings - what DNS says about a request, asked and written down.
 *
 * When the letter goes, and again when somebody confirms: the name of the
 * address may have been repaired meanwhile. Waits as portal/proof does.
 * Threads: any.
 */
#pragma once

#include "portal/context.h"
#include "portal/proof.h"

struct arena;
struct delist_request;
struct redis;

/* Of this process: its resolver, if it has one. */
struct proof_dns findings_dns(const struct context_view *site);

/*
 * Asks what is not known to be good yet, and writes it to the request in Redis
 * and to *q. Texts are owned by a. RES_MISSING: no such request any more;
 * RES_TIMEOUT, RES_DOWN ...: Redis could not be asked. That DNS could not tell
 * is a finding, not an error.
 */
enum result findings_renew(const struct context_view *site, struct redis *r,
	struct arena *a, struct delist_request *q) MUST_USE;
