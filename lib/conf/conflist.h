/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/conflist - the values of an option that is a list.
 *
 * Used by conf/confvalue only; each kind of list has its own shape in the
 * snapshot. Threads: one at a time.
 */
#pragma once

#include "base/buf.h"

struct conf_row;

/* Replaces what is there. RES_SYNTAX: why says which value is wrong, and the
 * old list stays. RES_NOMEM. */
enum result conflist_set(const struct conf_row *row, void *base,
	const struct slice *values, size_t n, struct buf *why) MUST_USE;
void conflist_clear(const struct conf_row *row, void *base);
