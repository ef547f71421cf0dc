/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/der - as much of DER (X.690 s10) as RSA public keys need.
 *
 * Lengths of up to 65,535 octets, written the shortest way, nothing behind the
 * end. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

struct arena;

/* RSAPublicKey (RFC 8017 A.1.1): both numbers are positive, without the octet
 * that keeps the sign. */
bool der_read_rsa(
	struct slice der, struct slice *modulus, struct slice *exponent);

/* The RSAPublicKey inside a SubjectPublicKeyInfo (RFC 5280 s4.1, RFC 3279
 * s2.3.1). */
bool der_unwrap_rsa(struct slice der, struct slice *out);

/* The other way; owned by a. RES_TOOBIG, RES_NOMEM. */
enum result der_wrap_rsa(
	struct slice rsa, struct arena *a, struct slice *out) MUST_USE;

/* Of a number without leading zeros. */
unsigned der_bits(struct slice positive);
bool der_is_odd(struct slice positive);
