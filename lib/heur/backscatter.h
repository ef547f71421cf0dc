/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/backscatter - is this bounce one of what somebody here sent?
 *
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step backscatter_step;
