/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/conftrap - listing.traps: addresses that nobody was ever given.
 *
 * Folded (all in lower case) and sorted at load. Threads: any, on a snapshot.
 */
#pragma once

#include "base/result.h"
#include "conf/conf.h"

/* RES_SYNTAX: *bad is the one that is no mail address; RES_NOMEM. */
enum result conftrap_build(struct conf_listing *l, const char **bad) MUST_USE;

/* Is local@domain (in any case) one of them? */
bool conftrap_has(
	const struct conf_listing *l, struct slice local, struct slice domain);
