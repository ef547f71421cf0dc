/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/reasons - policy/grant's reasons in words, for pages and letters.
 * Threads: any.
 */
#pragma once

#include "base/slice.h"

struct view;

/*
 * Puts into the view, for the word of a reason (grant_reason_name): "reason",
 * what it means; "advice", what to do; "reason_help", the path of a help page;
 * "reason_id", of the part of /help/delisting about it.
 * A word that is none of ours: nothing.
 */
void reasons_say(struct view *view, struct slice word);
