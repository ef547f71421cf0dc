/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/greylist - has this sender come back before (RFC 6647)?
 *
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step greylist_step;
