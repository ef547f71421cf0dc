/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/reverse - is the client's name one that a provider made up?
 *
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step reverse_step;
