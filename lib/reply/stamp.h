/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply/stamp - the header field that a message which passed carries.
 *
 *     X-Reprieve: action=accept; ref=...; score=0.0; host=mx.example.net
 * Threads: any.
 */
#pragma once

#include "base/buf.h"
#include "policy/verdict.h"

/* Name of the field, without colon. Compared without case on the way in. */
extern const char stamp_name[];

struct stamp_input {
	const struct verdict *verdict;
	struct slice host;
	struct slice ref; /* "" when there is no case */
	bool unchecked;   /* lists could not be read */
};

/* The value, with the blank after the colon; RES_TOOBIG. */
enum result stamp_format(const struct stamp_input *in, struct buf *out)
	MUST_USE;
