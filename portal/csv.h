/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/csv - lines of comma separated values (RFC 4180) that a spreadsheet
 * can open without harm: a text that it would take for a formula gets a single
 * quote in front. Threads: the caller's own.
 */
#pragma once

#include "base/buf.h"

/* Adds one value, and a comma in front unless the line begins here. Quoted when
 * there is need; controls become blanks. */
void csv_text(struct buf *out, struct slice value);
void csv_number(struct buf *out, uint64_t value);
/* CR LF. */
void csv_end(struct buf *out);
