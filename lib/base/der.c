/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/der.h"

#include "base/arena.h"

#include <string.h>

enum {
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_SEQUENCE = 0x30,
	DER_HEAD_MAX = 4, /* tag and length of up to 65,535 octets */
	DER_SHORT_MAX = 0x7f,
	RSA_MAX = 65535 - 32 /* room for what is around it */
};

/* AlgorithmIdentifier of rsaEncryption (RFC 3279 s2.3.1). */
static const uint8_t rsa_algorithm[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86,
	0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };

/* The length behind a tag, and how many octets it takes; 0: not DER, or past
 * 65,535. */
static size_t read_length(const uint8_t *at, size_t left, size_t *len)
{
	if (left >= 1 && at[0] <= DER_SHORT_MAX) {
		*len = at[0];
		return 1;
	}
	if (left >= 2 && at[0] == 0x81 && at[1] > DER_SHORT_MAX) {
		*len = at[1];
		return 2;
	}
	if (left >= 3 && at[0] == 0x82 && at[1] != 0) {
		*len = (size_t)at[1] << 8 | at[2];
		return 3;
	}
	return 0;
}

/* Cuts one element of that tag off the front of *rest. */
static bool cut(struct slice *rest, unsigned tag, struct slice *out)
{
	const uint8_t *at = (const uint8_t *)rest->at;
	size_t head, len = 0;

	if (rest->len < 2 || at[0] != tag)
		return false;
	head = read_length(at + 1, rest->len - 1, &len);
	if (head == 0 || len > rest->len - 1 - head)
		return false;
	*out = slice_part(*rest, 1 + head, len);
	*rest = slice_part(*rest, 1 + head + len, rest->len);
	return true;
}

/* A positive INTEGER without its sign octet. */
static bool cut_positive(struct slice *rest, struct slice *out)
{
	const uint8_t *at;

	if (!cut(rest, DER_INTEGER, out) || out->len == 0)
		return false;
	at = (const uint8_t *)out->at;
	if (at[0] > DER_SHORT_MAX)
		return false;
	if (at[0] != 0)
		return true;
	if (out->len < 2 || at[1] <= DER_SHORT_MAX)
		return false;
	*out = slice_part(*out, 1, out->len);
	return true;
}

static size_t put_head(uint8_t *to, unsigned tag, size_t len)
{
	size_t n = 0;

	to[n++] = (uint8_t)tag;
	if (len > 0xff) {
		to[n++] = 0x82;
		to[n++] = (uint8_t)(len >> 8);
	} else if (len > DER_SHORT_MAX) {
		to[n++] = 0x81;
	}
	to[n++] = (uint8_t)len;
	return n;
}

bool der_read_rsa(
	struct slice der, struct slice *modulus, struct slice *exponent)
{
	struct slice inner;

	return cut(&der, DER_SEQUENCE, &inner) && der.len == 0 &&
		cut_positive(&inner, modulus) &&
		cut_positive(&inner, exponent) && inner.len == 0;
}

bool der_unwrap_rsa(struct slice der, struct slice *out)
{
	struct slice algorithm =
		slice_make(rsa_algorithm, sizeof(rsa_algorithm));
	struct slice inner, bits;

	if (!cut(&der, DER_SEQUENCE, &inner) || der.len > 0 ||
		!slice_has_prefix(inner, algorithm))
		return false;
	inner = slice_part(inner, algorithm.len, inner.len);
	if (!cut(&inner, DER_BIT_STRING, &bits) || inner.len > 0 ||
		bits.len == 0 || bits.at[0] != 0)
		return false;
	*out = slice_part(bits, 1, bits.len);
	return true;
}

enum result der_wrap_rsa(struct slice rsa, struct arena *a, struct slice *out)
{
	uint8_t bits[DER_HEAD_MAX + 1], outer[DER_HEAD_MAX];
	size_t bits_len = put_head(bits, DER_BIT_STRING, rsa.len + 1);
	size_t len, at = 0;
	uint8_t *to;

	if (rsa.len > RSA_MAX)
		return RES_TOOBIG;
	bits[bits_len++] = 0; /* no unused bits */
	len = sizeof(rsa_algorithm) + bits_len + rsa.len;
	at = put_head(outer, DER_SEQUENCE, len);
	to = arena_alloc(a, at + len);
	if (to == NULL)
		return RES_NOMEM;
	*out = slice_make(to, at + len);
	memcpy(to, outer, at);
	memcpy(to + at, rsa_algorithm, sizeof(rsa_algorithm));
	at += sizeof(rsa_algorithm);
	memcpy(to + at, bits, bits_len);
	memcpy(to + at + bits_len, rsa.at, rsa.len);
	return RES_OK;
}

unsigned der_bits(struct slice positive)
{
	unsigned top = (unsigned char)positive.at[0];
	unsigned bits = (unsigned)(positive.len - 1) * 8;

	for (; top > 0; top >>= 1)
		bits++;
	return bits;
}

bool der_is_odd(struct slice positive)
{
	return ((unsigned char)positive.at[positive.len - 1] & 1) != 0;
}
