/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/headers - is the header one that an honest program writes (RFC 5322
 * s3.6)?
 *
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step headers_step;
