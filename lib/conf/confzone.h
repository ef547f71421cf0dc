/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/confzone - dnsbl "ZONE" { ... }: from its lines to what is asked.
 *
 * Threads: read and clear by the owner of the snapshot; the rest from any.
 */
#pragma once

#include "base/result.h"

#include <stdbool.h>
#include <stdint.h>

struct conf_zone;
struct confload;

/*
 * Fills what a zone's texts mean, and notes what is wrong with them where it
 * stands: lines of codes ("127.0.0.2 4", "127.0.0.4-127.0.0.7 2"), subjects.
 * RES_NOMEM.
 */
enum result confzone_read(struct confload *l, struct conf_zone *z) MUST_USE;
void confzone_clear(struct conf_zone *z);

/*
 * What an answer (host order, 127.0.0.2 is 0x7f000002) adds: by the first line
 * of codes that holds it, then *is_named, or conf_zone.score.
 */
double confzone_weight(
	const struct conf_zone *z, uint32_t answer, bool *is_named);
