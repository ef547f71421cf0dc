/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milter/socket - a socket for libmilter that is safe to open, and quick.
 *
 * It is opened while we may be root, for the user that we will become.
 * Threads: main only, before any other thread.
 */
#pragma once

#include "base/buf.h"

#include <sys/types.h>

struct endpoint;
struct identity;

/*
 * Makes way for a unix socket at e->path; other kinds are RES_OK at once.
 * Its folder must be there, be root's or the identity's, and closed to writing
 * by others. A left over socket is removed only when it is a socket, is
 * root's or the identity's, and nobody answers there. RES_MISSING: no folder;
 * RES_DENIED: the folder or the owner is wrong; RES_TYPE: not a socket;
 * RES_EXISTS: somebody answers. why gets words for a human.
 */
enum result socket_clear(const struct endpoint *e, const struct identity *id,
	struct buf *why) MUST_USE;

/*
 * Owner, group and mode of the unix socket that was just opened; group
 * (gid_t)-1: as its folder gave it. A TCP socket sends each packet at once: an
 * answer of several (a field to insert, a verdict) would otherwise wait up to
 * 40 ms for the acknowledgement of its first.
 */
enum result socket_fit(const struct endpoint *e, const struct identity *id,
	gid_t group, unsigned mode, struct buf *why) MUST_USE;
