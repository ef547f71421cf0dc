/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net/cidrset - a few networks from the config, e.g. those we trust.
 *
 * Threads: match from any thread once the last add is done.
 */
#pragma once

#include "net/cidr.h"

struct cidrset;

enum { CIDRSET_MAX = 4096 };

/* NULL: no memory. */
struct cidrset *cidrset_new(void);
void cidrset_free(struct cidrset *s);
/* At most CIDRSET_MAX networks: RES_TOOBIG. RES_NOMEM. */
enum result cidrset_add(struct cidrset *s, const struct cidr *c) MUST_USE;
bool cidrset_match(const struct cidrset *s, const struct ipaddr *ip);
/* Has c an address in common with one of the networks? */
bool cidrset_overlaps(const struct cidrset *s, const struct cidr *c);
size_t cidrset_count(const struct cidrset *s);
