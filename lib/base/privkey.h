/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/privkey - a private key out of a PEM file, and its signatures, on
 * libcrypto. RSA (PKCS#1 v1.5 over SHA-256) and Ed25519 (RFC 8463 s3: over the
 * octets of the digest), in "PRIVATE KEY" or "RSA PRIVATE KEY" form, not
 * encrypted. Threads: sign from any.
 */
#pragma once

#include "base/buf.h"
#include "base/hmac.h"

enum {
	PRIVKEY_FILE_MAX = 65536,
	PRIVKEY_BITS_MIN = 1024, /* RFC 8301 s3.2 */
	PRIVKEY_BITS_MAX = 8192
};

struct privkey;

/*
 * As file_read; RES_SYNTAX: no key that we can use; RES_RANGE: RSA of other
 * than PRIVKEY_BITS_MIN to _MAX bits.
 */
enum result privkey_read(const char *path, struct privkey **out) MUST_USE;
void privkey_free(struct privkey *k); /* NULL is fine */

bool privkey_is_ed25519(const struct privkey *k);

/* Adds the octets of the signature. RES_NOMEM, RES_TOOBIG. */
enum result privkey_sign(const struct privkey *k,
	const uint8_t digest[SHA256_LEN], struct buf *out) MUST_USE;
