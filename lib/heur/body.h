/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/body - takes the body in, and parses it for the checks that follow.
 *
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step body_step;
check_body body_take;
