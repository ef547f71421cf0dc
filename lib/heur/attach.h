/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/attach - do the attachments hold what runs?
 *
 * Threads: as its session.
 */
#pragma once

#include "fact/check.h"

check_step attach_step;
