/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/chainfile - octets in and out of a file that proves itself whole.
 *
 * The contents, cut into blocks, are followed by the last link of a chain:
 * link = SHA-256(link before | block), the first one zeros. Reading keeps one
 * block in memory; only chain_read_end tells whether what was read may be
 * believed, so a reader must bound and check all that it takes before.
 * Numbers are in network order. Threads: one.
 */
#pragma once

#include "base/hmac.h"

enum { CHAIN_BLOCK = 65536 };

/* Caller's storage; large, better not on the stack of a small thread. */
struct chain {
	int fd;
	enum result res; /* the first error, then nothing more happens */
	uint64_t left; /* reading: octets of contents not in a block yet */
	size_t at; /* reading: next octet of the block */
	size_t len; /* octets in the block */
	uint8_t octet[SHA256_LEN + CHAIN_BLOCK]; /* link, then block */
};

/* fd is borrowed, at its start. */
void chain_write_init(struct chain *c, int fd);
void chain_put(struct chain *c, const void *at, size_t len);
void chain_put_number(struct chain *c, uint64_t value, unsigned octets);
/* The last block and link. RES_FULL (disk), RES_DOWN: the disk said no. */
enum result chain_write_end(struct chain *c) MUST_USE;

/* RES_CORRUPT: too short to be whole. */
enum result chain_read_init(struct chain *c, int fd) MUST_USE;
/* Octets of contents not taken yet. */
uint64_t chain_left(const struct chain *c);
/* RES_CORRUPT: fewer are left; RES_DOWN: the disk. */
enum result chain_get(struct chain *c, void *out, size_t len) MUST_USE;
enum result chain_get_number(
	struct chain *c, unsigned octets, uint64_t *out) MUST_USE;
/* RES_CORRUPT: not at the end, or something was changed. */
enum result chain_read_end(struct chain *c) MUST_USE;
