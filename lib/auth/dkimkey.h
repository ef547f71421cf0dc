/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/dkimkey - the public key of a selector (RFC 6376 s3.6.1, RFC 8463), for
 * DKIM and ARC.
 *
 * One place decides what a key record means; what Debian's libopendkim gets
 * wrong there (long records, bare RSAPublicKey, k= of another kind, no p=)
 * ends here. Threads: plain data.
 */
#pragma once

#include "fact/auth.h"

struct arena;
struct asker;
struct dns_answer;

enum dkimkey_kind { DKIMKEY_NONE = 0, DKIMKEY_RSA, DKIMKEY_ED25519 };

struct dkimkey {
	/* AUTH_PASS: a key is here. AUTH_TEMPERROR: DNS could not tell.
	 * AUTH_PERMERROR: no such record, several, revoked, malformed, of an
	 * unknown kind. AUTH_UNKNOWN: not asked yet, or no answer yet. */
	enum auth_result result;
	struct slice reason; /* e.g. "no key for s1._domainkey.example.org" */
	enum dkimkey_kind kind;
	/* DER SubjectPublicKeyInfo of an RSA key (a bare RSAPublicKey is
	 * wrapped), or the 32 octets of an Ed25519 one; owned by the arena. */
	struct slice octets;
	unsigned bits;
	bool takes_sha256; /* h= allows it */
	bool is_testing; /* t=y */
	bool is_strict; /* t=s: i= must be in d= itself */
	bool is_revoked; /* p= empty */
	bool is_secure; /* DNSSEC */
};

/* From the octets of one record (all strings joined). */
void dkimkey_parse(struct dkimkey *out, struct slice record, struct arena *a);

/* From an answer for TXT <selector>._domainkey.<domain>. */
void dkimkey_read(struct dkimkey *out, const struct dns_answer *answer,
	struct slice name, struct arena *a);

/*
 * Asks; AUTH_UNKNOWN until the answer is there. selector and domain must be
 * names (labels of LDH and underscore); anything else is AUTH_PERMERROR.
 */
void dkimkey_ask(struct dkimkey *out, struct asker *dns, struct slice selector,
	struct slice domain, struct arena *a);
