/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list/blocked - checks "blocked" and "allowed": is this client on our lists?
 *
 * service of check_input is a struct blocklist. One call asks once and adds
 * both findings. "blocked": HIT with detail = class of the listing that wins
 * (self, policy, review, feed), subject = its key, evidence = its reason;
 * shadow set when only a shadow entry covers the client. "allowed": HIT when
 * an allow entry wins. UNKNOWN for both: no copy young enough to answer from.
 * UNKNOWN with detail "internal": no memory for the answer.
 * Threads: any.
 */
#pragma once

#include "fact/check.h"

struct blocklist_result;

void blocked_run(const struct check_input *in, struct findings *out);

/* The two findings of an answer that is there; out borrows its text. */
void blocked_report(const struct blocklist_result *r, struct findings *out);
