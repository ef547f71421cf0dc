/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/keypair.h"

#include "base/file.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RAW_LEN = 32, RECORD_MAX = 8192 };

static void must(bool is_true)
{
	if (!is_true)
		abort();
}

static EVP_PKEY *generate(unsigned bits, unsigned long exponent)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(
		bits == 0 ? EVP_PKEY_ED25519 : EVP_PKEY_RSA, NULL);
	EVP_PKEY *key = NULL;
	BIGNUM *e = BN_new();

	must(ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1);
	if (bits > 0)
		must(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) == 1);
	if (exponent > 0) {
		must(BN_set_word(e, exponent) == 1);
		must(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e) == 1);
	}
	must(EVP_PKEY_generate(ctx, &key) == 1);
	BN_free(e);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static char *private_pem(EVP_PKEY *key, const EVP_CIPHER *cipher)
{
	const char *pass = cipher == NULL ? NULL : "secret";
	BIO *bio = BIO_new(BIO_s_mem());
	char *at = NULL, *copy;
	long len;

	must(PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, pass,
		     pass == NULL ? 0 : (int)strlen(pass), NULL, NULL) == 1);
	len = BIO_get_mem_data(bio, &at);
	copy = strndup(at, (size_t)len);
	BIO_free(bio);
	return copy;
}

static struct slice public_octets(EVP_PKEY *key, unsigned bits)
{
	unsigned char *at = NULL;
	size_t len = RAW_LEN;
	int der;

	if (bits == 0) {
		at = malloc(RAW_LEN);
		must(EVP_PKEY_get_raw_public_key(key, at, &len) == 1);
		return slice_make(at, len);
	}
	der = i2d_PUBKEY(key, &at);
	must(der > 0);
	return slice_make(at, (size_t)der);
}

static char *record_of(unsigned bits, struct slice octets)
{
	char text[RECORD_MAX];
	int len = snprintf(text, sizeof(text),
		"v=DKIM1; k=%s; p=", bits == 0 ? "ed25519" : "rsa");

	must(octets.len < RECORD_MAX / 2);
	EVP_EncodeBlock((unsigned char *)text + len,
		(const unsigned char *)octets.at, (int)octets.len);
	return strdup(text);
}

struct keypair *keypair_new(unsigned bits, unsigned long exponent)
{
	struct keypair *k = calloc(1, sizeof(*k));
	EVP_PKEY *key = generate(bits, exponent);

	k->pem = private_pem(key, NULL);
	k->der = public_octets(key, bits);
	k->record = record_of(bits, k->der);
	EVP_PKEY_free(key);
	return k;
}

void keypair_free(struct keypair *k)
{
	free(k->pem);
	free((void *)(uintptr_t)k->der.at);
	free(k->record);
	free(k);
}

void keypair_save(const struct keypair *k, const char *path)
{
	must(file_write(path, 0600, slice_of(k->pem)) == RES_OK);
}

char *keypair_useless(enum keypair_fault fault)
{
	EVP_PKEY *key =
		fault == KEYPAIR_P256 ? EVP_EC_gen("P-256") : generate(1024, 0);
	char *pem;

	must(key != NULL);
	pem = private_pem(
		key, fault == KEYPAIR_ENCRYPTED ? EVP_aes_128_cbc() : NULL);
	EVP_PKEY_free(key);
	return pem;
}
