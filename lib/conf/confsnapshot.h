/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/confsnapshot - birth of a counted snapshot, inside lib/conf only.
 *
 * conf_hold and conf_release (conf/conf.h) count it. Threads: any.
 */
#pragma once

struct conf;

/* Zeroed, with one reference. NULL: no memory. */
struct conf *confsnapshot_new(void);
