/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/content - does it read like spam? The classifier that learns.
 *
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step content_step;
