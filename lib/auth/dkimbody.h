/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/dkimbody - the hashes of one body that its signatures ask for (RFC 6376
 * s3.4.3 to s3.4.5), made as it streams by.
 *
 * Signatures that want the same form and length share a view. Nothing of the
 * body is kept. Threads: one at a time.
 */
#pragma once

#include "base/hmac.h"
#include "fact/auth.h"

struct arena;
struct dkimbody;
struct dkimsig;

enum { DKIMBODY_VIEWS_MAX = AUTH_DKIM_MAX };

/* Owned by a but for what dkimbody_free frees. NULL: no memory. */
struct dkimbody *dkimbody_new(struct arena *a) MUST_USE;
void dkimbody_free(struct dkimbody *b); /* NULL is fine */

/* Before the body. *view is what the others ask for. RES_TOOBIG, RES_NOMEM. */
enum result dkimbody_want(
	struct dkimbody *b, const struct dkimsig *sig, size_t *view) MUST_USE;
bool dkimbody_is_wanted(const struct dkimbody *b);

/* A piece, cut anywhere. */
void dkimbody_add(struct dkimbody *b, struct slice piece);

/* Once, behind the last piece. RES_NOMEM: the hashes are of no use. */
enum result dkimbody_end(struct dkimbody *b) MUST_USE;

/* After the end: of what l= covers; SHA256_LEN octets that live as b. */
const uint8_t *dkimbody_hash(const struct dkimbody *b, size_t view);
/* After the end: octets of all of the canonical body, of views with l=. */
uint64_t dkimbody_octets(const struct dkimbody *b, size_t view);
