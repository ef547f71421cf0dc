/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/confcheck - what must hold between the options of one snapshot.
 *
 * Inside lib/conf only. Threads: one owner.
 */
#pragma once

#include "base/result.h"

struct confload;

/*
 * Looks at the snapshot of l once all files are read, notes what is wrong,
 * and finishes it: passwords out of their files, domains sorted, the server
 * that is meant when none is named. RES_NOMEM.
 */
enum result confcheck_run(struct confload *l, const char *path) MUST_USE;
