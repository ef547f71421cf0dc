/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/links - do the links lead where they say?
 *
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step links_step;
