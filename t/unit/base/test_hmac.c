/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hmac.h"

#include "support/case.h"

#include <stdio.h>
#include <string.h>

static void assert_hex(const uint8_t digest[SHA256_LEN], const char *want)
{
	char hex[2 * SHA256_LEN + 1];

	for (size_t i = 0; i < SHA256_LEN; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(hex, want);
}

struct row {
	struct slice key;
	struct slice data;
	const char *want;
};

static void digests(void **state)
{
	const struct row *row = *state;
	uint8_t got[SHA256_LEN];

	assert_int_equal(sha256(row->data, got), RES_OK);
	assert_hex(got, row->want);
}

static void signs(void **state)
{
	const struct row *row = *state;
	uint8_t got[SHA256_LEN];

	assert_int_equal(hmac_sha256(row->key, row->data, got), RES_OK);
	assert_hex(got, row->want);
}

static void an_empty_key_is_not_the_last_one(void **state)
{
	uint8_t first[SHA256_LEN];
	uint8_t second[SHA256_LEN];

	(void)state;
	assert_int_equal(
		hmac_sha256(slice_of(NULL), slice_of("x"), first), RES_OK);
	assert_int_equal(
		hmac_sha256(slice_of("key"), slice_of("x"), second), RES_OK);
	assert_false(hmac_is_equal(first, second, SHA256_LEN));
	assert_int_equal(
		hmac_sha256(slice_of(NULL), slice_of("x"), second), RES_OK);
	assert_true(hmac_is_equal(first, second, SHA256_LEN));
}

static void compares(void **state)
{
	(void)state;
	assert_true(hmac_is_equal("abc", "abc", 3));
	assert_false(hmac_is_equal("abc", "abd", 3));
	assert_false(hmac_is_equal("abc", "xbc", 3));
	assert_true(hmac_is_equal("abc", "abd", 2));
	assert_true(hmac_is_equal("a", "b", 0));
}

#define KEY20                                      \
	"\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b" \
	"\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
#define ROW(text, function, key, data, want)              \
	CASE(text, function,                              \
		(&(struct row){ { key, sizeof(key) - 1 }, \
			{ data, sizeof(data) - 1 }, want }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("the digest of abc is that of FIPS 180", digests, "", "abc",
			"ba7816bf8f01cfea414140de5dae2223"
			"b00361a396177a9cb410ff61f20015ad"),
		ROW("nothing has a digest", digests, "", "",
			"e3b0c44298fc1c149afbf4c8996fb924"
			"27ae41e4649b934ca495991b7852b855"),
		ROW("the first case of RFC 4231 is met", signs, KEY20,
			"Hi There",
			"b0344c61d8db38535ca8afceaf0bf12b"
			"881dc200c9833da726e9376c2e32cff7"),
		ROW("the second case of RFC 4231 is met", signs, "Jefe",
			"what do ya want for nothing?",
			"5bdcc146bf60754e6a042426089575c7"
			"5a003f089d2739839dec58b964ec3843"),
		CASE("an empty key is not the key of the last call",
			an_empty_key_is_not_the_last_one, NULL),
		CASE("digests are compared over the length given", compares,
			NULL),
	};

	return cmocka_run_group_tests_name("base/hmac", cases, NULL, NULL);
}
