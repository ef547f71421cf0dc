/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/privkey.h"

#include "base/file.h"
#include "support/case.h"
#include "support/folder.h"
#include "support/keypair.h"

#include <stdlib.h>

static enum result read_text(const char *text)
{
	char path[FOLDER_PATH_MAX];
	struct privkey *k = NULL;
	struct folder f;
	enum result res;

	folder_make(&f);
	folder_path(&f, "key.pem", path);
	assert_int_equal(file_write(path, 0600, slice_of(text)), RES_OK);
	res = privkey_read(path, &k);
	assert_int_equal(k != NULL, res == RES_OK);
	privkey_free(k);
	folder_remove(&f);
	return res;
}

static void reads(void **state)
{
	struct keypair *rsa = keypair_new(1024, 0), *ed = keypair_new(0, 0);

	(void)state;
	assert_int_equal(read_text(rsa->pem), RES_OK);
	assert_int_equal(read_text(ed->pem), RES_OK);
	keypair_free(rsa);
	keypair_free(ed);
}

static void refuses(void **state)
{
	struct keypair *weak = keypair_new(512, 0);

	(void)state;
	assert_int_equal(read_text(weak->pem), RES_RANGE);
	assert_int_equal(read_text(""), RES_SYNTAX);
	assert_int_equal(read_text("-----BEGIN PRIVATE KEY-----\nQUJD\n"
				   "-----END PRIVATE KEY-----\n"),
		RES_SYNTAX);
	keypair_free(weak);
}

static void refuses_other_keys(void **state)
{
	char *curve = keypair_useless(KEYPAIR_P256);
	char *closed = keypair_useless(KEYPAIR_ENCRYPTED);

	(void)state;
	assert_int_equal(read_text(curve), RES_SYNTAX);
	assert_int_equal(read_text(closed), RES_SYNTAX);
	free(curve);
	free(closed);
}

static void tells_a_missing_file(void **state)
{
	struct privkey *k = NULL;

	(void)state;
	assert_int_equal(privkey_read("/nonexistent/key.pem", &k), RES_MISSING);
	assert_null(k);
	privkey_free(NULL);
}

static void signs_within_its_bound(void **state)
{
	struct keypair *pair = keypair_new(0, 0);
	const uint8_t digest[SHA256_LEN] = { 0 };
	char path[FOLDER_PATH_MAX];
	struct privkey *k = NULL;
	struct folder f;
	struct buf b;

	(void)state;
	folder_make(&f);
	keypair_save(pair, folder_path(&f, "key.pem", path));
	assert_int_equal(privkey_read(path, &k), RES_OK);
	buf_init(&b, 63);
	assert_int_equal(privkey_sign(k, digest, &b), RES_TOOBIG);
	buf_clear(&b);
	privkey_free(k);
	folder_remove(&f);
	keypair_free(pair);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("RSA and Ed25519 are read", reads, NULL),
		CASE("a weak key and what is no key are refused", refuses,
			NULL),
		CASE("a key of another kind, or with a passphrase, is refused",
			refuses_other_keys, NULL),
		CASE("a missing file is told apart", tells_a_missing_file,
			NULL),
		CASE("a signature keeps to its bound", signs_within_its_bound,
			NULL),
	};

	return cmocka_run_group_tests_name("base/privkey", cases, NULL, NULL);
}
