/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/rate - is this sender over one of its limits?
 *
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step rate_step;
