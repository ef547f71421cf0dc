/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/pubkey - public keys and what they verify, on libcrypto.
 *
 * RSA with PKCS#1 v1.5 over SHA-256 (RFC 8017 s8.2, RFC 6376 s3.3.1), Ed25519
 * over the octets of that digest (RFC 8463 s3). A verification with an RSA
 * key that is new costs twice as much as with one that was used: keep keys.
 *
 * A key is immutable and counted. Threads: any.
 */
#pragma once

#include "base/hmac.h"

enum pubkey_type { PUBKEY_RSA, PUBKEY_ED25519 };

enum {
	PUBKEY_DER_MAX = 2400, /* octets: 16,384 bits and their frame */
	PUBKEY_BITS_MIN = 512,
	PUBKEY_BITS_MAX = 16384,
	PUBKEY_EXPONENT_BITS_MAX = 33
};

struct pubkey;

/*
 * octets: of RSA a SubjectPublicKeyInfo in DER, of Ed25519 the 32 of RFC 8032.
 * On RES_OK *out has one reference. RES_SYNTAX: no such key; RES_RANGE: its
 * modulus is not of PUBKEY_BITS_MIN to _MAX bits, or its exponent is even, less
 * than 3 or longer than PUBKEY_EXPONENT_BITS_MAX; RES_NOMEM.
 */
enum result pubkey_parse(enum pubkey_type type, struct slice octets,
	struct pubkey **out) MUST_USE;
struct pubkey *pubkey_hold(struct pubkey *k);
void pubkey_release(struct pubkey *k); /* NULL is fine */

unsigned pubkey_bits(const struct pubkey *k); /* Ed25519: 256 */

/* Is signature that of this digest by this key? RES_NOMEM: cannot be told. */
enum result pubkey_verify(const struct pubkey *k,
	const uint8_t digest[SHA256_LEN], struct slice signature,
	bool *good) MUST_USE;
