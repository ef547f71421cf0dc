/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/auth/signer - signs messages as the text of RFC 6376 says, by code that
 * shares nothing with what is tested but SHA-256 and the key's arithmetic.
 */
#pragma once

#include "base/slice.h"

struct signer;

/* A fresh key; bits 0: Ed25519. */
struct signer *signer_new(unsigned bits);
void signer_free(struct signer *s);
/* "v=DKIM1; k=...; p=..." and p= alone. */
const char *signer_record(const struct signer *s);
const char *signer_key(const struct signer *s);

/*
 * "DKIM-Signature: " + tags + CRLF, given; in tags "bh=$" and "b=$" have
 * their "$" filled in, each where it is there at all. Canonicalization, l= and
 * h= are those of the tags.
 */
char *signer_sign(const struct signer *s, const char *tags, struct slice text);
