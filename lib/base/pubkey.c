/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/pubkey.h"

#include "base/der.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { ED25519_LEN = 32 };

struct pubkey {
	EVP_PKEY *key;
	enum pubkey_type type;
	atomic_uint refs;
};

static OSSL_PARAM *put_numbers(struct slice modulus, struct slice exponent)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(
		(const unsigned char *)modulus.at, (int)modulus.len, NULL);
	BIGNUM *e = BN_bin2bn(
		(const unsigned char *)exponent.at, (int)exponent.len, NULL);
	OSSL_PARAM *params = NULL;

	if (build != NULL && n != NULL && e != NULL &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	BN_free(n);
	BN_free(e);
	OSSL_PARAM_BLD_free(build);
	return params;
}

/* From its numbers: the library's own reader of DER takes 20 times as long. */
static EVP_PKEY *read_rsa(struct slice der)
{
	struct slice rsa, modulus, exponent;
	EVP_PKEY_CTX *ctx = NULL;
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	if (!der_unwrap_rsa(der, &rsa) ||
		!der_read_rsa(rsa, &modulus, &exponent))
		return NULL;
	params = put_numbers(modulus, exponent);
	if (params != NULL)
		ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
	if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return key;
}

/* An odd exponent of 3 and more, and a time that is bounded: s8.2.2 raises to
 * the power of it. */
static bool is_sane_rsa(EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);
	BIGNUM *e = NULL;
	bool is_sane;

	if (bits < PUBKEY_BITS_MIN || bits > PUBKEY_BITS_MAX)
		return false;
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
		return false;
	is_sane = BN_is_odd(e) && !BN_is_one(e) && !BN_is_negative(e) &&
		BN_num_bits(e) <= PUBKEY_EXPONENT_BITS_MAX;
	BN_free(e);
	return is_sane;
}

static enum result read_key(
	enum pubkey_type type, struct slice octets, EVP_PKEY **out)
{
	*out = NULL;
	if (type == PUBKEY_ED25519) {
		if (octets.len != ED25519_LEN)
			return RES_SYNTAX;
		*out = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
			(const unsigned char *)octets.at, octets.len);
		return *out == NULL ? RES_NOMEM : RES_OK;
	}
	if (octets.len == 0 || octets.len > PUBKEY_DER_MAX)
		return RES_SYNTAX;
	*out = read_rsa(octets);
	if (*out == NULL)
		return RES_SYNTAX;
	return is_sane_rsa(*out) ? RES_OK : RES_RANGE;
}

enum result pubkey_parse(
	enum pubkey_type type, struct slice octets, struct pubkey **out)
{
	struct pubkey *k = calloc(1, sizeof(*k));
	enum result res;

	*out = NULL;
	if (k == NULL)
		return RES_NOMEM;
	k->type = type;
	atomic_init(&k->refs, 1);
	res = read_key(type, octets, &k->key);
	/* What it left in the thread's queue would be read by others. */
	ERR_clear_error();
	if (res != RES_OK) {
		pubkey_release(k);
		return res;
	}
	*out = k;
	return RES_OK;
}

struct pubkey *pubkey_hold(struct pubkey *k)
{
	atomic_fetch_add(&k->refs, 1);
	return k;
}

void pubkey_release(struct pubkey *k)
{
	if (k == NULL || atomic_fetch_sub(&k->refs, 1) != 1)
		return;
	EVP_PKEY_free(k->key);
	free(k);
}

unsigned pubkey_bits(const struct pubkey *k)
{
	return k->type == PUBKEY_ED25519 ? 256
					 : (unsigned)EVP_PKEY_get_bits(k->key);
}

static enum result verify_rsa(const struct pubkey *k, const uint8_t *digest,
	struct slice signature, bool *good)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->key, NULL);
	enum result res = RES_NOMEM;

	if (ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1) {
		*good = EVP_PKEY_verify(ctx,
				(const unsigned char *)signature.at,
				signature.len, digest, SHA256_LEN) == 1;
		res = RES_OK;
	}
	EVP_PKEY_CTX_free(ctx);
	return res;
}

static enum result verify_ed25519(const struct pubkey *k, const uint8_t *digest,
	struct slice signature, bool *good)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum result res = RES_NOMEM;

	if (ctx != NULL &&
		EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, k->key) == 1) {
		*good = EVP_DigestVerify(ctx,
				(const unsigned char *)signature.at,
				signature.len, digest, SHA256_LEN) == 1;
		res = RES_OK;
	}
	EVP_MD_CTX_free(ctx);
	return res;
}

enum result pubkey_verify(const struct pubkey *k,
	const uint8_t digest[SHA256_LEN], struct slice signature, bool *good)
{
	enum result res;

	*good = false;
	if (signature.len == 0)
		return RES_OK;
	res = k->type == PUBKEY_RSA
		? verify_rsa(k, digest, signature, good)
		: verify_ed25519(k, digest, signature, good);
	ERR_clear_error();
	return res;
}
