/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milter/restart - which options a reload cannot change.
 *
 * Sockets, users, connections to Redis and the sizes of what is in memory are
 * made once. Threads: plain.
 */
#pragma once

#include "base/buf.h"

struct conf;

/* Adds the names of those that differ, with ", " between; none: nothing. */
void restart_differences(
	const struct conf *running, const struct conf *loaded, struct buf *out);
