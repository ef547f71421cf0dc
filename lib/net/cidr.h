/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net/cidr - a network: an address and the number of its leading bits.
 *
 * bits counts over all 16 octets (IPv4 /24 is 120); cidr_length gives the
 * number people write. Host bits are zero in every struct cidr that came out
 * of this module. Threads: plain data.
 */
#pragma once

#include "net/ipaddr.h"

struct cidr {
	struct ipaddr net;
	uint8_t bits; /* 0..128; 96..128 and mapped net for IPv4 */
};

enum { CIDR_TEXT_MAX = IPADDR_TEXT_MAX + 4 };

/*
 * "192.0.2.0/24", "2001:db8::/32", or an address alone (/32, /128). Host bits
 * are masked away. A mapped, compatible or NAT64 range of /96 and longer is
 * the IPv4 range it means; one shorter than /96 could match nothing and is
 * RES_RANGE (but ::/0 is all of IPv6), as is a length past 32 or 128.
 * RES_SYNTAX otherwise. *out untouched on error.
 */
enum result cidr_parse(struct cidr *out, struct slice text) MUST_USE;

/* The network of that many leading bits (of 128) around ip; 96 at least for
 * IPv4. */
struct cidr cidr_around(const struct ipaddr *ip, uint8_t bits);

/* What automatic listings and limits use: IPv4 /32, IPv6 /64. */
struct cidr cidr_of_client(const struct ipaddr *ip);

bool cidr_is_v4(const struct cidr *c);
/* 0..32 for IPv4, 0..128 for IPv6. */
unsigned cidr_length(const struct cidr *c);
bool cidr_is_equal(const struct cidr *a, const struct cidr *b);
/* An IPv6 network, ::/0 too, covers no IPv4 address, and the other way. */
bool cidr_covers(const struct cidr *c, const struct ipaddr *ip);

/* "192.0.2.0/24"; a single address without the "/32". Returns out. */
const char *cidr_format(const struct cidr *c, char out[CIDR_TEXT_MAX]);
