/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/helo - does the greeting (RFC 5321 s4.1.1.1) name the host that sends
 * it?
 *
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step helo_step;
