/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hmac.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

enum result sha256(struct slice data, uint8_t out[SHA256_LEN])
{
	const char *at = data.len == 0 ? "" : data.at;

	if (EVP_Digest(at, data.len, out, NULL, EVP_sha256(), NULL) != 1)
		return RES_NOMEM;
	return RES_OK;
}

enum result hmac_sha256(
	struct slice key, struct slice data, uint8_t out[SHA256_LEN])
{
	/* libcrypto takes a NULL key for "the one of the last call". */
	const char *k = key.len == 0 ? "" : key.at;
	const char *at = data.len == 0 ? "" : data.at;
	unsigned int len = SHA256_LEN;

	if (key.len > INT_MAX)
		return RES_TOOBIG;
	if (HMAC(EVP_sha256(), k, (int)key.len, (const unsigned char *)at,
		    data.len, out, &len) == NULL)
		return RES_NOMEM;
	return RES_OK;
}

bool hmac_is_equal(const void *a, const void *b, size_t len)
{
	return len == 0 || CRYPTO_memcmp(a, b, len) == 0;
}
