/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/body - takes the body in, and parses it for the checks that follow.
 *
 * It reports nothing itself: what it has found stands in in->body. That is not
 * known when no piece of the body came, or when there was no memory.
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step body_step;
check_body body_take;
check_clear body_clear;
