/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply/stamp - the header field that a message which passed carries.
 *
 *     X-Reprieve: action=accept; score=0.0; host=mx.example.net
 *     X-Reprieve: action=accept; would_be=reject; mode=monitor;
 *             ref=7K3M9QXB2HTD4FZ6T; score=0.0; host=mx.example.net
 *     X-Reprieve: action=accept; unchecked=lists; score=0.0; host=...
 *
 * One line in truth. would_be and mode stand only where they differ from
 * action and enforce, ref only when there is a case, unchecked only when our
 * lists could not be read.
 * Threads: any.
 */
#pragma once

#include "base/buf.h"
#include "policy/verdict.h"

/* Name of the field, without colon. Compared without case on the way in. */
extern const char stamp_name[];

/* True for a field that only we may write; name as it came. */
bool stamp_is_ours(struct slice name);

struct stamp_input {
	const struct verdict *verdict;
	struct slice host;
	struct slice ref; /* "" when there is no case */
	bool unchecked; /* lists could not be read */
};

/* The value, with the blank after the colon; RES_TOOBIG, RES_NOMEM. */
enum result stamp_format(
	const struct stamp_input *in, struct buf *out) MUST_USE;
