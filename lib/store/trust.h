/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/trust - whom does the operator trust: sealers of ARC, mailing lists.
 *
 * The keys are in Redis (store/keys.h); the copy in memory that store/mirror
 * keeps answers, so nobody waits. An edit counts as soon as Redis has pushed
 * the name of its key. Threads: find from any; open and close from main.
 */
#pragma once

#include "base/slice.h"

struct mirror;
struct trust;

/* m is borrowed until trust_close. RES_NOMEM. */
enum result trust_open(struct trust **out, struct mirror *m) MUST_USE;
void trust_close(struct trust *t); /* NULL is fine */

/*
 * kind: "arc" or "list". *found: there is a key for that domain (folded), or
 * for one above it: who trusts example.org trusts what is below it. A key of
 * one label, "com", is nonsense and trusts nobody. RES_DOWN: no copy, or one
 * older than lists.max_age_s, or our account may not read these keys; *found is
 * false then, too. RES_SYNTAX: no such
 * kind.
 */
enum result trust_find(struct trust *t, const char *kind, struct slice domain,
	bool *found) MUST_USE;
