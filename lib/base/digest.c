/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct digest {
	EVP_MD_CTX *ctx;
	bool has_failed;
};

static void begin(struct digest *d)
{
	d->has_failed = EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) != 1;
}

struct digest *digest_new(void)
{
	struct digest *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->ctx = EVP_MD_CTX_new();
	if (d->ctx == NULL) {
		free(d);
		return NULL;
	}
	begin(d);
	return d;
}

void digest_free(struct digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

void digest_add(struct digest *d, struct slice piece)
{
	if (!d->has_failed && piece.len > 0)
		d->has_failed =
			EVP_DigestUpdate(d->ctx, piece.at, piece.len) != 1;
}

void digest_copy(struct digest *to, const struct digest *from)
{
	to->has_failed =
		from->has_failed || EVP_MD_CTX_copy_ex(to->ctx, from->ctx) != 1;
}

enum result digest_end(struct digest *d, uint8_t out[SHA256_LEN])
{
	bool is_done =
		!d->has_failed && EVP_DigestFinal_ex(d->ctx, out, NULL) == 1;

	begin(d);
	return is_done ? RES_OK : RES_NOMEM;
}
