/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/headerhash - the digest of the header fields that a signature covers
 * (RFC 6376 s3.7, s5.4.2).
 *
 * A name takes the lowest field of that name that is not taken yet; one that
 * finds none stands for nothing. A signature's own field is never taken by
 * name. The header is sorted once, so that long lists of names stay cheap.
 * Threads: one at a time.
 */
#pragma once

#include "auth/canon.h"
#include "base/hmac.h"

struct arena;
struct headerhash;
struct message;

/* Borrows m; owned by a. NULL: no memory. */
struct headerhash *headerhash_new(
	const struct message *m, struct arena *a) MUST_USE;

struct headerhash_input {
	enum canon how;
	struct slice names; /* h=: names with ":" between them */
	const struct field *own; /* the signature's field */
	struct slice b_tag; /* see canon_field_unsigned */
};

struct headerhash_output {
	uint8_t digest[SHA256_LEN];
	bool is_cut; /* one of the fields may be cut: no match means nothing */
	size_t octets; /* of the fields, as a measure of the work */
};

/* RES_NOMEM. */
enum result headerhash_make(struct headerhash *h,
	const struct headerhash_input *in,
	struct headerhash_output *out) MUST_USE;
