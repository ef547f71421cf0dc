/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/mirrorloop - the thread of the mirror: when to connect, load, serve,
 * keep the old table, give up.
 * Part of store/mirror, see store/mirrorcore.h.
 */
#pragma once

#include "store/mirrorcore.h"

/* For pthread_create; arg is the mirror. Ends when it is stopping. */
void *mirror_run(void *arg);
