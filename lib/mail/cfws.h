/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/cfws - blanks, folds, comments and quoted strings of a header value
 * (RFC 5322 s3.2.2, s3.2.4).
 *
 * Comments may hold comments, to any depth and without recursion.
 * Threads: plain data.
 */
#pragma once

#include "base/slice.h"

/* Moves *at behind all blanks, folds and comments. False: a comment does not
 * end; *at is then v.len. */
bool cfws_skip(struct slice v, size_t *at);

/* *at is at a quote: moves it behind the closing one. *inner is what stands
 * between, with its backslashes. False: the quote does not end. */
bool cfws_quoted(struct slice v, size_t *at, struct slice *inner);
