/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/privkey.h"

#include "base/file.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

enum { SIGNATURE_MAX = PRIVKEY_BITS_MAX / 8 };

struct privkey {
	EVP_PKEY *key;
};

/* A daemon has nobody to ask for a passphrase. */
static int no_passphrase(char *to, int size, int writing, void *ctx)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

static enum result check(EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		return RES_OK;
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
		return RES_SYNTAX;
	return bits < PRIVKEY_BITS_MIN || bits > PRIVKEY_BITS_MAX ? RES_RANGE
								  : RES_OK;
}

static enum result parse(struct slice pem, EVP_PKEY **out)
{
	BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);

	*out = NULL;
	if (bio == NULL)
		return RES_NOMEM;
	*out = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	ERR_clear_error();
	return *out == NULL ? RES_SYNTAX : check(*out);
}

enum result privkey_read(const char *path, struct privkey **out)
{
	struct privkey *k = calloc(1, sizeof(*k));
	enum result res = RES_NOMEM;
	struct buf text;

	*out = NULL;
	buf_init(&text, PRIVKEY_FILE_MAX);
	/* All its room at once: growing would leave copies behind. */
	if (k != NULL && buf_reserve(&text, PRIVKEY_FILE_MAX) != NULL)
		res = file_read(path, &text);
	if (res == RES_OK)
		res = parse(buf_slice(&text), &k->key);
	if (text.at != NULL)
		OPENSSL_cleanse(text.at, text.size);
	buf_clear(&text);
	if (res != RES_OK) {
		privkey_free(k);
		return res;
	}
	*out = k;
	return RES_OK;
}

void privkey_free(struct privkey *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->key);
	free(k);
}

bool privkey_is_ed25519(const struct privkey *k)
{
	return EVP_PKEY_get_base_id(k->key) == EVP_PKEY_ED25519;
}

static bool sign_rsa(const struct privkey *k, const uint8_t *digest,
	unsigned char *to, size_t *len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->key, NULL);
	bool is_done = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
		EVP_PKEY_sign(ctx, to, len, digest, SHA256_LEN) == 1;

	EVP_PKEY_CTX_free(ctx);
	return is_done;
}

static bool sign_ed25519(const struct privkey *k, const uint8_t *digest,
	unsigned char *to, size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool is_done = ctx != NULL &&
		EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->key) == 1 &&
		EVP_DigestSign(ctx, to, len, digest, SHA256_LEN) == 1;

	EVP_MD_CTX_free(ctx);
	return is_done;
}

enum result privkey_sign(const struct privkey *k,
	const uint8_t digest[SHA256_LEN], struct buf *out)
{
	unsigned char octets[SIGNATURE_MAX];
	size_t len = sizeof(octets);
	bool is_done = privkey_is_ed25519(k)
		? sign_ed25519(k, digest, octets, &len)
		: sign_rsa(k, digest, octets, &len);

	ERR_clear_error();
	if (!is_done)
		return RES_NOMEM;
	buf_add(out, slice_make(octets, len));
	return buf_result(out);
}
