/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/zones - do DNS lists (RFC 5782) name the client, or the domains of the
 * message?
 *
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step zones_step;
