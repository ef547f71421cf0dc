/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/chainfile.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint8_t *block_of(struct chain *c)
{
	return c->octet + SHA256_LEN;
}

/* The block in memory becomes part of the chain. */
static void add_link(struct chain *c)
{
	uint8_t link[SHA256_LEN];

	c->res = sha256(slice_make(c->octet, SHA256_LEN + c->len), link);
	if (c->res == RES_OK)
		memcpy(c->octet, link, SHA256_LEN);
}

static void write_all(struct chain *c, const uint8_t *at, size_t len)
{
	while (c->res == RES_OK && len > 0) {
		ssize_t n = write(c->fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			c->res = errno == ENOSPC || errno == EDQUOT ? RES_FULL
								    : RES_DOWN;
			return;
		}
		at += n;
		len -= (size_t)n;
	}
}

static void flush(struct chain *c)
{
	write_all(c, block_of(c), c->len);
	if (c->res == RES_OK)
		add_link(c);
	c->len = 0;
}

void chain_write_init(struct chain *c, int fd)
{
	c->fd = fd;
	c->res = RES_OK;
	c->len = 0;
	memset(c->octet, 0, SHA256_LEN);
}

void chain_put(struct chain *c, const void *at, size_t len)
{
	const uint8_t *from = at;

	while (c->res == RES_OK && len > 0) {
		size_t room = CHAIN_BLOCK - c->len;
		size_t part = len < room ? len : room;

		memcpy(block_of(c) + c->len, from, part);
		c->len += part;
		from += part;
		len -= part;
		if (c->len == CHAIN_BLOCK)
			flush(c);
	}
}

void chain_put_number(struct chain *c, uint64_t value, unsigned octets)
{
	uint8_t text[8];
	unsigned i;

	for (i = 0; i < octets; i++)
		text[i] = (uint8_t)(value >> 8 * (octets - 1 - i));
	chain_put(c, text, octets);
}

enum result chain_write_end(struct chain *c)
{
	if (c->len > 0)
		flush(c);
	write_all(c, c->octet, SHA256_LEN);
	return c->res;
}

static enum result read_all(struct chain *c, uint8_t *at, size_t len)
{
	while (len > 0) {
		ssize_t n = read(c->fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return RES_DOWN;
		/* It had that many octets when it was opened. */
		if (n == 0)
			return RES_CORRUPT;
		at += n;
		len -= (size_t)n;
	}
	return RES_OK;
}

enum result chain_read_init(struct chain *c, int fd)
{
	struct stat st;

	chain_write_init(c, fd);
	c->at = 0;
	c->left = 0;
	if (fstat(fd, &st) != 0)
		return RES_DOWN;
	if (!S_ISREG(st.st_mode) || st.st_size < SHA256_LEN)
		return RES_CORRUPT;
	c->left = (uint64_t)st.st_size - SHA256_LEN;
	return RES_OK;
}

uint64_t chain_left(const struct chain *c)
{
	return c->left + (c->len - c->at);
}

static void fill(struct chain *c)
{
	c->at = 0;
	c->len = c->left < CHAIN_BLOCK ? (size_t)c->left : CHAIN_BLOCK;
	c->left -= c->len;
	c->res = read_all(c, block_of(c), c->len);
	if (c->res == RES_OK)
		add_link(c);
}

enum result chain_get(struct chain *c, void *out, size_t len)
{
	uint8_t *to = out;

	if (c->res == RES_OK && len > chain_left(c))
		c->res = RES_CORRUPT;
	while (c->res == RES_OK && len > 0) {
		size_t part = c->len - c->at;

		if (part == 0) {
			fill(c);
			continue;
		}
		if (part > len)
			part = len;
		memcpy(to, block_of(c) + c->at, part);
		c->at += part;
		to += part;
		len -= part;
	}
	return c->res;
}

enum result chain_get_number(struct chain *c, unsigned octets, uint64_t *out)
{
	uint8_t text[8];
	uint64_t value = 0;
	unsigned i;
	enum result res = chain_get(c, text, octets);

	if (res != RES_OK)
		return res;
	for (i = 0; i < octets; i++)
		value = value << 8 | text[i];
	*out = value;
	return RES_OK;
}

enum result chain_read_end(struct chain *c)
{
	uint8_t link[SHA256_LEN];

	if (c->res == RES_OK && chain_left(c) > 0)
		c->res = RES_CORRUPT;
	if (c->res == RES_OK)
		c->res = read_all(c, link, sizeof(link));
	if (c->res == RES_OK && memcmp(link, c->octet, sizeof(link)) != 0)
		c->res = RES_CORRUPT;
	return c->res;
}
