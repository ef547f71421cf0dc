/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/secret - the key of our keyed hashes, shared by all programs and
 * machines of one Redis (milter.secret_file).
 *
 * It makes the hashes that stand for addresses of people, the tokens of
 * confirmation links, and the marks in forms. Threads: plain data once loaded.
 */
#pragma once

#include "base/slice.h"

enum {
	SECRET_MAX = 4096,
	SECRET_HASH_OCTETS = 8,
	SECRET_HASH_MAX = 2 * SECRET_HASH_OCTETS + 1
};

struct secret {
	uint8_t octet[SECRET_MAX];
	size_t len;
	bool is_lonely; /* of this process only: the file could not be used */
};

/*
 * What path holds (16 to 4,096 octets); made with 32 random ones and mode 0600
 * when it is not there. When that fails, a random key for this process and a
 * warning in the log.
 */
void secret_load(struct secret *out, const char *path);

/*
 * What stands for an address: the first 16 hex digits of HMAC-SHA256 over it
 * in lower case, cut at 320 octets. Nobody who reads Redis can try addresses;
 * the same mailbox gives the same hash. RES_NOMEM.
 */
enum result secret_hash(const struct secret *s, struct slice address,
	char out[SECRET_HASH_MAX]) MUST_USE;

/* HMAC-SHA256 over purpose, a NUL, and text: 32 octets. RES_NOMEM. */
enum result secret_sign(const struct secret *s, const char *purpose,
	struct slice text, uint8_t out[32]) MUST_USE;
