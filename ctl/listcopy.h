/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/listcopy - the lists as a milter knows them, in this process.
 *
 * A mirror without the copy on disk, read whole from Redis, and
 * store/blocklist on top of it: the answer of the milter's own code, and no
 * trace. Threads: one.
 */
#pragma once

#include "ctl/ctl.h"

struct blocklist;
struct mirror;

struct listcopy {
	struct mirror *mirror;
	struct blocklist *list;
};

/*
 * Changes ctl->conf so that nothing is written and waiting is long enough.
 * Says what went wrong: CTL_DOWN, or CTL_REFUSED when Redis lets us ask
 * nothing. To be closed in any case.
 */
enum ctl_exit listcopy_open(struct listcopy *copy, struct ctl *ctl);
void listcopy_close(struct listcopy *copy);
