/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fact/message - what is known of the message itself.
 *
 * Plain data, in the message's arena.
 */
#pragma once

#include "base/slice.h"

struct message {
	unsigned header_count;
	unsigned own_header_count; /* incoming fields that bear our name */
};
