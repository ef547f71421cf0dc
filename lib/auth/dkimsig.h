/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/dkimsig - one DKIM-Signature field, read strictly (RFC 6376 s3.5,
 * s6.1.1, RFC 8301 s3.1, RFC 8463 s3).
 *
 * Says whether the field is worth verifying, before anybody asks for its key
 * and before libopendkim sees it. What no key can mend has its result here:
 *
 * permerror: not of the grammar; a tag twice, missing, or of a value that
 * nobody can verify; rsa-sha1; i= outside d=; no From in h=; expired, or from
 * the future; past a bound below.
 * neutral: sound, but libopendkim would hash it wrongly (see dkimsig.c).
 *
 * Threads: plain data.
 */
#pragma once

#include "auth/dkimkey.h"
#include "fact/auth.h"

enum {
	DKIMSIG_MAX = 32768, /* octets of the field */
	DKIMSIG_NAMES_MAX = 128, /* fields that h= names */
	DKIMSIG_NAMES_LEN_MAX = 4000, /* octets of h= */
	DKIMSIG_COPIES_MAX = 16384, /* octets of z= */
	DKIMSIG_B_SHOWN = 8 /* RFC 6008 s4 */
};

struct dkimsig {
	enum auth_result result; /* AUTH_UNKNOWN: to be verified */
	const char *reason; /* static, our words; "" */
	/* What could be read is there whatever the result. */
	enum dkimkey_type type; /* of key that a= needs */
	struct slice algorithm; /* static, one that we know, or "" */
	struct slice domain; /* a domain, or "" */
	struct slice selector; /* a name, or "" */
	struct slice key_name; /* where the key is, or "" */
	struct slice identity; /* i= without folds, or "" */
	struct slice names; /* h= as it came */
	struct slice b_shown; /* first octets of b=, base64, or "" */
	struct slice signature; /* of b=, decoded */
	struct slice body_hash; /* of bh=, decoded: 32 octets */
	bool is_relaxed_body;
	bool is_subdomain; /* i= is of a domain below d= */
	bool has_length;
	uint64_t length; /* l= */
	int64_t signed_s; /* t=, 0: none */
	int64_t expires_s; /* x=, 0: none */
};

struct dkimsig_clock {
	int64_t now_s;
	unsigned skew_s; /* by how much clocks may differ */
};

/* value: behind the colon of the field. Slices are its or owned by a.
 * RES_NOMEM. */
enum result dkimsig_read(struct slice value, const struct dkimsig_clock *clock,
	struct arena *a, struct dkimsig *out) MUST_USE;

/* Does h= name that field (no case)? */
bool dkimsig_names(const struct dkimsig *sig, struct slice field);
