/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/provider - who gives mailboxes to everybody, and by which hosts their
 * mail leaves.
 *
 * A table of large ones; names are folded. Threads: constant.
 */
#pragma once

#include "base/slice.h"

struct provider;

/* The one that gives mailboxes at that domain, or NULL. */
const struct provider *provider_find(struct slice domain);
/* Is that a name of its own? */
bool provider_has(const struct provider *p, struct slice host);
