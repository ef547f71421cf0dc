/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/meaning - what the findings of heuristic checks mean, in the sentences
 * that the sender reads (policy/dictionary). Threads: one.
 */
#pragma once

#include "ctl/output.h"

/* findings: lines of judge/record. A list "meaning", one line for each that
 * the dictionary has, "CHECK WORD: what was seen. What to change."; without
 * any there is no list. */
void meaning_say(struct output *o, struct slice findings);
