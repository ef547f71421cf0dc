/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milter/privileges - who we run as, and a socket that is safe to open.
 *
 * Started as root, the socket is opened first and root given up after that.
 * Threads: main only, before any other thread.
 */
#pragma once

#include "base/buf.h"

#include <sys/types.h>

struct endpoint;

struct identity {
	bool change; /* false: stay who we are */
	uid_t uid;
	gid_t gid;
	gid_t socket_gid; /* (gid_t)-1: as the folder has it */
	char user[64];
};

/*
 * user "" with root: RES_DENIED. Not root: nothing to change (a warning is
 * added to why when user is somebody else). RES_MISSING: no such user or
 * group. group is that of the socket; "": what its folder gives it.
 */
enum result privileges_find(const char *user, const char *group,
	struct identity *out, struct buf *why) MUST_USE;

/* For good: supplementary groups, group, user. RES_DENIED. */
enum result privileges_drop(const struct identity *id) MUST_USE;

/*
 * Makes way for a unix socket at e->path; other kinds are RES_OK at once.
 * Its folder must be there, be root's or the identity's, and closed to writing
 * by others. A left over socket is removed only when it is a socket, is
 * root's or the identity's, and nobody answers there. RES_MISSING: no folder;
 * RES_DENIED: the folder or the owner is wrong; RES_TYPE: not a socket;
 * RES_EXISTS: somebody answers. why gets words for a human.
 */
enum result privileges_clear_path(const struct endpoint *e,
	const struct identity *id, struct buf *why) MUST_USE;

/* Owner and mode of the socket that was just opened. */
enum result privileges_fit_path(const struct endpoint *e,
	const struct identity *id, unsigned mode, struct buf *why) MUST_USE;
