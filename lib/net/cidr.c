/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/cidr.h"

#include <stdio.h>
#include <string.h>

enum { ALL_BITS = 128, V4_BITS = 32, V4_HEAD = ALL_BITS - V4_BITS };

/* The octet at index i of a mask of that many leading ones. */
static uint8_t mask_octet(unsigned bits, unsigned i)
{
	if (bits >= 8 * (i + 1))
		return 0xff;
	if (bits <= 8 * i)
		return 0;
	return (uint8_t)(0xff << (8 - (bits - 8 * i)));
}

/* True when the text in front of the slash is a dotted quad alone. */
static bool is_quad(struct slice text)
{
	return slice_find(text, ':') == text.len;
}

/* True when the masked address is one that folds to IPv4, as 64:ff9b::/64. */
static bool hides_v4(const struct ipaddr *ip, uint64_t length)
{
	struct cidr c = cidr_around(ip, (uint8_t)length);

	ipaddr_fold(&c.net);
	return ipaddr_is_v4(&c.net);
}

enum result cidr_parse(struct cidr *out, struct slice text)
{
	size_t slash = slice_find(text, '/');
	struct slice address = slice_part(text, 0, slash);
	struct ipaddr ip;
	uint64_t length = 0;
	uint64_t most = is_quad(address) ? V4_BITS : ALL_BITS;
	enum result res = ipaddr_parse(&ip, address);

	if (res != RES_OK)
		return res;
	if (slash == text.len) {
		*out = cidr_around(&ip, ALL_BITS);
		return RES_OK;
	}
	res = slice_parse_u64(
		slice_part(text, slash + 1, text.len), 0, most, &length);
	if (res != RES_OK)
		return res;
	if (most == V4_BITS)
		length += V4_HEAD;
	if (length < V4_HEAD && (ipaddr_is_v4(&ip) || hides_v4(&ip, length)))
		return RES_RANGE;
	*out = cidr_around(&ip, (uint8_t)length);
	return RES_OK;
}

struct cidr cidr_around(const struct ipaddr *ip, uint8_t bits)
{
	struct cidr c = { .net = *ip, .bits = bits };

	if (c.bits > ALL_BITS)
		c.bits = ALL_BITS;
	/* Wider than all of IPv4 would be a range of two families. */
	if (ipaddr_is_v4(ip) && c.bits < V4_HEAD)
		c.bits = V4_HEAD;
	for (unsigned i = 0; i < sizeof(c.net.octet); i++)
		c.net.octet[i] &= mask_octet(c.bits, i);
	return c;
}

struct cidr cidr_of_client(const struct ipaddr *ip)
{
	return cidr_around(ip, ipaddr_is_v4(ip) ? ALL_BITS : 64);
}

bool cidr_is_v4(const struct cidr *c)
{
	return c->bits >= V4_HEAD && ipaddr_is_v4(&c->net);
}

unsigned cidr_length(const struct cidr *c)
{
	return cidr_is_v4(c) ? c->bits - (unsigned)V4_HEAD : c->bits;
}

bool cidr_is_equal(const struct cidr *a, const struct cidr *b)
{
	return a->bits == b->bits && ipaddr_is_equal(&a->net, &b->net);
}

bool cidr_covers(const struct cidr *c, const struct ipaddr *ip)
{
	struct cidr around;

	/* ::/0 is all of IPv6, not all. */
	if (cidr_is_v4(c) != ipaddr_is_v4(ip))
		return false;
	around = cidr_around(ip, c->bits);
	return ipaddr_is_equal(&around.net, &c->net);
}

const char *cidr_format(const struct cidr *c, char out[CIDR_TEXT_MAX])
{
	char address[IPADDR_TEXT_MAX];

	(void)ipaddr_format(&c->net, address);
	if (c->bits == ALL_BITS)
		(void)snprintf(out, CIDR_TEXT_MAX, "%s", address);
	else
		(void)snprintf(
			out, CIDR_TEXT_MAX, "%s/%u", address, cidr_length(c));
	return out;
}
