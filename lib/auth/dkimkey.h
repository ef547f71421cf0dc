/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/dkimkey - the public key of a selector, as DNS has it (RFC 6376 s3.6.1,
 * RFC 8301, RFC 8463). Serves DKIM and ARC alike.
 *
 * A record may be of any length and of any number of strings. Where a name has
 * several records, those that are no keys do not count. RSA keys have a
 * modulus of at most DKIMKEY_BITS_MAX bits and an odd exponent of 3 to
 * 2^32 - 1; how short they may be is the caller's business.
 *
 * Threads: plain data.
 */
#pragma once

#include "base/slice.h"

struct arena;
struct dns_answer;

enum { DKIMKEY_BITS_MAX = 16384 };

enum dkimkey_type { DKIMKEY_UNKNOWN = 0, DKIMKEY_RSA, DKIMKEY_ED25519 };

enum dkimkey_status {
	DKIMKEY_NOT_TOLD = 0, /* DNS could not tell: temperror */
	DKIMKEY_GOOD,
	DKIMKEY_MISSING, /* no such name, or nothing there that is a key */
	DKIMKEY_SEVERAL, /* more than one key (RFC 6376 s3.6.2.2) */
	DKIMKEY_REVOKED, /* p= is empty */
	DKIMKEY_INVALID /* not of that grammar, or of no type we know */
};

/* "not_told", "good" ... Static. */
const char *dkimkey_status_name(enum dkimkey_status s);

struct dkimkey {
	enum dkimkey_status status;
	enum dkimkey_type type;
	struct slice record; /* text, all its strings joined */
	/* DER: SubjectPublicKeyInfo also where p= held a bare RSAPublicKey;
	 * Ed25519: the 32 octets as they are. */
	struct slice key;
	unsigned key_bits; /* of the RSA modulus; Ed25519: 256 */
	bool allows_sha256; /* h= is absent or names it */
	bool allows_email; /* s= is absent, or names "*" or "email" */
	bool is_testing; /* t=y */
	bool is_strict; /* t=s: i= must be of d= itself */
	bool is_secure; /* answer proved by DNSSEC */
	const char *reason; /* static, our words; "" for good */
};

/* selector + "._domainkey." + domain, owned by a. RES_TOOBIG: no such name can
 * exist; RES_NOMEM. */
enum result dkimkey_name(struct slice selector, struct slice domain,
	struct arena *a, struct slice *out) MUST_USE;

/* What the answer to its TXT question says. Slices are the answer's or owned
 * by a. RES_NOMEM. */
enum result dkimkey_read(const struct dns_answer *answer, struct arena *a,
	struct dkimkey *out) MUST_USE;
