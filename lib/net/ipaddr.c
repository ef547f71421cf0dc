/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/ipaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { V4_AT = 12 }; /* where the four octets of an IPv4 address begin */

static const uint8_t mapped[V4_AT] = { [10] = 0xff, [11] = 0xff };
static const uint8_t compatible[V4_AT] = { 0 };
static const uint8_t translated[V4_AT] = { [8] = 0xff, [9] = 0xff };
static const uint8_t nat64[V4_AT] = { 0x00, 0x64, 0xff, 0x9b };
static const uint8_t nat64_local[6] = { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 };

static bool has_head(const struct ipaddr *ip, const uint8_t *head, size_t len)
{
	return memcmp(ip->octet, head, len) == 0;
}

/* ::/96, but for the two that are addresses of their own: :: and ::1. */
static bool is_compatible(const struct ipaddr *ip)
{
	const uint8_t *o = ip->octet;

	if (!has_head(ip, compatible, V4_AT))
		return false;
	return o[12] != 0 || o[13] != 0 || o[14] != 0 || o[15] > 1;
}

/*
 * RFC 8215 gives out 64:ff9b:1::/48; whoever uses it takes a /96 of it, whose
 * octets 8 to 11 are zero (RFC 6052 s2.2: octet 8 always is).
 */
static bool is_nat64_local(const struct ipaddr *ip)
{
	static const uint8_t zero[4] = { 0 };

	return has_head(ip, nat64_local, sizeof(nat64_local)) &&
		memcmp(ip->octet + 8, zero, sizeof(zero)) == 0;
}

void ipaddr_fold(struct ipaddr *ip)
{
	if (is_compatible(ip) || has_head(ip, translated, V4_AT) ||
		has_head(ip, nat64, V4_AT) || is_nat64_local(ip))
		memcpy(ip->octet, mapped, V4_AT);
}

/* "[...]" off, if it is there on both sides. */
static struct slice without_brackets(struct slice s)
{
	if (s.len >= 2 && s.at[0] == '[' && s.at[s.len - 1] == ']')
		return slice_part(s, 1, s.len - 2);
	return s;
}

enum result ipaddr_parse(struct ipaddr *out, struct slice text)
{
	const struct slice tag = slice_of("IPv6:");
	char plain[IPADDR_TEXT_MAX];
	struct ipaddr ip = { { 0 } };
	bool tagged;

	text = without_brackets(text);
	tagged = slice_has_prefix_nocase(text, tag);
	if (tagged)
		text = slice_part(text, tag.len, text.len);
	if (text.len == 0 || text.len >= sizeof(plain))
		return RES_SYNTAX;
	/* A NUL inside would hide what follows it from inet_pton. */
	if (slice_find(text, '\0') != text.len)
		return RES_SYNTAX;
	memcpy(plain, text.at, text.len);
	plain[text.len] = '\0';
	if (!tagged && inet_pton(AF_INET, plain, ip.octet + V4_AT) == 1)
		memcpy(ip.octet, mapped, V4_AT);
	else if (inet_pton(AF_INET6, plain, ip.octet) != 1)
		return RES_SYNTAX;
	ipaddr_fold(&ip);
	*out = ip;
	return RES_OK;
}

enum result ipaddr_from_sockaddr(
	struct ipaddr *out, uint16_t *port, const struct sockaddr *sa)
{
	/* Copied: the caller's pointer need not be aligned for the type. */
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (sa == NULL)
		return RES_MISSING;
	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		*out = ipaddr_from_v4(ntohl(in.sin_addr.s_addr));
		*port = ntohs(in.sin_port);
		return RES_OK;
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		memcpy(out->octet, in6.sin6_addr.s6_addr, sizeof(out->octet));
		ipaddr_fold(out);
		*port = ntohs(in6.sin6_port);
		return RES_OK;
	}
	return RES_TYPE;
}

bool ipaddr_is_v4(const struct ipaddr *ip)
{
	return has_head(ip, mapped, V4_AT);
}

bool ipaddr_is_equal(const struct ipaddr *a, const struct ipaddr *b)
{
	return ipaddr_compare(a, b) == 0;
}

int ipaddr_compare(const struct ipaddr *a, const struct ipaddr *b)
{
	return memcmp(a->octet, b->octet, sizeof(a->octet));
}

bool ipaddr_is_private(const struct ipaddr *ip)
{
	static const struct {
		uint32_t net;
		unsigned bits;
	} v4[] = {
		{ 0x00000000, 8 }, { 0x0a000000, 8 },
		{ 0x64400000, 10 }, /* RFC 6598 */
		{ 0x7f000000, 8 }, { 0xa9fe0000, 16 }, /* RFC 3927 */
		{ 0xac100000, 12 }, { 0xc0a80000, 16 },
		{ 0xe0000000, 3 }, /* multicast, reserved, broadcast */
	};
	const uint8_t *o = ip->octet;
	bool is_zero = true;

	if (ipaddr_is_v4(ip)) {
		uint32_t host = ipaddr_v4(ip);

		for (size_t i = 0; i < sizeof(v4) / sizeof(v4[0]); i++)
			if ((host ^ v4[i].net) >> (32 - v4[i].bits) == 0)
				return true;
		return false;
	}
	for (size_t i = 0; i < sizeof(ip->octet) - 1; i++)
		is_zero = is_zero && o[i] == 0;
	return (is_zero && o[15] <= 1) || /* :: and ::1 */
		(o[0] & 0xfe) == 0xfc || o[0] == 0xff ||
		(o[0] == 0xfe && (o[1] & 0x80) != 0);
}

uint32_t ipaddr_v4(const struct ipaddr *ip)
{
	const uint8_t *o = ip->octet + V4_AT;

	return (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 |
		(uint32_t)o[2] << 8 | o[3];
}

struct ipaddr ipaddr_from_v4(uint32_t host_order)
{
	struct ipaddr ip;

	memcpy(ip.octet, mapped, V4_AT);
	for (unsigned i = 0; i < 4; i++)
		ip.octet[V4_AT + i] = (uint8_t)(host_order >> (24 - 8 * i));
	return ip;
}

const char *ipaddr_format(const struct ipaddr *ip, char out[IPADDR_TEXT_MAX])
{
	const char *done = NULL;

	if (ipaddr_is_v4(ip))
		done = inet_ntop(
			AF_INET, ip->octet + V4_AT, out, IPADDR_TEXT_MAX);
	else
		done = inet_ntop(AF_INET6, ip->octet, out, IPADDR_TEXT_MAX);
	/* The room is enough for any address of either family. */
	if (done == NULL)
		out[0] = '\0';
	return out;
}
