/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/digest - SHA-256 of text that comes in pieces (FIPS 180-4), on
 * libcrypto. A failure within (no memory) is kept and told at the end.
 * Threads: one at a time.
 */
#pragma once

#include "base/hmac.h"

struct digest;

struct digest *digest_new(void) MUST_USE; /* NULL: no memory */
void digest_free(struct digest *d); /* NULL is fine */

void digest_add(struct digest *d, struct slice piece);

/* Makes "to" what "from" is now: both go on from there. */
void digest_copy(struct digest *to, const struct digest *from);

/* The digest of all that was added; d then begins anew. RES_NOMEM. */
enum result digest_end(struct digest *d, uint8_t out[SHA256_LEN]) MUST_USE;
