/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/confprint - the values of a snapshot as the file would write them.
 *
 * conf_print (conf/conf.h) is here too. Threads: plain functions.
 */
#pragma once

#include "base/buf.h"
#include "conf/conftable.h"

/* As it stands behind "name = "; base is the struct that row.base names. */
void confprint_value(
	const struct conf_row *row, const void *base, struct buf *out);
