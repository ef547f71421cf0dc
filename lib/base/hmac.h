/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/hmac - keyed hashes and digests (RFC 2104, FIPS 180-4) on libcrypto.
 * Threads: any.
 */
#pragma once

#include "base/slice.h"

enum { SHA256_LEN = 32 };

enum result sha256(struct slice data, uint8_t out[SHA256_LEN]) MUST_USE;
enum result hmac_sha256(
	struct slice key, struct slice data, uint8_t out[SHA256_LEN]) MUST_USE;

/* Compares in a time that does not depend on where they differ. */
bool hmac_is_equal(const void *a, const void *b, size_t len);
