/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/bulk - has bulk mail a way out (RFC 2369, RFC 8058)?
 *
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step bulk_step;
