/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/country - what the operator thinks of the client's country and network.
 *
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step country_step;
