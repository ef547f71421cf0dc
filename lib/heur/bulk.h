/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/bulk - has bulk mail a way out (RFC 2369, RFC 8058)?
 *
 * Bulk is what says so: Precedence bulk, list or junk, List-Id, or several of
 * List-Unsubscribe, Feedback-ID and the fields that mass mailers write. What a
 * program sends to one person is none: a null sender, and Auto-Submitted (RFC
 * 3834) other than "no". Mail of a list where people discuss needs no such way
 * out: it has others. Of a header that is not complete nothing is said.
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step bulk_step;
