/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/privileges - who we run as; root is given up, for good.
 *
 * First found, then dropped, so that in between root can open what only root
 * may. Threads: main only, before any other thread.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>
#include <sys/types.h>

struct identity {
	bool change; /* false: stay who we are */
	uid_t uid;
	gid_t gid;
	const char *user; /* that of privileges_find, borrowed */
};

/*
 * setting is what users call user, for why. Not root: nothing to change, and
 * a warning is added to why when user is somebody else. Root: RES_DENIED when
 * user is "" or root as well, RES_MISSING when there is no such user.
 */
enum result privileges_find(const char *user, const char *setting,
	struct identity *out, struct buf *why) MUST_USE;

/* "": (gid_t)-1, which leaves a file its group. RES_MISSING: none such. */
enum result privileges_find_group(const char *group, const char *setting,
	gid_t *out, struct buf *why) MUST_USE;

/* Supplementary groups, group, user. RES_DENIED; why gets words. */
enum result privileges_drop(
	const struct identity *id, struct buf *why) MUST_USE;
