/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/token: a text that is read as a token is one of 26 characters that
 * reads as itself and names one key; what is refused leaves nothing behind.
 */
#include "store/token.h"

#include "base/buf.h"
#include "t/fuzz/target.h"

#include <string.h>

static void try_key(const char token[TOKEN_TEXT_MAX])
{
	struct buf key;

	buf_init(&key, 128);
	target_promise(token_key(token, slice_of("rp:"), &key) == RES_OK &&
			key.len == strlen("rp:token:") + 64 &&
			memchr(key.at, '\0', key.len) == NULL,
		"a token names a key of 64 digits");
	buf_clear(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
	char token[TOKEN_TEXT_MAX] = "untouched", again[TOKEN_TEXT_MAX];
	enum result res = token_parse(slice_make(data, size), token);

	target_promise(
		token_purpose_parse(slice_make(data, size)) == TOKEN_NONE ||
			size <= 7,
		"no long word is a purpose");
	if (res != RES_OK) {
		target_promise(res == RES_SYNTAX, "one kind of refusal");
		target_promise(strcmp(token, "untouched") == 0,
			"a refusal leaves the token alone");
		return 0;
	}
	target_promise(size == TOKEN_LEN && strlen(token) == TOKEN_LEN &&
			strspn(token, alphabet) == TOKEN_LEN,
		"a token has 26 characters of the alphabet");
	target_promise(token[0] <= '7', "a token has 128 bits");
	target_promise(token_parse(slice_of(token), again) == RES_OK &&
			strcmp(token, again) == 0,
		"a token reads as itself");
	try_key(token);
	return 0;
}
