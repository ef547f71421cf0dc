/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/headerfrom - does the From field mislead who reads it: a name that
 * shows another address, a domain of ours, a domain that looks like another.
 *
 * Part of heur/headers. Words: display_address, own_domain, lookalike.
 * Threads: as their session.
 */
#pragma once

#include "heur/headernote.h"

/* n->in->service: struct imitation, or NULL. A From field that has no one
 * author domain is not looked at: the check "from" has that. */
void headerfrom_run(struct headernote *n);
