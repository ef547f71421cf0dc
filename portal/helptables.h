/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/helptables - what a help page shows of the conf in use.
 *
 * A paragraph of a help page that is {NAME} and nothing else stands for a
 * table; the template "help-NAME" prints it:
 *   thresholds       what a sum of scores means
 *   greylist_times   when a retry counts
 *   rate_limits      messages in an hour
 *   rate_plan        messages of a new sender, day by day
 *   dns_lists        the zones that are asked, and where removal is asked for
 *   checks           every word of every heuristic check
 * Threads: the visit's own.
 */
#pragma once

#include "base/slice.h"

struct view;
struct visit;

/* Fills the view with that table, and sets the flag table_NAME. False: no such
 * table. */
bool helptables_show(struct visit *v, struct view *to, struct slice name);
