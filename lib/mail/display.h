/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/display - what a reader is shown of a From field beside its address
 * (RFC 5322 s3.4).
 *
 * The words and quoted strings in front of "<", with their backslashes undone,
 * and what comments say; of an address without brackets the comments alone.
 * Several addresses: all of them in one text. Encoded words stay as they are.
 * Threads: plain data.
 */
#pragma once

#include "base/buf.h"

/* Adds to out, with one blank for blanks and folds. What does not fit is left
 * out; that a bracket, quote or comment does not end is no fault here. */
void display_add(struct slice value, struct buf *out);
