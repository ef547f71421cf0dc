/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support/keypair - a fresh key pair for one test.
 */
#pragma once

#include "base/slice.h"

struct keypair {
	char *pem; /* private, "PRIVATE KEY" */
	struct slice der; /* public: SubjectPublicKeyInfo, or 32 octets */
	char *record; /* of a selector (RFC 6376 s3.6.1) */
};

/* bits 0: Ed25519. exponent 0: that of everyone. Never fails. */
struct keypair *keypair_new(unsigned bits, unsigned long exponent);
void keypair_free(struct keypair *k);

/* Writes pem to that file. */
void keypair_save(const struct keypair *k, const char *path);

/* The PEM of a sound key that signs no mail: given, free it. */
enum keypair_fault { KEYPAIR_P256, KEYPAIR_ENCRYPTED };
char *keypair_useless(enum keypair_fault fault);
