/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/reputation - what came of this sender's mail so far.
 *
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step reputation_step;
