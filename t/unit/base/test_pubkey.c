/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/pubkey.h"

#include "base/buf.h"
#include "base/privkey.h"
#include "support/case.h"
#include "support/folder.h"
#include "support/keypair.h"

#include <string.h>

static struct privkey *private_of(const struct keypair *pair)
{
	char path[FOLDER_PATH_MAX];
	struct privkey *k;
	struct folder f;

	folder_make(&f);
	keypair_save(pair, folder_path(&f, "key.pem", path));
	assert_int_equal(privkey_read(path, &k), RES_OK);
	folder_remove(&f);
	return k;
}

static enum pubkey_type type_of(unsigned bits)
{
	return bits == 0 ? PUBKEY_ED25519 : PUBKEY_RSA;
}

static void verifies(void **state)
{
	const unsigned bits = (unsigned)(uintptr_t)*state;
	struct keypair *pair = keypair_new(bits, 0);
	struct privkey *private = private_of(pair);
	uint8_t digest[SHA256_LEN] = { 1, 2, 3 };
	struct pubkey *public = NULL;
	struct buf b;
	bool good;

	assert_int_equal(
		pubkey_parse(type_of(bits), pair->der, &public), RES_OK);
	assert_int_equal(pubkey_bits(public), bits == 0 ? 256 : bits);
	assert_int_equal(privkey_is_ed25519(private), bits == 0);
	buf_init(&b, 1024);
	assert_int_equal(privkey_sign(private, digest, &b), RES_OK);
	assert_int_equal(b.len, bits == 0 ? 64 : bits / 8);
	assert_int_equal(
		pubkey_verify(public, digest, buf_slice(&b), &good), RES_OK);
	assert_true(good);
	assert_int_equal(pubkey_verify(public, digest,
				 slice_part(buf_slice(&b), 1, b.len), &good),
		RES_OK);
	assert_false(good);
	assert_int_equal(
		pubkey_verify(public, digest, slice_of(""), &good), RES_OK);
	assert_false(good);
	digest[31] ^= 1;
	assert_int_equal(
		pubkey_verify(public, digest, buf_slice(&b), &good), RES_OK);
	assert_false(good);
	digest[31] ^= 1;
	b.at[b.len - 1] ^= 1;
	assert_int_equal(
		pubkey_verify(public, digest, buf_slice(&b), &good), RES_OK);
	assert_false(good);
	buf_clear(&b);
	pubkey_release(public);
	privkey_free(private);
	keypair_free(pair);
}

static void counts(void **state)
{
	struct keypair *pair = keypair_new(0, 0);
	struct pubkey *k = NULL;

	(void)state;
	assert_int_equal(pubkey_parse(PUBKEY_ED25519, pair->der, &k), RES_OK);
	assert_ptr_equal(pubkey_hold(k), k);
	pubkey_release(k);
	assert_int_equal(pubkey_bits(k), 256);
	pubkey_release(k);
	pubkey_release(NULL);
	keypair_free(pair);
}

static void bounds_an_exponent(void **state)
{
	struct keypair *three = keypair_new(1024, 3);
	struct keypair *great = keypair_new(1024, (1UL << 34) + 1);
	struct pubkey *k = NULL;

	(void)state;
	assert_int_equal(pubkey_parse(PUBKEY_RSA, three->der, &k), RES_OK);
	pubkey_release(k);
	assert_int_equal(pubkey_parse(PUBKEY_RSA, great->der, &k), RES_RANGE);
	assert_null(k);
	keypair_free(three);
	keypair_free(great);
}

static void refuses_what_is_no_key(void **state)
{
	struct keypair *pair = keypair_new(1024, 0);
	struct keypair *other = keypair_new(0, 0);
	struct pubkey *k = NULL;
	char longer[PUBKEY_DER_MAX + 1] = { 0 };

	(void)state;
	assert_int_equal(
		pubkey_parse(PUBKEY_RSA, slice_of(""), &k), RES_SYNTAX);
	for (size_t len = 0; len < pair->der.len; len++)
		assert_int_equal(pubkey_parse(PUBKEY_RSA,
					 slice_part(pair->der, 0, len), &k),
			RES_SYNTAX);
	memcpy(longer, pair->der.at, pair->der.len);
	assert_int_equal(pubkey_parse(PUBKEY_RSA,
				 slice_make(longer, pair->der.len + 1), &k),
		RES_SYNTAX);
	assert_int_equal(pubkey_parse(PUBKEY_RSA,
				 slice_make(longer, sizeof(longer)), &k),
		RES_SYNTAX);
	assert_int_equal(pubkey_parse(PUBKEY_RSA, other->der, &k), RES_SYNTAX);
	assert_int_equal(
		pubkey_parse(PUBKEY_ED25519, pair->der, &k), RES_SYNTAX);
	assert_null(k);
	keypair_free(pair);
	keypair_free(other);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("RSA of 1,024 bits verifies its own and no other",
			verifies, 1024),
		CASE("RSA of 2,048 bits verifies its own and no other",
			verifies, 2048),
		CASE("Ed25519 verifies its own and no other", verifies, 0),
		CASE("a key lives until the last lets go", counts, NULL),
		CASE("an exponent has a bound", bounds_an_exponent, NULL),
		CASE("what is no key is refused", refuses_what_is_no_key, NULL),
	};

	return cmocka_run_group_tests_name("base/pubkey", cases, NULL, NULL);
}
